package org.choir.economy.stripe;

import com.stripe.exception.ApiConnectionException;
import com.stripe.net.HttpContent;
import com.stripe.net.HttpHeaders;
import com.stripe.net.StripeRequest;
import com.stripe.net.StripeResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * How the library's requests reach the network: one deadline for the whole exchange, a limit on the
 * answer's size, no redirects, and no repetition behind our back, which the JDK's older client does
 * even for a POST. Tells nothing about this machine.
 */
final class BoundedHttp extends com.stripe.net.HttpClient {
  private static final int ANSWER_BYTES_MAX = 4 << 20;

  /**
   * Stripe repeats the fault that it answered to this key before: the first request is over, and
   * the key will never get another answer.
   */
  static final class ReplayedFault extends RuntimeException {
    ReplayedFault() {
      super("Stripe repeats a fault", null, false, false);
    }
  }

  private final HttpClient client;
  private final Duration deadline;

  BoundedHttp(Duration deadline) {
    this.deadline = deadline;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(deadline)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  @Override
  public StripeResponse request(StripeRequest request) throws ApiConnectionException {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(request.url().toString())).timeout(deadline);
    for (Map.Entry<String, List<String>> header : request.headers().map().entrySet()) {
      if (!header.getKey().equalsIgnoreCase("X-Stripe-Client-Telemetry")) {
        header.getValue().forEach(value -> builder.header(header.getKey(), value));
      }
    }
    builder.setHeader("User-Agent", "choir");
    HttpContent content = request.content();
    if (content == null) {
      builder.method(request.method().name(), HttpRequest.BodyPublishers.noBody());
    } else {
      builder.setHeader("Content-Type", content.contentType());
      builder.method(
          request.method().name(),
          HttpRequest.BodyPublishers.ofByteArray(content.byteArrayContent()));
    }
    CompletableFuture<StripeResponse> answer =
        client
            .sendAsync(builder.build(), HttpResponse.BodyHandlers.ofInputStream())
            .thenApplyAsync(BoundedHttp::read, task -> Thread.ofVirtual().start(task));
    try {
      return answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw lost(new SocketTimeoutException("no answer within " + deadline));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ReplayedFault fault) {
        throw fault;
      }
      throw lost(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw lost(e);
    }
  }

  private static StripeResponse read(HttpResponse<InputStream> answer) {
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(ANSWER_BYTES_MAX + 1);
      if (bytes.length > ANSWER_BYTES_MAX) {
        throw new IOException("an answer of more than " + ANSWER_BYTES_MAX + " bytes");
      }
      if (answer.statusCode() >= 500
          && answer.headers().firstValue("Idempotent-Replayed").orElse("").equals("true")) {
        throw new ReplayedFault();
      }
      return new StripeResponse(
          answer.statusCode(),
          HttpHeaders.of(answer.headers().map()),
          new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ApiConnectionException lost(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null
        && (root instanceof java.util.concurrent.CompletionException
            || root instanceof java.io.UncheckedIOException)) {
      root = root.getCause();
    }
    return new ApiConnectionException("the connection to Stripe failed: " + root, root);
  }
}
