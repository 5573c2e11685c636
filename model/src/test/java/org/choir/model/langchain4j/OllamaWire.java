package org.choir.model.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Json;
import org.choir.model.ModelName;
import org.choir.model.Provider;

/** Ollama's {@code /api/chat}: JSON lines. */
final class OllamaWire implements Wire {

  @Override
  public ModelName model() {
    return new ModelName(Provider.OLLAMA, "test:1b");
  }

  @Override
  public URI baseUrl(URI server) {
    return server;
  }

  @Override
  public String contentType() {
    return "application/x-ndjson";
  }

  private static ObjectNode line(boolean done) {
    ObjectNode line =
        Json.object().put("model", "test:1b").put("created_at", "2026-01-22T11:22:42.180546Z");
    line.putObject("message").put("role", "assistant").put("content", "");
    return line.put("done", done);
  }

  @Override
  public List<String> events(Script script) {
    List<String> events = new ArrayList<>();
    for (Part part : script.parts()) {
      switch (part) {
        case Words words -> {
          for (String piece : words.pieces()) {
            ObjectNode line = line(false);
            ((ObjectNode) line.get("message")).put("content", piece);
            events.add(Json.write(line) + "\n");
          }
        }
        case Call call -> {
          ObjectNode line = line(false);
          ObjectNode function =
              ((ObjectNode) line.get("message"))
                  .putArray("tool_calls")
                  .addObject()
                  .putObject("function")
                  .put("name", call.tool());
          function.set("arguments", Json.parse(call.arguments()));
          events.add(Json.write(line) + "\n");
        }
      }
    }
    ObjectNode end = line(true);
    end.put("done_reason", script.stop().equals("length") ? "length" : "stop");
    end.put("total_duration", 181_553_584).put("prompt_eval_count", script.input());
    end.put("eval_count", script.output());
    events.add(Json.write(end) + "\n");
    return events;
  }

  @Override
  public String error(String type, String code, String message) {
    return Json.write(Json.object().put("error", message));
  }

  @Override
  public String errorEvent(String type, String message) {
    return error(type, "", message) + "\n";
  }

  @Override
  public String garbage() {
    return "{\"model\":\"test:1b\",\"message\":{\n";
  }

  @Override
  public String lineStart() {
    return "{\"model\":\"";
  }

  @Override
  public List<Overflow> overflows() {
    return List.of(
        new Overflow(400, error("", "", "the input length exceeds the context length")),
        new Overflow(500, error("", "", "input length exceeds maximum context length")),
        new Overflow(
            400,
            error("", "", "the request exceeds the available context size, try increasing it")),
        new Overflow(400, error("", "", "exceed_context_size_error: 5000 tokens")));
  }

  @Override
  public boolean carriesIds() {
    return false;
  }

  @Override
  public boolean countsCached() {
    return false;
  }

  @Override
  public String keyHeader(String key) {
    return "Authorization: Bearer " + key;
  }

  @Override
  public void check(String method, LocalProvider.Asked asked) {
    assertThat(method).isEqualTo("POST");
    assertThat(asked.path()).isEqualTo("/api/chat");
    JsonNode body = Json.parse(asked.body());
    assertThat(body.path("model").asText()).isEqualTo("test:1b");
    assertThat(body.path("stream").asBoolean()).isTrue();
    assertThat(body.path("options").path("num_ctx").asInt()).isPositive();
    assertThat(body.path("truncate").isBoolean() && !body.path("truncate").asBoolean())
        .as("a long conversation is refused, not cut")
        .isTrue();
    for (JsonNode tool : body.path("tools")) {
      assertThat(tool.path("type").asText()).isEqualTo("function");
      assertThat(tool.path("function").path("parameters").path("type").asText())
          .isEqualTo("object");
    }
    List<String> waiting = new ArrayList<>();
    for (JsonNode message : body.path("messages")) {
      String role = message.path("role").asText();
      assertThat(role).isIn("system", "user", "assistant", "tool");
      if (role.equals("tool")) {
        assertThat(message.path("content").isTextual()).isTrue();
        assertThat(waiting.remove(message.path("tool_name").asText()))
            .as("a tool message names a tool that was called")
            .isTrue();
      }
      for (JsonNode call : message.path("tool_calls")) {
        assertThat(call.path("function").path("arguments").isObject()).isTrue();
        waiting.add(call.path("function").path("name").asText());
      }
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
        arguments.add(Json.write(call.path("function").path("arguments")));
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
    return request.path("options").path("num_predict").asInt();
  }
}
