package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.agent.AgentRuntime;
import org.choir.agent.RunState;
import org.choir.agent.RunStatus;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * A person's word on an action that waits for one: recorded in the history of the agent that wants
 * it, once, for exactly the arguments that were recorded with the intent. Thread-safe.
 */
final class Decisions {
  private static final Pattern ACTION = Pattern.compile("([^:]{1,40}):[0-9]{1,9}:[0-9]{1,3}");

  /** A run that is ending has recorded what it was told by then. */
  private static final Duration TOLD_MAX = Duration.ofSeconds(30);

  private static final long POLL_MILLIS = 50;

  private final AgentRuntime agents;
  private final StateStream states;
  private final Runs runs;

  /** One word after the other, so that the second of two finds the first. */
  private final ReentrantLock one = new ReentrantLock();

  Decisions(AgentRuntime agents, StateStream states, Runs runs) {
    this.agents = agents;
    this.states = states;
    this.runs = runs;
  }

  /**
   * What became of a word.
   *
   * @param sentence for the person
   * @param open whether the run has something to go on with
   */
  record Said(RunId run, String action, String sentence, boolean open) {}

  /** How an action stands in its agent's history. */
  private record Standing(
      String tool,
      String verdict,
      String replay,
      String reason,
      String digest,
      boolean attempted,
      boolean attemptedSince,
      Optional<ObjectNode> decided,
      Optional<ObjectNode> observed) {

    /** Whether it is a person's turn: before it is done, or when nobody knows whether it was. */
    boolean waits() {
      boolean open = decided.isEmpty() || attemptedSince;
      return observed.isEmpty()
          && open
          && ((verdict.equals("HOLD") && !attempted) || (attempted && replay.equals("ASK")));
    }
  }

  /**
   * The run that an action belongs to.
   *
   * @throws ChoirException {@code no_such_action}, whether it is unknown or another user's
   */
  RunId run(TenantId user, String action) {
    Matcher parts = ACTION.matcher(action);
    if (!parts.matches()) {
      throw none(action);
    }
    try {
      RunId run = new AgentId(parts.group(1)).run();
      if (agents.state(run).tenant().equals(user)) {
        return run;
      }
    } catch (ChoirException e) {
      if (!Set.of("bad_id", "no_such_run").contains(e.code())) {
        throw e;
      }
    }
    throw none(action);
  }

  /**
   * Records the word. The same word again changes nothing.
   *
   * @param approve or deny
   * @param reason the person's words
   * @throws ChoirException {@code no_such_action}, {@code already_decided}, {@code not_waiting},
   *     {@code run_is_final}
   */
  Said say(TenantId user, String action, boolean approve, String reason)
      throws InterruptedException {
    RunId run = run(user, action);
    one.lockInterruptibly();
    try {
      Standing standing = standing(action);
      if (!standing.waits()
          && (standing.observed().isPresent() || standing.decided().isPresent())) {
        return again(run, action, approve, standing);
      }
      RunState state = agents.state(run).state();
      if (state.isFinal()) {
        throw ChoirException.usage(
            "run_is_final",
            "run " + run + " is " + state.word() + ", the action " + action + " is never done",
            "build on it with: choir research QUESTION --continue " + run);
      }
      if (!standing.waits() || (standing.attempted() && runs.isGoing(run))) {
        throw notWaiting(action, standing);
      }
      record(run, user, action, approve, reason, standing);
      return new Said(
          run,
          action,
          (approve ? "approved " : "denied ") + action + " (" + what(standing) + ")",
          true);
    } finally {
      one.unlock();
    }
  }

  /** A run that is just ending may miss it: then it is told again. */
  private void record(
      RunId run, TenantId user, String action, boolean approve, String reason, Standing standing)
      throws InterruptedException {
    ObjectNode message =
        Json.object()
            .put("kind", approve ? "approve" : "deny")
            .put("action", action)
            .put("digest", standing.digest())
            .put("by", user.value())
            .put("reason", reason);
    long deadline = System.nanoTime() + TOLD_MAX.toNanos();
    boolean told = false;
    while (standing(action).waits()) {
      boolean going = runs.isGoing(run);
      if (!told || !going) {
        agents.tell(run, message);
        told = going;
      }
      if (System.nanoTime() > deadline) {
        throw ChoirException.retryable(
            "not_recorded_yet",
            "run " + run + " is in the middle of a step and has not recorded the decision yet",
            "say it again in a while",
            null);
      }
      if (standing(action).waits()) {
        Thread.sleep(POLL_MILLIS);
      }
    }
  }

