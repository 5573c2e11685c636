package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;

/**
 * A model that follows a script: the n-th answer of a role is the n-th step of its script. Which
 * role it has in a call it tells by the tools it is given. It keeps no state.
 */
final class ScriptedModel implements ModelClient {
  private final Map<String, List<Function<Seen, Turn>>> scripts;
  final List<String> systems = new ArrayList<>();

  /**
   * Scripts by role: {@code vibewriter}, {@code researcher}, {@code verifier}, {@code publisher}.
   */
  ScriptedModel(Map<String, List<Function<Seen, Turn>>> scripts) {
    this.scripts = Map.copyOf(scripts);
  }

  /** What the role has seen so far: its opening, and what tools answered, in order. */
  record Seen(String opening, List<String> results) {
    String last() {
      return results.getLast();
    }
  }

  /** Words and calls. */
  record Turn(String text, List<Call> calls) {}

  record Call(String tool, ObjectNode arguments) {}

  static Turn say(String text) {
    return new Turn(text, List.of());
  }

  static Turn call(Call... calls) {
    return new Turn("", List.of(calls));
  }

  static Call call(String tool, String... arguments) {
    ObjectNode object = Json.object();
    for (int i = 0; i < arguments.length; i += 2) {
      object.put(arguments[i], arguments[i + 1]);
    }
    return new Call(tool, object);
  }

  @Override
  public String id() {
    return "scripted:test";
  }

  @Override
  public boolean isLanguageModel() {
    return false;
  }

  @Override
  public int contextTokens() {
    return 1_000_000;
  }

  @Override
  public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
    List<String> tools = request.tools().stream().map(t -> t.name()).toList();
    String role =
        tools.contains("task")
            ? Vibewriter.LEAD
            : tools.contains("search_sources")
                ? Vibewriter.RESEARCHER
                : tools.contains("verify_draft") ? Vibewriter.VERIFIER : Vibewriter.PUBLISHER;
    int step = 0;
    String opening = "";
    List<String> results = new ArrayList<>();
    for (Message message : request.messages()) {
      switch (message) {
        case Message.User user -> opening = opening.isEmpty() ? user.text() : opening;
        case Message.Assistant assistant -> step++;
        case Message.ToolResult result -> results.add(result.text());
      }
    }
    synchronized (systems) {
      systems.add(request.system());
    }
    Turn turn = scripts.getOrDefault(role, List.of()).get(step).apply(new Seen(opening, results));
    List<ToolCall> calls = new ArrayList<>();
    for (Call call : turn.calls()) {
      calls.add(
          new ToolCall("t" + step + "_" + calls.size(), call.tool(), Json.write(call.arguments())));
    }
    ModelAnswer answer =
        new ModelAnswer(
            turn.text(),
            calls,
            new ModelAnswer.Usage(100, 0, 10),
            calls.isEmpty() ? ModelAnswer.Stop.END : ModelAnswer.Stop.TOOLS);
    events.accept(new ModelEvent.Answered(answer));
    return answer;
  }
}
