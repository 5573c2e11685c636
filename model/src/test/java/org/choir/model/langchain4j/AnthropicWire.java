package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.choir.core.Json;
import org.choir.model.ModelName;
import org.choir.model.Provider;

/** Anthropic's Messages API, version 2023-06-01. */
final class AnthropicWire implements Wire {
  private static final Set<String> KNOWN =
      Set.of("model", "messages", "system", "max_tokens", "stream", "tools");

  @Override
  public ModelName model() {
    return new ModelName(Provider.ANTHROPIC, "claude-test-1");
  }

  @Override
  public URI baseUrl(URI server) {
    return server;
  }

  @Override
  public String contentType() {
    return "text/event-stream; charset=utf-8";
  }

  private static String event(String type, ObjectNode rest) {
    ObjectNode data = Json.object().put("type", type);
    data.setAll(rest);
    return "event: " + type + "\ndata: " + Json.write(data) + "\n\n";
  }

  @Override
  public List<String> events(Script script) {
    List<String> events = new ArrayList<>();
    ObjectNode message =
        Json.object().put("id", "msg_1").put("type", "message").put("role", "assistant");
    message.put("model", "claude-test-1").putNull("stop_reason");
    message.putArray("content");
    message
        .putObject("usage")
        .put("input_tokens", script.input() - script.cached() - 10)
        .put("cache_creation_input_tokens", 10)
        .put("cache_read_input_tokens", script.cached())
        .put("output_tokens", 1);
    events.add(event("message_start", Json.object().set("message", message)));
    events.add(event("ping", Json.object()));
    int index = 0;
    for (Part part : script.parts()) {
      switch (part) {
        case Words words -> {
          events.add(start(index, Json.object().put("type", "text").put("text", "")));
          for (String piece : words.pieces()) {
            events.add(delta(index, Json.object().put("type", "text_delta").put("text", piece)));
          }
        }
        case Call call -> {
          ObjectNode block = Json.object().put("type", "tool_use").put("id", call.id());
          block.put("name", call.tool()).putObject("input");
          events.add(start(index, block));
          for (String piece : Pieces.of(call.arguments(), 5)) {
            events.add(
                delta(
                    index,
                    Json.object().put("type", "input_json_delta").put("partial_json", piece)));
          }
        }
      }
      events.add(event("content_block_stop", Json.object().put("index", index++)));
    }
    ObjectNode end = Json.object();
    end.putObject("delta").put("stop_reason", stop(script.stop())).putNull("stop_sequence");
    end.putObject("usage").put("output_tokens", script.output());
    events.add(event("message_delta", end));
    events.add(event("message_stop", Json.object()));
    return events;
  }

  private static String start(int index, ObjectNode block) {
    ObjectNode data = Json.object().put("index", index);
    data.set("content_block", block);
    return event("content_block_start", data);
  }

  private static String delta(int index, ObjectNode delta) {
    ObjectNode data = Json.object().put("index", index);
    data.set("delta", delta);
    return event("content_block_delta", data);
  }

  private static String stop(String reason) {
    return switch (reason) {
      case "end" -> "end_turn";
      case "tools" -> "tool_use";
      case "length" -> "max_tokens";
      case "filtered" -> "refusal";
      default -> reason;
    };
  }

  @Override
  public String error(String type, String code, String message) {
    ObjectNode error = Json.object().put("type", "error");
    error.putObject("error").put("type", type).put("message", message);
    return Json.write(error);
  }

  @Override
  public String errorEvent(String type, String message) {
    return "event: error\ndata: " + error(type, "", message) + "\n\n";
  }

  @Override
  public String garbage() {
    return "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":\n\n";
  }

  @Override
  public String lineStart() {
    return "data: ";
  }

  @Override
  public List<Overflow> overflows() {
    return List.of(
        new Overflow(
            400,
            error(
                "invalid_request_error", "", "prompt is too long: 208310 tokens > 200000 maximum")),
        new Overflow(
            400,
            error(
                "invalid_request_error",
                "",
                "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000,"
                    + " decrease input length or `max_tokens` and try again")),
        new Overflow(413, error("request_too_large", "", "Request exceeds the maximum size")));
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
    return "x-api-key: " + key;
  }

