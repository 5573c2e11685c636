package org.choir.knowledge.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;

/**
 * Asks a search engine over HTTP within its limits: a deadline over all attempts, a bound on what
 * is read, a pause as long as a busy engine asks for. Redirects are not followed, because a key
 * would travel along. Thread-safe.
 */
final class EngineCall {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final int SAID_MAX = 200;

  private final String engine;
  private final SearchLimits limits;
  private final InstantSource clock;
  private final HttpClient client;

  /** What an engine said. */
  record Answer(int status, byte[] body) {
    /** The engine's own word on a failure, on one line; empty if it gave none in JSON. */
    String detail() {
      try {
        JsonNode json = Json.parse(new String(body, StandardCharsets.UTF_8));
        for (JsonNode said :
            new JsonNode[] {
              json.path("detail").path("error"), json.path("detail"), json.path("error")
            }) {
          if (said.isTextual()) {
            return ": " + Text.visible(said.textValue(), SAID_MAX);
          }
        }
      } catch (ChoirException e) {
        return ""; // words for people, or nothing
      }
      return "";
    }
  }

  EngineCall(String engine, SearchLimits limits, InstantSource clock) {
    this.engine = engine;
    this.limits = limits;
    this.clock = clock;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(limits.total())
            .executor(Executors.newVirtualThreadPerTaskExecutor())
            .build();
  }

  /**
   * Sends a request, again if the engine is busy.
   *
   * @return any answer but one that it is busy
   */
  Answer send(HttpRequest request, Dials dials) {
    long deadline = System.nanoTime() + limits.total().toNanos();
    Duration pause = FIRST_PAUSE;
    for (int attempt = 0; ; attempt++) {
      HttpResponse<byte[]> response = once(request, deadline, dials);
      int status = response.statusCode();
      boolean busy = status == 429 || status >= 500;
      if (!busy) {
        return new Answer(status, response.body());
      }
      Duration wanted = retryAfter(response).orElse(pause);
      if (attempt == limits.retries() || wanted.compareTo(left(deadline)) >= 0) {
        throw ChoirException.retryable(
            status == 429 ? "web_search_busy" : "web_search_failed",
            engine
                + " says "
                + status
                + new Answer(status, response.body()).detail()
                + ", after "
                + (attempt + 1)
                + (attempt == 0 ? " attempt" : " attempts"),
            "try again later",
            null);
      }
      sleep(wanted);
      pause = pause.multipliedBy(2);
    }
  }

  private HttpResponse<byte[]> once(HttpRequest request, long deadline, Dials dials) {
    URI uri = request.uri();
    int port = uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
    Dials.Open open = dials.open(uri.getHost(), port, "");
    String reason = "no_connection";
    long received = 0;
    CompletableFuture<HttpResponse<byte[]>> answer = new CompletableFuture<>();
    try {
      answer =
          client.sendAsync(
              request,
              HttpResponse.BodyHandlers.limiting(
                  HttpResponse.BodyHandlers.ofByteArray(), limits.bodyBytes()));
      HttpResponse<byte[]> response =
          answer.get(left(deadline).toMillis() + 1, TimeUnit.MILLISECONDS);
      reason = "allowed";
      received = response.body().length;
      return response;
    } catch (TimeoutException e) {
      reason = "timeout";
      throw ChoirException.retryable(
          "web_search_late",
          engine + " gave no whole answer within " + limits.total().toSeconds() + " s",
          "try again later",
          e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String why =
          cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
      throw ChoirException.retryable(
          "web_search_failed",
          engine + " at " + uri.getHost() + " did not answer: " + Text.visible(why, SAID_MAX),
          "check the address and the network",
          cause instanceof IOException ? cause : e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable("interrupted", "the search was interrupted", "", e);
    } finally {
      answer.cancel(true);
      long sent = request.bodyPublisher().map(HttpRequest.BodyPublisher::contentLength).orElse(0L);
      open.closed(reason, Math.max(0, sent), received);
    }
  }

  /** The answer's JSON object. */
  ObjectNode json(Answer answer) {
    try {
      return Json.parseObject(new String(answer.body(), StandardCharsets.UTF_8));
    } catch (ChoirException e) {
      throw ChoirException.retryable(
          "web_search_failed", engine + " answered with something that is not JSON", "", e);
    }
  }

  /**
   * The hits of an answer, in the engine's order, without those that could not be fetched.
   *
   * @param dateField where this engine writes the date of publication
   * @throws ChoirException {@code web_search_failed} if there is no list of results
   */
  List<WebHit> hits(ObjectNode json, String dateField, String remedy) {
    if (!json.path("results").isArray()) {
      throw ChoirException.retryable(
          "web_search_failed", engine + " answered without results", remedy, null);
    }
    List<WebHit> hits = new ArrayList<>();
    for (JsonNode result : json.path("results")) {
      WebHit.of(
              result.path("url").asText(""),
              result.path("title").asText(""),
              result.path("content").asText(""),
              result.path(dateField).asText(""))
          .ifPresent(hits::add);
    }
    return hits;
  }

  /** An answer that is neither a result nor something to try again. */
  ChoirException refused(Answer answer, String remedy) {
    return ChoirException.fatal(
        "web_search_failed", engine + " says " + answer.status() + answer.detail(), remedy);
  }

  /** Seconds or a date (RFC 9110, 10.2.3). */
  private Optional<Duration> retryAfter(HttpResponse<byte[]> response) {
    String said = response.headers().firstValue("retry-after").orElse("").strip();
    if (said.matches("\\d{1,6}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(said)));
    }
    try {
      Duration until =
          Duration.between(
              clock.instant(),
              ZonedDateTime.parse(said, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return Optional.of(until.isNegative() ? Duration.ZERO : until);
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable("interrupted", "the search was interrupted", "", e);
    }
  }
}
