package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.choir.core.Money;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.model.ModelAnswer.Usage;

/**
 * Where a run stands, for people.
 *
 * @param reason a word for why it is in this state: {@code interrupted}, {@code user}, a limit's
 *     name, a failure's code; empty if there is nothing to say
 * @param message the failure's or stop's sentence, empty if none
 * @param remedy the way out, empty if none
 * @param definition the kind of agent, empty before the first start
 * @param stage the lead's stage, empty before the first
 * @param todos the lead's plan: objects with {@code content} and {@code status}
 * @param steps model answers, subagents included, like usage and cost
 * @param cost empty if the model has no price
 * @param started when the run was created
 * @param running running time so far, without pauses
 * @param lastSequence the stream's sequence of the lead's newest entry
 * @param waiting the calls that wait for a person; while the run is live, the lead's
 */
public record RunStatus(
    RunId run,
    TenantId tenant,
    RunState state,
    String reason,
    String message,
    String remedy,
    String definition,
    String question,
    String model,
    String stage,
    ArrayNode todos,
    int steps,
    Usage usage,
    Optional<Money> cost,
    Limits limits,
    Instant started,
    Duration running,
    long lastSequence,
    List<Waiting> waiting) {

  /** A call that a person must decide, by {@code choir approve ACTION} or {@code choir deny}. */
  public record Waiting(String action, String tool, String reason) {}

  /**
   * From the fold.
   *
   * @param live whether this process runs it; a run that says it runs and does not was killed
   */
  static RunStatus of(
      RunId run, AgentState lead, Budget.Totals totals, List<Waiting> waiting, boolean live) {
    boolean killed = lead.isLive() && !live;
    ObjectNode started = lead.runStarted();
    JsonNode event = lead.stateEvent();
    return new RunStatus(
        run,
        lead.last().tenant(),
        killed ? RunState.PAUSED : lead.state(),
        killed ? "interrupted" : event.path("reason").asText(""),
        killed ? "the run was interrupted" : event.path("message").asText(""),
        killed ? "continue it with: choir resume " + run : event.path("remedy").asText(""),
        lead.definition(),
        started.path("question").asText(),
        started.path("model").asText(),
        lead.stage(),
        lead.todos().deepCopy(),
        totals.steps(),
        totals.usage(),
        totals.cost(),
        lead.limits(),
        lead.started(),
        lead.running(),
        lead.last().sequence(),
        waiting);
  }

  /** The calls of one agent that wait for a person, as its state stands. */
  static List<Waiting> waiting(AgentState state) {
    return state.pending().stream()
        .filter(c -> c.decision() == PendingCall.Decision.NONE)
        .filter(
            c ->
                (c.verdict().equals("HOLD") && !c.attempted())
                    || (c.attempted() && c.replay() == org.choir.core.ReplayClass.ASK))
        .map(c -> new Waiting(c.action(), c.tool(), c.reason()))
        .toList();
  }
}
