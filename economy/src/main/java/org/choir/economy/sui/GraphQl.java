package org.choir.economy.sui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * Asks a GraphQL interface over HTTP within limits: a deadline over all attempts, a bound on what
 * is read, redirects not followed. Only questions are asked again; what changes something is sent
 * once. Thread-safe.
 */
final class GraphQl implements AutoCloseable {
  private static final int ANSWER_BYTES_MAX = 4 << 20;
  private static final int ATTEMPTS = 4;
  private static final int SAID_MAX = 300;

  private final URI endpoint;
  private final Duration deadline;
  private final Duration pause;
  private final HttpClient http;

  GraphQl(URI endpoint, Duration deadline, Duration pause) {
    this.endpoint = endpoint;
    this.deadline = deadline;
    this.pause = pause;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(deadline)
            .build();
  }

  /** An answer: {@code data}, or the first error with its code. */
  record Answer(JsonNode data, String error, String code) {
    boolean refused() {
      return code.equals("BAD_USER_INPUT");
    }
  }

  /**
   * Asks, again while the interface is busy or cut off and time is left.
   *
   * @throws ChoirException {@code sui_unreachable}, retryable; {@code sui_refused} if the question
   *     itself is refused
   */
  JsonNode ask(String question, ObjectNode variables) {
    long end = System.nanoTime() + deadline.toNanos();
    Duration wait = pause;
    for (int attempt = 1; ; attempt++) {
      try {
        Answer answer = once(question, variables, end);
        if (answer.error().isEmpty()) {
          return answer.data();
        }
        if (answer.refused()) {
          throw ChoirException.fatal(
              "sui_refused", "Sui refuses the question: " + answer.error(), "");
        }
        throw unreachable("says: " + answer.error(), null);
      } catch (ChoirException e) {
        if (attempt == ATTEMPTS
            || !e.failure().retryable()
            || System.nanoTime() + wait.toNanos() >= end) {
          throw e;
        }
      }
      rest(wait);
      wait = wait.multipliedBy(2);
    }
  }

  /**
   * Sends what changes something, once.
   *
   * @throws ChoirException {@code sui_unreachable}: whether it happened is not known
   */
  Answer send(String mutation, ObjectNode variables) {
    return once(mutation, variables, System.nanoTime() + deadline.toNanos());
  }

  private Answer once(String text, ObjectNode variables, long end) {
    ObjectNode body = Json.object().put("query", text);
    body.set("variables", variables);
    HttpRequest request =
        HttpRequest.newBuilder(endpoint)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)))
            .build();
    HttpResponse<byte[]> response = exchange(request, end);
    // Errors of GraphQL come with 200, and those of the question with 400 by some servers.
    if (response.statusCode() != 200 && response.statusCode() != 400) {
      throw unreachable("says " + response.statusCode(), null);
    }
    ObjectNode json;
    try {
      json = Json.parseObject(new String(response.body(), StandardCharsets.UTF_8));
    } catch (ChoirException e) {
      throw unreachable("sent an answer that is not JSON", e);
    }
    JsonNode error = json.path("errors").path(0);
    if (!error.isMissingNode()) {
      String said = Text.visible(error.path("message").asText("no reason given"), SAID_MAX);
      return new Answer(
          json.path("data"), said, error.path("extensions").path("code").asText("UNKNOWN"));
    }
    if (!json.path("data").isObject()) {
      throw unreachable("sent neither data nor errors", null);
    }
    return new Answer(json.path("data"), "", "");
  }

  private HttpResponse<byte[]> exchange(HttpRequest request, long end) {
    CompletableFuture<HttpResponse<byte[]>> sent =
        http.sendAsync(
            request,
            HttpResponse.BodyHandlers.limiting(
                HttpResponse.BodyHandlers.ofByteArray(), ANSWER_BYTES_MAX));
    try {
      return sent.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw unreachable("did not answer within " + deadline.toMillis() + " ms", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable("interrupted", "the question to Sui was interrupted", "", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw unreachable("gave no whole answer: " + io.getMessage(), io);
      }
      throw new IllegalStateException("the question to Sui failed", e);
    } finally {
      sent.cancel(true);
    }
  }

  private static void rest(Duration wait) {
    try {
      Thread.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable("interrupted", "the question to Sui was interrupted", "", e);
    }
  }

  private ChoirException unreachable(String what, @Nullable Throwable cause) {
    return ChoirException.retryable(
        "sui_unreachable",
        "Sui at " + endpoint.getHost() + " " + Text.visible(what, SAID_MAX),
        "try again later, or check economy.sui.endpoint",
        cause);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
