package org.choir.sandbox.hosted;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.SandboxException;
import org.jspecify.annotations.Nullable;

/**
 * Calls to one service over HTTP. What may be asked twice is tried again after a 429 (as the
 * service says, at most {@link #WAIT_MAX}), a 5xx or a lost answer; what changes something is not,
 * since a lost answer must not become a second effect. The key goes into the headers of this
 * service's addresses and nowhere else: into no message, and no redirect is followed.
 */
public final class ServiceClient implements AutoCloseable {
  static final Duration WAIT_MAX = Duration.ofSeconds(20);
  private static final int TRIES = 4;
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final int ERROR_BYTES_MAX = 16 << 10;
  private static final int ANSWER_BYTES_MAX = 8 << 20;

  private final String service;
  private final HttpClient client;
  private final Map<String, String> headers;

  /**
   * @param headers that every call carries, the key among them
   */
  public ServiceClient(String service, Map<String, String> headers) {
    this.service = service;
    this.headers = Map.copyOf(headers);
    this.client =
        HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(10))
            .followRedirects(HttpClient.Redirect.NEVER)
            .version(HttpClient.Version.HTTP_1_1)
            .build();
  }

  /** An answer that is read as a stream; its reader closes it. */
  public record Answer(int status, InputStream body, Optional<String> next) {}

  /**
   * Asks and reads the JSON answer; an empty one is an empty object.
   *
   * @param again whether it may be asked twice
   */
  public JsonNode json(
      String method, URI to, @Nullable JsonNode body, Duration patience, boolean again) {
    return page(method, to, body, patience, again).body();
  }

  /** A part of a list, and where the next part begins. */
  public record Page(JsonNode body, Optional<String> next) {}

  /** As {@link #json}, with the mark of the next page. */
  public Page page(
      String method, URI to, @Nullable JsonNode body, Duration patience, boolean again) {
    byte[] content = body == null ? new byte[0] : Json.write(body).getBytes(StandardCharsets.UTF_8);
    Answer answer =
        open(
            method,
            to,
            Map.of("Content-Type", "application/json", "Accept", "application/json"),
            body == null
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofByteArray(content),
            patience,
            again);
    return new Page(read(method, to, answer), answer.next());
  }

  /** An answer's JSON. */
  public JsonNode read(String method, URI to, Answer answer) {
    try (InputStream in = answer.body()) {
      byte[] text = in.readNBytes(ANSWER_BYTES_MAX + 1);
      if (text.length > ANSWER_BYTES_MAX) {
        throw strange(to, "an answer of more than " + ANSWER_BYTES_MAX + " bytes");
      }
      return text.length == 0 ? Json.object() : Json.parse(text);
    } catch (IOException e) {
      throw lost(method, to, e);
    } catch (SandboxException e) {
      throw e;
    } catch (ChoirException e) {
      throw strange(to, e.failure().message());
    }
  }

  /**
   * Sends a request; returns once a good answer begins. Its body ends in an {@link
   * HttpTimeoutException} if it takes longer than {@code patience} too.
   */
  public Answer open(
      String method,
      URI to,
      Map<String, String> more,
      HttpRequest.BodyPublisher body,
      Duration patience,
      boolean again) {
    HttpRequest.Builder builder = HttpRequest.newBuilder(to).timeout(patience);
    headers.forEach(builder::setHeader);
    more.forEach(builder::setHeader);
    HttpRequest request = builder.method(method, body).build();
    for (int attempt = 1; ; attempt++) {
      boolean last = attempt == TRIES;
      try {
        HttpResponse<InputStream> response =
            client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        int status = response.statusCode();
        if (status / 100 == 2) {
          return new Answer(
              status,
              new TimedBody(response.body(), patience),
              response.headers().firstValue("x-next-token"));
        }
        SandboxException failure = failure(method, to, response);
        // A service that has too much to do has done nothing.
        boolean mayRepeat = status == 429 || (again && status >= 500);
        if (last || !mayRepeat) {
          throw failure;
        }
        pause(waitFor(response, attempt));
      } catch (IOException e) {
        if (last || !again) {
          throw lost(method, to, e);
        }
        pause(PAUSE.multipliedBy(attempt));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw SandboxException.passing(
            "cancelled", "a call to " + service + " was interrupted", "", e);
      }
    }
  }

  private static Duration waitFor(HttpResponse<?> response, int attempt) {
    Duration said =
        response
            .headers()
            .firstValue("retry-after")
            .filter(text -> text.matches("[0-9]{1,4}"))
            .map(text -> Duration.ofSeconds(Long.parseLong(text)))
            .orElse(PAUSE.multipliedBy(attempt));
    return said.compareTo(WAIT_MAX) > 0 ? WAIT_MAX : said;
  }

  static void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
      if (Thread.currentThread().isInterrupted()) {
        throw SandboxException.passing("cancelled", "a call was interrupted", "", null);
      }
    }
  }

  private SandboxException failure(String method, URI to, HttpResponse<InputStream> response) {
    String said;
    try (InputStream in = response.body()) {
      said = message(new String(in.readNBytes(ERROR_BYTES_MAX), StandardCharsets.UTF_8));
    } catch (IOException e) {
      said = "";
    }
    int status = response.statusCode();
    String message =
        "%s answered %s %s with %d: %s"
            .formatted(service, method, to.getPath(), status, Text.visible(said, 200));
    return switch (status) {
      case 401, 403 ->
          SandboxException.lasting(
              "service_refused_key",
              message,
              "check " + service.toUpperCase(java.util.Locale.ROOT) + "_API_KEY");
      case 404 -> SandboxException.lasting("no_such_vm", message, "obtain another one");
      case 409 -> SandboxException.passing("vm_changing", message, "look again", null);
      case 429 -> SandboxException.passing("service_limit", message, "wait", null);
      case 507 -> SandboxException.lasting("no_space", message, "free some space in the VM");
      default ->
          status >= 500
              ? SandboxException.passing("service_unavailable", message, "try again", null)
              : SandboxException.lasting("service_refused", message, "");
    };
  }

  /** Services wrap their words in different ways. */
  private static String message(String body) {
    try {
      JsonNode json = Json.parse(body);
      String text = json.path("message").asText(json.path("error").asText());
      return text.isEmpty() ? body : text;
    } catch (ChoirException e) {
      return body;
    }
  }

  private SandboxException lost(String method, URI to, IOException cause) {
    String why =
        cause instanceof HttpTimeoutException
            ? "no answer in time"
            : String.valueOf(cause.getMessage());
    return SandboxException.passing(
        "service_unavailable",
        "%s %s of %s: %s".formatted(method, to.getPath(), service, why),
        "try again",
        cause);
  }

  /** An answer that the service never gives. */
  public SandboxException strange(URI to, String what) {
    return SandboxException.passing(
        "service_protocol", service + " at " + to.getPath() + " sent " + what, "try again", null);
  }

  @Override
  public void close() {
    client.close();
  }

  @Override
  public String toString() {
    return "client of " + service;
  }
}
