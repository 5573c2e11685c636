package org.choir.model.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelAnswer.Stop;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelException;
import org.choir.model.ModelName;
import org.choir.model.ModelRequest;
import org.choir.model.ModelSettings;
import org.choir.model.PlatformCredential;
import org.choir.model.Provider;
import org.choir.model.ToolCall;

/** A language model of a provider. */
public final class ProviderModel implements ModelClient {
  private static final Duration CONNECT = Duration.ofSeconds(15);

  private final ModelName name;
  private final ModelSettings settings;
  private final Limits limits;
  private final Failures failures;
  private final Dialect dialect;
  private final HttpClient http;

  private ProviderModel(ModelName name, ModelSettings settings, Limits limits, Clock clock) {
    this.name = name;
    this.settings = settings;
    this.limits = limits;
    this.failures = new Failures(name, settings, clock);
    this.dialect = dialect(name, settings, failures);
    // HTTP/1.1: the JDK's offer to upgrade a plain connection upsets several local servers. A
    // redirect is never followed: the key would go along.
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .build();
  }

  /**
   * Opens a model; no connection is made yet.
   *
   * @throws ModelException UNAUTHORIZED if the provider wants a key and there is none. A server on
   *     this machine and Ollama may do without
   */
  public static ModelClient open(ModelName name, ModelSettings settings) {
    return open(name, settings, Limits.DEFAULT, Clock.systemUTC());
  }

  static ModelClient open(ModelName name, ModelSettings settings, Limits limits, Clock clock) {
    return new ProviderModel(name, settings, limits, clock);
  }

  private static Dialect dialect(ModelName name, ModelSettings settings, Failures failures) {
    Provider provider = name.provider();
    boolean needsKey =
        switch (provider) {
          case ANTHROPIC -> true;
          case OPENAI -> !settings.local();
          case OLLAMA -> false;
        };
    if (needsKey && settings.key().isEmpty()) {
      throw failures.noKey();
    }
    return switch (provider) {
      case ANTHROPIC ->
          new AnthropicDialect(
              name,
              settings,
              settings.key().map(PlatformCredential::reveal).orElseThrow(failures::noKey),
              failures);
      case OPENAI -> new OpenAiDialect(name, settings, failures);
      case OLLAMA -> new OllamaDialect(name, settings, failures);
    };
  }

  @Override
  public String id() {
    return name.id();
  }

  @Override
  public boolean isLanguageModel() {
    return true;
  }

  @Override
  public int contextTokens() {
    return settings.contextTokens();
  }

  @Override
  public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
    Deadline deadline = Deadline.after(request.deadline());
    Dialect.Reading reading = dialect.reading();
    Collector collector = new Collector(events, failures);
    Exchange exchange =
        new Exchange(http, deadline, limits, dialect, reading, collector::failure, failures);
    dialect
        .connect(exchange.builder(), request.maxOutputTokens())
        .chat(Conversation.request(request, dialect), collector);
    RuntimeException failure = collector.failure();
    if (failure != null) {
      throw failure;
    }
    ModelAnswer answer =
        answer(request, reading, collector.response().orElseThrow(() -> failures.cut(null)));
    events.accept(new ModelEvent.Answered(answer));
    return answer;
  }

  private static ModelAnswer answer(
      ModelRequest request, Dialect.Reading reading, ChatResponse response) {
    String text = response.aiMessage().text();
    List<ToolCall> calls =
        Conversation.calls(request, response.aiMessage().toolExecutionRequests());
    Stop stop = reading.stop();
    // Servers say "stop" beside calls, or "tool_calls" beside none.
    if (stop == Stop.END || stop == Stop.TOOLS) {
      stop = calls.isEmpty() ? Stop.END : Stop.TOOLS;
    }
    return new ModelAnswer(text == null ? "" : text, calls, reading.usage(response), stop);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  @Override
  public String toString() {
    return name.id() + " at " + settings.baseUrl();
  }
}
