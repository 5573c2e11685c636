package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
 * A model that answers from a script, a pure function of the request: what it says next depends
 * only on the conversation it is shown, as with a program that keeps no state.
 */
final class Script implements ModelClient {
  final List<ModelRequest> asked = new CopyOnWriteArrayList<>();
  private final Function<ModelRequest, ModelAnswer> rule;
  private final boolean languageModel;
  private int contextTokens = 200_000;

  Script(Function<ModelRequest, ModelAnswer> rule) {
    this(rule, true);
  }

  Script(Function<ModelRequest, ModelAnswer> rule, boolean languageModel) {
    this.rule = rule;
    this.languageModel = languageModel;
  }

  /** The n-th answer (from 0) to a conversation with n answers in it; then the last text again. */
  static Script of(ModelAnswer... answers) {
    return new Script(request -> answers[Math.min(answered(request), answers.length - 1)]);
  }

  Script contextTokens(int tokens) {
    contextTokens = tokens;
    return this;
  }

  /** Answers the model has given in this conversation. */
  static int answered(ModelRequest request) {
    return (int) request.messages().stream().filter(m -> m instanceof Message.Assistant).count();
  }

  static ModelAnswer say(String text) {
    return new ModelAnswer(
        text, List.of(), new ModelAnswer.Usage(100, 0, 10), ModelAnswer.Stop.END);
  }

  static ModelAnswer call(ToolCall... calls) {
    return new ModelAnswer(
        "", List.of(calls), new ModelAnswer.Usage(100, 0, 10), ModelAnswer.Stop.TOOLS);
  }

  private static final java.util.concurrent.atomic.AtomicInteger IDS =
      new java.util.concurrent.atomic.AtomicInteger();

  /** A call: tool, then names and values of its arguments. */
  static ToolCall tool(String name, Object... arguments) {
    ObjectNode json = Json.object();
    for (int i = 0; i < arguments.length; i += 2) {
      switch (arguments[i + 1]) {
        case Integer n -> json.put((String) arguments[i], n);
        case Boolean b -> json.put((String) arguments[i], b);
        default -> json.put((String) arguments[i], (String) arguments[i + 1]);
      }
    }
    return new ToolCall("call" + IDS.incrementAndGet(), name, Json.write(json));
  }

  static ToolCall named(String id, ToolCall call) {
    return new ToolCall(id, call.tool(), call.arguments());
  }

  static ToolCall plan(String... items) {
    ObjectNode json = Json.object();
    var todos = json.putArray("todos");
    for (String item : items) {
      todos.addObject().put("content", item).put("status", "pending");
    }
    return new ToolCall("call" + IDS.incrementAndGet(), "write_todos", Json.write(json));
  }

  /** The tool results of the newest request, in order. */
  List<Message.ToolResult> results() {
    return results(asked.getLast());
  }

  static List<Message.ToolResult> results(ModelRequest request) {
    List<Message.ToolResult> out = new ArrayList<>();
    for (Message message : request.messages()) {
      if (message instanceof Message.ToolResult result) {
        out.add(result);
      }
    }
    return out;
  }

  @Override
  public String id() {
    return "script:test";
  }

  @Override
  public boolean isLanguageModel() {
    return languageModel;
  }

  @Override
  public int contextTokens() {
    return contextTokens;
  }

  @Override
  public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
    asked.add(request);
    ModelAnswer answer = rule.apply(request);
    events.accept(new ModelEvent.Answered(answer));
    return answer;
  }
}
