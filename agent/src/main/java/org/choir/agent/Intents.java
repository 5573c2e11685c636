package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.core.Verdict;
import org.choir.model.ModelAnswer;
import org.choir.model.ToolCall;

/**
 * Turns a model's calls into intents: checks tool and arguments, asks the gate. A call that fails a
 * check gets the verdict {@code DENY} of a rule {@code choir/...} and is never executed.
 */
final class Intents {
  /** More calls in one answer are refused. */
  private static final int CALLS_MAX = 64;

  private static final int SUBAGENTS_MAX = 9_999;

  private final TenantId tenant;
  private final AgentId agent;
  private final ToolBox tools;
  private final Gate gate;
  private final String rules;

  /** A verdict, and what is known of the action it is about. */
  private record Judged(
      Verdict verdict, ReplayClass replay, String digest, ObjectNode arguments, boolean accepted) {}

  /**
   * @param rules the digest of the gate's configuration; empty if it has none
   */
  Intents(TenantId tenant, AgentId agent, ToolBox tools, Gate gate, String rules) {
    this.tenant = tenant;
    this.agent = agent;
    this.tools = tools;
    this.gate = gate;
    this.rules = rules;
  }

  /**
   * The {@code intended} events of an answer, in call order, and {@code stage} events where the
   * policy names a new stage.
   *
   * @param step the answer's number
   * @param subagents numbers given away so far
   */
  List<ObjectNode> of(
      ModelAnswer answer,
      int step,
      int subagents,
      String stage,
      AgentDefinition.Policy policy,
      ToolContext context) {
    List<ObjectNode> out = new ArrayList<>();
    int nextSubagent = subagents + 1;
    String currentStage = stage;
    boolean twoPlans =
        answer.calls().stream().filter(c -> c.tool().equals("write_todos")).count() > 1;
    for (int i = 0; i < answer.calls().size(); i++) {
      ToolCall call = answer.calls().get(i);
      String id = agent + ":" + step + ":" + (i + 1);
      Judged judged = judge(call, id, i, twoPlans, nextSubagent);
      ObjectNode event = event(id, call, judged);
      if (judged.accepted()) {
        Optional<String> next = policy.stageOf(call.tool(), judged.arguments(), context);
        if (next.isPresent()) {
          event.put("stage", next.get());
          if (!next.get().equals(currentStage)) {
            currentStage = next.get();
            out.add(Events.of("stage").put("stage", currentStage));
          }
        }
        if (call.tool().equals(ToolBox.TASK)) {
          event.put("subagent", nextSubagent++);
        }
      }
      out.add(event);
    }
    return out;
  }

  private Judged judge(ToolCall call, String id, int position, boolean twoPlans, int subagent) {
    Optional<Tool> tool = tools.find(call.tool());
    if (tool.isEmpty()) {
      return refused(
          "choir/unknown-tool",
          "There is no tool '"
              + Text.visible(call.tool(), 60)
              + "' here. The tools are: "
              + tools.names()
              + ".");
    }
    if (position >= CALLS_MAX) {
      return refused(
          "choir/too-many-calls",
          "One answer may have " + CALLS_MAX + " calls. Make the others in the next answer.");
    }
    Arguments arguments = Arguments.of(call.arguments(), tool.get().spec().parameters());
    if (arguments.problem().isPresent()) {
      return refused("choir/arguments", arguments.problem().get());
    }
    if (twoPlans && call.tool().equals("write_todos")) {
      return refused(
          "choir/one-plan",
          "write_todos replaces the whole plan, so it can be called once in an answer. Neither"
              + " call was done; send one.");
    }
    if (call.tool().equals(ToolBox.TASK)) {
      JsonNode type = arguments.object().path("subagent_type");
      if (tools.subagent(type.asText()).isEmpty()) {
        return refused(
            "choir/unknown-subagent",
            "There is no subagent '"
                + Text.visible(type.asText(), 60)
                + "'. The allowed types are: "
                + tools.subagentNames()
                + ".");
      }
      if (subagent > SUBAGENTS_MAX) {
        return refused("choir/too-many-subagents", "This run has used all its subagents.");
      }
    }
    Action action =
        new Action(tenant, agent, id, call.tool(), arguments.object(), tool.get().replay());
    return new Judged(
        decide(action), tool.get().replay(), action.digest().hex(), arguments.object(), true);
  }

  private Verdict decide(Action action) {
    try {
      return gate.decide(action);
    } catch (ChoirException e) {
      return new Verdict.Deny("gate/failed", e.failure().message());
    }
  }

  private static Judged refused(String rule, String reason) {
    return new Judged(
        new Verdict.Deny(rule, reason), ReplayClass.READ_ONLY, "", Json.object(), false);
  }

  private ObjectNode event(String id, ToolCall call, Judged judged) {
    ObjectNode event =
        Events.of("intended")
            .put("action", id)
            .put("call", Strings.sound(call.id()))
            .put("tool", Strings.sound(call.tool()))
            .put("digest", digest(call, judged))
            .put("verdict", judged.verdict().word())
            .put("rule", judged.verdict().rule())
            .put("replay", judged.replay().name());
    if (judged.accepted() && !rules.isEmpty()) {
      event.put("gate", rules);
    }
    switch (judged.verdict()) {
      case Verdict.Allow a -> {
        if (!a.reason().isEmpty()) {
          event.put("reason", Strings.sound(a.reason()));
        }
      }
      case Verdict.Replay r -> event.put("reason", Strings.sound(r.receipt()));
      case Verdict.OrderAfter o -> event.put("reason", o.actionId());
      case Verdict.Hold h -> event.put("reason", Strings.sound(h.reason()));
      case Verdict.Deny d -> event.put("reason", Strings.sound(d.reason()));
    }
    return event;
  }

  /** Of what a verdict is bound to; of the raw text where no action could be made of it. */
  private static String digest(ToolCall call, Judged judged) {
    return judged.accepted()
        ? judged.digest()
        : Digest.of(Strings.sound(call.tool() + " " + call.arguments())).hex();
  }
}
