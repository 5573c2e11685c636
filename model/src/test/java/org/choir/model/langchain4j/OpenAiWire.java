package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.choir.core.Json;
import org.choir.model.ModelName;
import org.choir.model.Provider;
import org.jspecify.annotations.Nullable;

/** OpenAI's Chat Completions API. */
final class OpenAiWire implements Wire {
  private static final Set<String> KNOWN =
      Set.of("model", "messages", "max_tokens", "stream", "stream_options", "tools");

  @Override
  public ModelName model() {
    return new ModelName(Provider.OPENAI, "gpt-test-1");
  }

  @Override
  public URI baseUrl(URI server) {
    return server.resolve("/v1");
  }

  @Override
  public String contentType() {
    return "text/event-stream";
  }

  private static ObjectNode chunk() {
    return Json.object()
        .put("id", "chatcmpl-1")
        .put("object", "chat.completion.chunk")
        .put("created", 1_750_000_000)
        .put("model", "gpt-test-1");
  }

  private static String delta(ObjectNode delta) {
    return choice(delta, null);
  }

  private static String choice(ObjectNode delta, @Nullable String reason) {
    ObjectNode chunk = chunk();
    ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
    choice.set("delta", delta);
    choice.put("finish_reason", reason);
    chunk.putNull("usage");
    return data(chunk);
  }

  private static String data(JsonNode data) {
    return "data: " + Json.write(data) + "\n\n";
  }

  @Override
  public List<String> events(Script script) {
    List<String> events = new ArrayList<>();
    events.add(": a comment, as gateways send it to keep the connection open\n\n");
    events.add(delta(Json.object().put("role", "assistant").put("content", "")));
    int index = 0;
    for (Part part : script.parts()) {
      switch (part) {
        case Words words -> {
          for (String piece : words.pieces()) {
            events.add(delta(Json.object().put("content", piece)));
          }
        }
        case Call call -> {
          ObjectNode head = Json.object();
          head.putArray("tool_calls")
              .addObject()
              .put("index", index)
              .put("id", call.id())
              .put("type", "function")
              .putObject("function")
              .put("name", call.tool())
              .put("arguments", "");
          events.add(delta(head));
          for (String piece : Pieces.of(call.arguments(), 5)) {
            ObjectNode more = Json.object();
            more.putArray("tool_calls")
                .addObject()
                .put("index", index)
                .putObject("function")
                .put("arguments", piece);
            events.add(delta(more));
          }
          index++;
        }
      }
    }
    events.add(choice(Json.object(), stop(script.stop())));
    ObjectNode usage = chunk();
    usage.putArray("choices");
    usage
        .putObject("usage")
        .put("prompt_tokens", script.input())
        .put("completion_tokens", script.output())
        .put("total_tokens", script.input() + script.output())
        .putObject("prompt_tokens_details")
        .put("cached_tokens", script.cached());
    events.add(data(usage));
    events.add("data: [DONE]\n\n");
    return events;
  }

  private static String stop(String reason) {
    return switch (reason) {
      case "end" -> "stop";
      case "tools" -> "tool_calls";
      case "filtered" -> "content_filter";
      default -> reason;
    };
  }

  @Override
  public String error(String type, String code, String message) {
    ObjectNode error = Json.object();
    error
        .putObject("error")
        .put("message", message)
        .put("type", type)
        .putNull("param")
        .put("code", code.isEmpty() ? null : code);
    return Json.write(error);
  }

  @Override
  public String errorEvent(String type, String message) {
    return "data: " + error(type, "", message) + "\n\n";
  }

  @Override
  public String garbage() {
    return "data: {\"id\":\"chatcmpl-1\",\"choices\":[{\n\n";
  }

  @Override
  public String lineStart() {
    return "data: ";
  }

