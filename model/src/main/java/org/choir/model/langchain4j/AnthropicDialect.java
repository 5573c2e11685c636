package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.anthropic.AnthropicTokenUsage;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelName;
import org.choir.model.ModelSettings;

/**
 * Anthropic's Messages API. Tools, system prompt and the last message are marked for the provider's
 * cache, so that each step of a growing conversation reads what the step before has paid for (three
 * of the four marks that a request may carry).
 */
final class AnthropicDialect implements Dialect {
  private static final Map<String, Object> CACHED = Map.of("cache_control", "ephemeral");

  private final String name;
  private final String key;
  private final String baseUrl;
  private final Failures failures;

  AnthropicDialect(ModelName model, ModelSettings settings, String key, Failures failures) {
    this.name = model.name();
    this.key = key;
    this.baseUrl = versioned(settings.baseUrl().toString());
    this.failures = failures;
  }

  /** ANTHROPIC_BASE_URL is written without the version by habit. */
  private static String versioned(String url) {
    String bare = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    return bare.endsWith("/v1") ? bare : bare + "/v1";
  }

  @Override
  public StreamingChatModel connect(HttpClientBuilder http, int maxOutputTokens) {
    return AnthropicStreamingChatModel.builder()
        .httpClientBuilder(http)
        .baseUrl(baseUrl)
        .apiKey(key)
        .modelName(name)
        .maxTokens(maxOutputTokens)
        .cacheSystemMessages(true)
        .cacheTools(true)
        .build();
  }

  @Override
  public ChatMessage user(String text, boolean last) {
    return UserMessage.builder()
        .contents(List.of(TextContent.from(text)))
        .attributes(last ? CACHED : Map.of())
        .build();
  }

  @Override
  public ChatMessage result(Message.ToolResult result, boolean last) {
    return ToolExecutionResultMessage.builder()
        .id(result.callId())
        .toolName(result.tool())
        .text(result.text())
        .isError(result.failed())
        .attributes(last ? CACHED : Map.of())
        .build();
  }

  @Override
  public Reading reading() {
    return new Events();
  }

  private final class Events implements Reading {
    private boolean complete;
    private String reason = "";

    @Override
    public Optional<ServerSentEvent> next(ServerSentEvent event) {
      JsonNode data = Json.parse(event.data());
      String type = data.path("type").asText(event.event() == null ? "" : event.event());
      switch (type) {
        case "error" -> throw failures.inStream(data);
        case "message_delta" -> reason = data.path("delta").path("stop_reason").asText(reason);
        case "message_stop" -> complete = true;
        case "ping" -> {
          return Optional.empty();
        }
        default -> {}
      }
      // Gateways drop the event's name, by which alone LangChain4j knows it.
      return Optional.of(new ServerSentEvent(type, event.data()));
    }

    @Override
    public boolean complete() {
      return complete;
    }

    @Override
    public Stop stop() {
      return switch (reason) {
        case "tool_use" -> Stop.TOOLS;
        case "max_tokens", "model_context_window_exceeded" -> Stop.LENGTH;
        case "refusal" -> Stop.FILTERED;
        default -> Stop.END;
      };
    }

    /** Anthropic counts what it read from and wrote to the cache beside the input, not in it. */
    @Override
    public Usage usage(ChatResponse response) {
      if (!(response.tokenUsage() instanceof AnthropicTokenUsage used)) {
        return Usage.NONE;
      }
      long read = Counts.orZero(used.cacheReadInputTokens());
      long written = Counts.orZero(used.cacheCreationInputTokens());
      return new Usage(
          Counts.orZero(used.inputTokenCount()) + read + written,
          read,
          Counts.orZero(used.outputTokenCount()));
    }
  }
}