  private static Said again(RunId run, String action, boolean approve, Standing standing) {
    boolean approved = standing.decided().map(d -> d.path("approved").asBoolean()).orElse(!approve);
    String done =
        standing.observed().isEmpty()
            ? "; the run has not come to it yet"
            : approved ? ", and it is done" : ", and its agent knows";
    if (standing.decided().isEmpty()) {
      throw ChoirException.usage(
          "not_waiting",
          "the action "
              + action
              + " ("
              + what(standing)
              + ") needed no decision: it was "
              + standing.verdict()
              + " and is over",
          "see: choir audit show");
    }
    String sentence =
        "the action "
            + action
            + " was "
            + (approved ? "approved" : "denied")
            + " by "
            + standing.decided().get().path("by").asText()
            + " before"
            + done;
    if (approved != approve) {
      throw ChoirException.usage(
          "already_decided", sentence, "a decision stands; tell the run: choir note " + run);
    }
    return new Said(run, action, sentence, standing.observed().isEmpty());
  }

  private static ChoirException notWaiting(String action, Standing standing) {
    return ChoirException.usage(
        "not_waiting",
        "the action "
            + action
            + " ("
            + what(standing)
            + ") waits for nobody: its verdict was "
            + standing.verdict()
            + (standing.attempted() ? ", and it is being done" : ""),
        "see what waits: choir runs --state waiting_approval");
  }

  private static String what(Standing standing) {
    return standing.tool()
        + (standing.reason().isEmpty() ? "" : ": " + Text.visible(standing.reason(), 300));
  }

  /** What is recorded of an action. */
  private Standing standing(String action) {
    AgentId agent = new AgentId(action.substring(0, action.indexOf(':')));
    @Nullable ObjectNode intended = null;
    @Nullable ObjectNode decided = null;
    @Nullable ObjectNode observed = null;
    boolean attempted = false;
    boolean attemptedSince = false;
    for (StateEntry entry : states.read(agent)) {
      for (ObjectNode event : entry.events()) {
        if (!event.path("action").asText().equals(action)) {
          continue;
        }
        switch (event.path("kind").asText()) {
          case "intended" -> {
            intended = event;
            attempted = event.path("verdict").asText().equals("ALLOW");
          }
          case "decided" -> {
            // As the agent's state does: what is about other arguments counts for nothing.
            if (intended != null && isAbout(event, intended)) {
              decided = event;
              attemptedSince = false;
            }
          }
          case "attempted" -> {
            attempted = true;
            attemptedSince = true;
          }
          case "observed" -> observed = event;
          default -> {}
        }
      }
    }
    if (intended == null) {
      throw none(action);
    }
    return new Standing(
        intended.path("tool").asText(),
        intended.path("verdict").asText(),
        intended.path("replay").asText(),
        intended.path("reason").asText(),
        intended.path("digest").asText(),
        attempted,
        attemptedSince,
        Optional.ofNullable(decided),
        Optional.ofNullable(observed));
  }

  private static boolean isAbout(ObjectNode decided, ObjectNode intended) {
    return !decided.has("digest") || decided.get("digest").equals(intended.get("digest"));
  }

  private static ChoirException none(String action) {
    return ChoirException.usage(
        "no_such_action",
        "there is no action '" + Text.visible(action, 60) + "' of yours",
        "see what waits: choir runs --state waiting_approval");
  }

  /** What a run waits for, as {@code --json} prints it: the action, what it would do, the way. */
  static List<ObjectNode> waiting(RunStatus status) {
    Set<String> seen = new HashSet<>();
    return status.waiting().stream()
        .filter(w -> seen.add(w.action()))
        .map(
            w ->
                Json.object()
                    .put("action", w.action())
                    .put("tool", w.tool())
                    .put("reason", w.reason())
                    .put("approve", "choir approve " + w.action())
                    .put("deny", "choir deny " + w.action() + " --reason TEXT"))
        .toList();
  }

  /** The same as lines for a person. */
  static String text(RunId run, List<ObjectNode> waiting) {
    StringBuilder out = new StringBuilder("run " + run + " waits for you:");
    for (ObjectNode each : waiting) {
      out.append("\n  ")
          .append(each.path("action").asText())
          .append("  ")
          .append(each.path("tool").asText());
      if (!each.path("reason").asText().isEmpty()) {
        out.append(": ").append(Text.visible(each.path("reason").asText(), 600));
      }
      out.append("\n    ")
          .append(each.path("approve").asText())
          .append("\n    ")
          .append(each.path("deny").asText());
    }
    return out.toString();
  }
}