  @Override
  public List<Overflow> overflows() {
    String openAi =
        "This model's maximum context length is 128000 tokens. However, your messages resulted in"
            + " 130000 tokens. Please reduce the length of the messages.";
    return List.of(
        new Overflow(400, error("invalid_request_error", "context_length_exceeded", openAi)),
        new Overflow(
            400,
            "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens."
                + " However, you requested 5000 tokens\",\"type\":\"BadRequestError\",\"code\":400}"),
        new Overflow(
            400,
            "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size,"
                + " try increasing it\",\"type\":\"exceed_context_size_error\",\"n_ctx\":4096}}"));
  }

  @Override
  public boolean carriesIds() {
    return true;
  }

  @Override
  public boolean countsCached() {
    return true;
  }

  @Override
  public String keyHeader(String key) {
    return "Authorization: Bearer " + key;
  }

  @Override
  public void check(String method, LocalProvider.Asked asked) {
    assertThat(method).isEqualTo("POST");
    assertThat(asked.path()).isEqualTo("/v1/chat/completions");
    assertThat(asked.header("content-type")).startsWith("application/json");
    JsonNode body = Json.parse(asked.body());
    Set<String> names = new LinkedHashSet<>();
    body.fieldNames().forEachRemaining(names::add);
    assertThat(KNOWN).containsAll(names);
    assertThat(body.path("model").asText()).isEqualTo("gpt-test-1");
    assertThat(body.path("stream").asBoolean()).isTrue();
    assertThat(body.path("stream_options").path("include_usage").asBoolean()).isTrue();
    for (JsonNode tool : body.path("tools")) {
      assertThat(tool.path("type").asText()).isEqualTo("function");
      assertThat(tool.path("function").path("name").asText()).matches("[a-zA-Z0-9_-]{1,64}");
      assertThat(tool.path("function").path("parameters").path("type").asText())
          .isEqualTo("object");
    }
    Set<String> waiting = new LinkedHashSet<>();
    int position = 0;
    for (JsonNode message : body.path("messages")) {
      String role = message.path("role").asText();
      assertThat(role).isIn("system", "user", "assistant", "tool");
      assertThat(position++ == 0 || !role.equals("system")).as("system stands first").isTrue();
      if (role.equals("tool")) {
        assertThat(waiting.remove(message.path("tool_call_id").asText()))
            .as("a tool message answers a call before it")
            .isTrue();
      } else {
        assertThat(waiting).as("calls without an answer").isEmpty();
      }
      for (JsonNode call : message.path("tool_calls")) {
        assertThat(role).isEqualTo("assistant");
        assertThat(call.path("type").asText()).isEqualTo("function");
        assertThat(Json.parse(call.path("function").path("arguments").asText()).isObject())
            .isTrue();
        assertThat(waiting.add(call.path("id").asText())).as("ids are unique").isTrue();
      }
      assertThat(message.path("content").isTextual() || message.has("tool_calls")).isTrue();
    }
    assertThat(waiting).as("calls without an answer").isEmpty();
  }

  @Override
  public List<String> results(JsonNode request) {
    List<String> results = new ArrayList<>();
    for (JsonNode message : request.path("messages")) {
      if (message.path("role").asText().equals("tool")) {
        results.add(
            message.path("tool_call_id").asText() + "|" + message.path("content").asText() + "|");
      }
    }
    return results;
  }

  @Override
  public List<String> arguments(JsonNode request) {
    List<String> arguments = new ArrayList<>();
    for (JsonNode message : request.path("messages")) {
      for (JsonNode call : message.path("tool_calls")) {
        arguments.add(call.path("function").path("arguments").asText());
      }
    }
    return arguments;
  }

  @Override
  public String system(JsonNode request) {
    return request.path("messages").path(0).path("content").asText();
  }

  @Override
  public JsonNode schema(JsonNode request) {
    return request.path("tools").path(0).path("function").path("parameters");
  }

  @Override
  public int maxTokens(JsonNode request) {
    return request.path("max_tokens").asInt();
  }
}
