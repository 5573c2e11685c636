package org.choir.model.langchain4j;

import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpRequest;
import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.http.client.sse.ServerSentEventContext;
import dev.langchain4j.http.client.sse.ServerSentEventListener;
import dev.langchain4j.http.client.sse.ServerSentEventParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.choir.model.ModelException;
import org.jspecify.annotations.Nullable;

/**
 * One call to a provider, as the HTTP client that LangChain4j asks for. LangChain4j's own clients
 * read a stream on a pool's thread, hide the response's headers, know no deadline for a body and
 * swallow what a listener throws. This one does all its work on the calling thread: it returns when
 * the stream has ended as the provider ends it, and throws in every other case.
 */
final class Exchange implements HttpClient {
  private final java.net.http.HttpClient http;
  private final Deadline deadline;
  private final Limits limits;
  private final Dialect dialect;
  private final Dialect.Reading reading;
  private final Supplier<@Nullable RuntimeException> abandoned;
  private final Failures failures;

  /**
   * @param abandoned what the receiver of the events has thrown, if it has: ends the call
   */
  Exchange(
      java.net.http.HttpClient http,
      Deadline deadline,
      Limits limits,
      Dialect dialect,
      Dialect.Reading reading,
      Supplier<@Nullable RuntimeException> abandoned,
      Failures failures) {
    this.http = http;
    this.deadline = deadline;
    this.limits = limits;
    this.dialect = dialect;
    this.reading = reading;
    this.abandoned = abandoned;
    this.failures = failures;
  }

  /** LangChain4j asks a builder for its client; its timeouts are ours to decide. */
  HttpClientBuilder builder() {
    return new Ready(this);
  }

  private record Ready(Exchange exchange) implements HttpClientBuilder {
    @Override
    public @Nullable Duration connectTimeout() {
      return null;
    }

    @Override
    public HttpClientBuilder connectTimeout(Duration ignored) {
      return this;
    }

    @Override
    public @Nullable Duration readTimeout() {
      return null;
    }

    @Override
    public HttpClientBuilder readTimeout(Duration ignored) {
      return this;
    }

    @Override
    public HttpClient build() {
      return exchange;
    }
  }

  @Override
  public SuccessfulHttpResponse execute(HttpRequest request) {
    throw new IllegalStateException("every call to a model is streamed");
  }

  @Override
  public void execute(
      HttpRequest request, ServerSentEventParser parser, ServerSentEventListener listener) {
    try (AnswerBody body = new AnswerBody(deadline, limits, failures)) {
      HttpResponse<InputStream> response = send(request, body);
      if (response.statusCode() / 100 != 2) {
        throw failures.reply(response.statusCode(), response.headers(), errorText(body));
      }
      String type = response.headers().firstValue("content-type").orElse("");
      if (type.startsWith("text/html")) {
        throw failures.notAModel(type);
      }
      listener.onOpen(
          SuccessfulHttpResponse.builder()
              .statusCode(response.statusCode())
              .headers(response.headers().map())
              .build());
      Watch watch = new Watch(listener, body);
      parser.parse(body, watch);
      watch.rethrow();
      if (!reading.complete()) {
        throw failures.cut(null);
      }
      listener.onClose();
    }
  }

  private HttpResponse<InputStream> send(HttpRequest request, AnswerBody body) {
    java.net.http.HttpRequest.Builder builder =
        java.net.http.HttpRequest.newBuilder(URI.create(request.url()))
            .method(request.method().name(), BodyPublishers.ofString(dialect.body(request.body())));
    request.headers().forEach((name, values) -> values.forEach(v -> builder.header(name, v)));
    CompletableFuture<HttpResponse<InputStream>> sent =
        http.sendAsync(builder.build(), info -> body);
    try {
      return sent.get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      sent.cancel(true);
      throw failures.timeout(deadline);
    } catch (InterruptedException e) {
      sent.cancel(true);
      Thread.currentThread().interrupt();
      throw failures.interrupted(e);
    } catch (ExecutionException e) {
      throw failures.unreachable(e.getCause() == null ? e : e.getCause());
    }
  }

  private String errorText(AnswerBody body) {
    try {
      return new String(body.readNBytes(limits.errorBytes()), StandardCharsets.UTF_8);
    } catch (IOException e) {
      // The status alone says what went wrong; a broken body must not hide it.
      return "";
    }
  }

  /** Stands between the parser, which swallows what a listener throws, and LangChain4j. */
  private final class Watch implements ServerSentEventListener {
    private final ServerSentEventListener listener;
    private final AnswerBody body;
    private @Nullable RuntimeException failure;

    Watch(ServerSentEventListener listener, AnswerBody body) {
      this.listener = listener;
      this.body = body;
    }

    @Override
    public void onEvent(ServerSentEvent event, ServerSentEventContext context) {
      if (failure != null || reading.complete()) {
        return;
      }
      try {
        reading.next(event).ifPresent(read -> listener.onEvent(read, context));
        failure = abandoned.get();
        if (reading.complete()) {
          body.finish();
        }
      } catch (ModelException e) {
        failure = e;
      } catch (RuntimeException e) {
        failure = failures.malformed(e);
      }
      if (failure != null) {
        context.parsingHandle().cancel();
      }
    }

    @Override
    public void onError(Throwable cause) {
      if (failure == null && !reading.complete()) {
        failure = failures.cut(cause);
      }
    }

    void rethrow() {
      if (failure != null) {
        throw failure;
      }
    }
  }
}