  @Override
  public void check(String method, LocalProvider.Asked asked) {
    assertThat(method).isEqualTo("POST");
    assertThat(asked.path()).isEqualTo("/v1/messages");
    assertThat(asked.header("anthropic-version")).isEqualTo("2023-06-01");
    assertThat(asked.header("content-type")).startsWith("application/json");
    JsonNode body = Json.parse(asked.body());
    assertThat(KNOWN).containsAll(names(body));
    assertThat(body.path("model").asText()).isEqualTo("claude-test-1");
    assertThat(body.path("max_tokens").asInt()).isPositive();
    assertThat(body.path("stream").asBoolean()).isTrue();
    assertThat(asked.body().split("cache_control", -1).length - 1).isBetween(1, 4);
    for (JsonNode block : body.path("system")) {
      assertThat(block.path("type").asText()).isEqualTo("text");
      assertThat(block.path("text").asText()).isNotBlank();
    }
    for (JsonNode tool : body.path("tools")) {
      assertThat(tool.path("name").asText()).matches("[a-zA-Z0-9_-]{1,128}");
      assertThat(tool.path("input_schema").path("type").asText()).isEqualTo("object");
    }
    Set<String> waiting = new TreeSet<>();
    JsonNode messages = body.path("messages");
    assertThat(messages.path(0).path("role").asText()).isEqualTo("user");
    for (JsonNode message : messages) {
      String role = message.path("role").asText();
      assertThat(role).isIn("user", "assistant");
      assertThat(message.path("content").isArray()).isTrue();
      assertThat(message.path("content")).isNotEmpty();
      boolean mayAnswer = role.equals("user");
      for (JsonNode block : message.path("content")) {
        switch (block.path("type").asText()) {
          case "text" -> {
            assertThat(block.path("text").asText()).isNotBlank();
            mayAnswer = false;
          }
          case "tool_use" -> {
            assertThat(role).isEqualTo("assistant");
            assertThat(block.path("id").asText()).matches("[a-zA-Z0-9_-]+");
            assertThat(block.path("input").isObject()).isTrue();
            assertThat(waiting.add(block.path("id").asText())).as("ids are unique").isTrue();
          }
          case "tool_result" -> {
            assertThat(mayAnswer).as("results stand first in a user's turn").isTrue();
            assertThat(waiting.remove(block.path("tool_use_id").asText()))
                .as("a result answers a call of the turn before")
                .isTrue();
          }
          default -> throw new AssertionError("block type " + block.path("type"));
        }
      }
      assertThat(role.equals("user") ? waiting : Set.of()).as("unanswered calls").isEmpty();
    }
    assertThat(waiting).as("unanswered calls").isEmpty();
  }

  private static Set<String> names(JsonNode object) {
    Set<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Override
  public List<String> results(JsonNode request) {
    List<String> results = new ArrayList<>();
    for (JsonNode message : request.path("messages")) {
      for (JsonNode block : message.path("content")) {
        if (block.path("type").asText().equals("tool_result")) {
          JsonNode content = block.path("content");
          String text =
              content.isTextual() ? content.asText() : content.path(0).path("text").asText();
          results.add(
              block.path("tool_use_id").asText()
                  + "|"
                  + text
                  + "|"
                  + block.path("is_error").asBoolean(false));
        }
      }
    }
    return results;
  }

  @Override
  public List<String> arguments(JsonNode request) {
    List<String> arguments = new ArrayList<>();
    for (JsonNode message : request.path("messages")) {
      for (JsonNode block : message.path("content")) {
        if (block.has("input")) {
          arguments.add(Json.write(block.path("input")));
        }
      }
    }
    return arguments;
  }

  @Override
  public String system(JsonNode request) {
    return request.path("system").path(0).path("text").asText();
  }

  @Override
  public JsonNode schema(JsonNode request) {
    return request.path("tools").path(0).path("input_schema");
  }

  @Override
  public int maxTokens(JsonNode request) {
    return request.path("max_tokens").asInt();
  }
}
