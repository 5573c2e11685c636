package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel.OpenAiStreamingChatModelBuilder;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelName;
import org.choir.model.ModelSettings;
import org.choir.model.PlatformCredential;

/** OpenAI's Chat Completions API, and the many servers that speak it. */
final class OpenAiDialect implements Dialect {
  private final String name;
  private final ModelSettings settings;
  private final Failures failures;

  OpenAiDialect(ModelName model, ModelSettings settings, Failures failures) {
    this.name = model.name();
    this.settings = settings;
    this.failures = failures;
  }

  @Override
  public StreamingChatModel connect(HttpClientBuilder http, int maxOutputTokens) {
    OpenAiStreamingChatModelBuilder builder =
        OpenAiStreamingChatModel.builder()
            .httpClientBuilder(http)
            .baseUrl(settings.baseUrl().toString())
            .modelName(name)
            // Some servers repeat a call's id in every piece of it.
            .accumulateToolCallId(false);
    settings.key().map(PlatformCredential::reveal).ifPresent(builder::apiKey);
    // OpenAI's reasoning models refuse the older name, other servers do not know the newer one.
    boolean openAi = settings.baseUrl().getHost().endsWith("openai.com");
    return (openAi
            ? builder.maxCompletionTokens(maxOutputTokens)
            : builder.maxTokens(maxOutputTokens))
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
      if (event.data().equals("[DONE]")) {
        complete = true;
        return Optional.of(event);
      }
      JsonNode data = Json.parse(event.data());
      // Servers report a failure in mid-stream as an event like any other.
      if (data.hasNonNull("error") || "error".equals(data.path("object").asText())) {
        throw failures.inStream(data);
      }
      reason = data.path("choices").path(0).path("finish_reason").asText(reason);
      return Optional.of(event);
    }

    @Override
    public boolean complete() {
      return complete;
    }

    @Override
    public Stop stop() {
      return switch (reason) {
        case "tool_calls", "function_call" -> Stop.TOOLS;
        case "length" -> Stop.LENGTH;
        case "content_filter" -> Stop.FILTERED;
        default -> Stop.END;
      };
    }

    @Override
    public Usage usage(ChatResponse response) {
      if (!(response.tokenUsage() instanceof OpenAiTokenUsage used)) {
        return Usage.NONE;
      }
      long cached =
          used.inputTokensDetails() == null
              ? 0
              : Counts.orZero(used.inputTokensDetails().cachedTokens());
      return new Usage(
          Counts.orZero(used.inputTokenCount()), cached, Counts.orZero(used.outputTokenCount()));
    }
  }
}
