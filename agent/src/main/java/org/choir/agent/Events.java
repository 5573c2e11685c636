package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.model.ModelAnswer;
import org.choir.model.ToolCall;

/**
 * Makes the events that the loop itself records; all other kinds come from tools.
 *
 * <p>In the lead's history: {@code run_started}, {@code limits}, {@code state}, {@code skills}, and
 * of the run's VM {@code guest_call}, {@code model_asked}, {@code egress}. In a subagent's: {@code
 * agent_resumed}, {@code agent_ended}. In both: {@code agent_started}, {@code answered}, {@code
 * intended}, {@code observed}, {@code stage}, {@code note} (from {@code user} or {@code policy}),
 * {@code file_changed} and {@code file_deleted}, {@code folder_made} and {@code folder_deleted}
 * (paths below {@code /workspace}), {@code decided}, {@code attempted}, {@code model_retried},
 * {@code compacted}.
 */
final class Events {
  private Events() {}

  static ObjectNode of(String kind) {
    return Json.object().put("kind", kind);
  }

  static ObjectNode money(Money money) {
    return Json.object()
        .put("minorUnits", money.minorUnits())
        .put("currency", money.currency().name());
  }

  static ObjectNode runStarted(RunRequest request) {
    ObjectNode event =
        of("run_started")
            .put("run", request.run().value())
            .put("tenant", request.tenant().value())
            .put("question", Strings.sound(request.question()))
            .put("model", request.model());
    event.set("limits", request.limits().json());
    event.set("options", request.options().deepCopy());
    return event;
  }

  static ObjectNode state(RunState state, String reason) {
    return of("state").put("state", state.word()).put("reason", reason);
  }

  static ObjectNode state(StopException stop) {
    ObjectNode event = state(stop.state(), stop.reason());
    Failure failure = stop.failure();
    event.put("code", failure.code()).put("message", Strings.sound(failure.message()));
    if (!failure.remedy().isEmpty()) {
      event.put("remedy", Strings.sound(failure.remedy()));
    }
    return event;
  }

  static ObjectNode answered(int step, ModelAnswer answer, String model, Optional<Money> cost) {
    ObjectNode event = of("answered").put("step", step).put("text", Strings.sound(answer.text()));
    var calls = event.putArray("calls");
    for (ToolCall call : answer.calls()) {
      calls
          .addObject()
          .put("id", Strings.sound(call.id()))
          .put("tool", Strings.sound(call.tool()))
          .put("arguments", Strings.sound(call.arguments()));
    }
    event
        .putObject("usage")
        .put("input", answer.usage().inputTokens())
        .put("cached", answer.usage().cachedInputTokens())
        .put("output", answer.usage().outputTokens());
    cost.ifPresent(c -> event.set("cost", money(c)));
    return event.put("stop", Strings.lower(answer.stop().name())).put("model", model);
  }

  static ObjectNode observed(PendingCall call, ToolOutput output) {
    return of("observed")
        .put("action", call.action())
        .put("call", call.id())
        .put("tool", call.tool())
        .put("text", Strings.sound(output.text()))
        .put("failed", output.failed());
  }

  static ObjectNode note(String from, String text) {
    return of("note").put("from", from).put("text", Strings.sound(text));
  }

  static ObjectNode ended(String result, Optional<Failure> failure) {
    ObjectNode event =
        of("agent_ended").put("result", Strings.sound(result)).put("failed", failure.isPresent());
    failure.ifPresent(f -> event.put("code", f.code()));
    return event;
  }
}
