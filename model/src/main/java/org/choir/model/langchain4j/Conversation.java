package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;
import org.choir.model.ToolSpec;

/** Requests and tool calls in LangChain4j's words. */
final class Conversation {
  /** Stands where a provider refuses an empty text. */
  private static final String EMPTY = "(empty)";

  private Conversation() {}

  static ChatRequest request(ModelRequest request, Dialect dialect) {
    List<ChatMessage> messages = new ArrayList<>();
    if (!request.system().isBlank()) {
      messages.add(SystemMessage.from(request.system()));
    }
    int left = request.messages().size();
    for (Message message : request.messages()) {
      boolean last = --left == 0;
      switch (message) {
        case Message.User user -> messages.add(dialect.user(visible(user.text()), last));
        case Message.ToolResult result ->
            messages.add(
                dialect.result(
                    new Message.ToolResult(
                        result.callId(), result.tool(), visible(result.text()), result.failed()),
                    last));
        case Message.Assistant assistant -> {
          // A model that said nothing leaves a turn that every provider refuses to take back.
          if (!assistant.text().isBlank() || !assistant.calls().isEmpty()) {
            messages.add(
                AiMessage.builder()
                    .text(assistant.text().isBlank() ? null : assistant.text())
                    .toolExecutionRequests(
                        assistant.calls().stream().map(Conversation::call).toList())
                    .build());
          }
        }
      }
    }
    ChatRequest.Builder builder = ChatRequest.builder().messages(messages);
    if (!request.tools().isEmpty()) {
      builder.toolSpecifications(request.tools().stream().map(Conversation::tool).toList());
    }
    return builder.build();
  }

  /**
   * The calls of an answer. An id that the provider left out or has used before in this
   * conversation is replaced by {@code call_N}, with N above every such number in it: the same
   * request and answer always give the same ids.
   */
  static List<ToolCall> calls(ModelRequest request, List<ToolExecutionRequest> asked) {
    Set<String> used = new HashSet<>();
    long highest = 0;
    for (Message message : request.messages()) {
      if (message instanceof Message.Assistant assistant) {
        for (ToolCall call : assistant.calls()) {
          used.add(call.id());
          if (call.id().matches("call_[0-9]{1,9}")) {
            highest = Math.max(highest, Long.parseLong(call.id().substring("call_".length())));
          }
        }
      }
    }
    List<ToolCall> calls = new ArrayList<>();
    for (ToolExecutionRequest call : asked) {
      String id = call.id();
      if (id == null || id.isBlank() || used.contains(id)) {
        do {
          id = "call_" + ++highest;
        } while (used.contains(id));
      }
      used.add(id);
      calls.add(new ToolCall(id, call.name() == null ? "" : call.name(), arguments(call)));
    }
    return calls;
  }

  private static String arguments(ToolExecutionRequest call) {
    return call.arguments() == null || call.arguments().isBlank() ? "{}" : call.arguments();
  }

  private static String visible(String text) {
    return text.isBlank() ? EMPTY : text;
  }

  private static ToolExecutionRequest call(ToolCall call) {
    return ToolExecutionRequest.builder()
        .id(call.id())
        .name(call.tool())
        .arguments(object(call.arguments()))
        .build();
  }

  /**
   * Providers take back only what is a JSON object; what a model garbled is shown to it as the
   * string it was.
   */
  private static String object(String arguments) {
    try {
      return Json.write(Json.parseObject(arguments.isBlank() ? "{}" : arguments));
    } catch (ChoirException e) {
      return Json.write(Json.object().put("invalid_arguments", arguments));
    }
  }

  private static ToolSpecification tool(ToolSpec tool) {
    List<String> required = new ArrayList<>();
    tool.parameters().path("required").forEach(name -> required.add(name.asText()));
    return ToolSpecification.builder()
        .name(tool.name())
        .description(tool.description())
        .parameters(
            JsonObjectSchema.builder()
                .addProperties(raw(tool.parameters().path("properties")))
                .required(required)
                .definitions(raw(tool.parameters().path("$defs")))
                .build())
        .build();
  }

  /** Schemas as they are written: nothing that JSON Schema can say is lost on the way. */
  private static Map<String, JsonSchemaElement> raw(JsonNode schemas) {
    Map<String, JsonSchemaElement> elements = new LinkedHashMap<>();
    schemas
        .properties()
        .forEach(
            field ->
                elements.put(
                    field.getKey(),
                    JsonRawSchema.from(
                        field.getValue().isObject() ? Json.write(field.getValue()) : "{}")));
    return elements;
  }
}
