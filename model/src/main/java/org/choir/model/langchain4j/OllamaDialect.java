package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelName;
import org.choir.model.ModelSettings;

/**
 * Ollama's chat API: one JSON object a line. Left alone, Ollama cuts a conversation that is longer
 * than its window and answers the rest; it is told the window and asked to refuse instead.
 */
final class OllamaDialect implements Dialect {
  private final String name;
  private final ModelSettings settings;
  private final Failures failures;

  OllamaDialect(ModelName model, ModelSettings settings, Failures failures) {
    this.name = model.name();
    this.settings = settings;
    this.failures = failures;
  }

  @Override
  public StreamingChatModel connect(HttpClientBuilder http, int maxOutputTokens) {
    Map<String, String> headers = new LinkedHashMap<>();
    settings.key().ifPresent(key -> headers.put("Authorization", "Bearer " + key.reveal()));
    return OllamaStreamingChatModel.builder()
        .httpClientBuilder(http)
        .baseUrl(settings.baseUrl().toString())
        .modelName(name)
        .numCtx(settings.contextTokens())
        .numPredict(maxOutputTokens)
        .customHeaders(headers)
        .build();
  }

  /** LangChain4j would leave out which call is answered. */
  @Override
  public ChatMessage result(Message.ToolResult result, boolean last) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("role", "tool");
    fields.put("content", result.text());
    fields.put("tool_name", result.tool());
    fields.put("tool_call_id", result.callId());
    return CustomMessage.from(fields);
  }

  @Override
  public String body(String json) {
    ObjectNode body = Json.parseObject(json);
    body.put("truncate", false);
    body.put("shift", false);
    return Json.write(body);
  }

  @Override
  public Reading reading() {
    return new Lines();
  }

  private final class Lines implements Reading {
    private boolean complete;
    private String reason = "";
    private long input;
    private long output;
    private int calls;

    @Override
    public Optional<ServerSentEvent> next(ServerSentEvent event) {
      if (event.data().isBlank()) {
        return Optional.empty();
      }
      ObjectNode line = Json.parseObject(event.data());
      if (line.hasNonNull("error")) {
        throw failures.inStream(line);
      }
      // Each entry is a whole call. Servers number them from 0 in every line or not at all, and
      // LangChain4j would run equal numbers together.
      for (JsonNode call : line.path("message").path("tool_calls")) {
        if (call.path("function") instanceof ObjectNode function) {
          function.put("index", calls++);
        }
      }
      if (line.path("done").asBoolean(false)) {
        complete = true;
        reason = line.path("done_reason").asText("");
        input = Math.max(0, line.path("prompt_eval_count").asLong(0));
        output = Math.max(0, line.path("eval_count").asLong(0));
      }
      return Optional.of(new ServerSentEvent(null, Json.write(line)));
    }

    @Override
    public boolean complete() {
      return complete;
    }

    @Override
    public Stop stop() {
      return reason.equals("length") ? Stop.LENGTH : Stop.END;
    }

    @Override
    public Usage usage(ChatResponse response) {
      return new Usage(input, 0, output);
    }
  }
}
