package org.choir.model.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.model.ModelException;
import org.choir.model.ModelException.Kind;
import org.choir.model.PlatformCredential;
import org.jspecify.annotations.Nullable;

/**
 * What an embedding server's refusals mean. Its words are quoted, cut, on one line and without the
 * key; after a refused key they are left out, because some servers quote part of it.
 */
final class Refusals {
  private static final int QUOTE_MAX = 200;

  private Refusals() {}

  static ModelException of(OpenAiEmbedder.Options options, HttpResponse<byte[]> answer) {
    int status = answer.statusCode();
    String words = status == 401 ? "" : said(new String(answer.body(), StandardCharsets.UTF_8));
    String what =
        "the embedding server "
            + options.server().baseUrl().getHost()
            + " answers HTTP "
            + status
            + (words.isBlank() ? "" : ": " + quote(options, words));
    boolean credit = words.contains("insufficient_quota") || words.contains("billing");
    return switch (status) {
      case 401, 403 ->
          failure(options, Kind.UNAUTHORIZED, what, "check OPENAI_API_KEY", null, null);
      case 404 ->
          failure(
              options,
              Kind.UNKNOWN_MODEL,
              what,
              "check knowledge.embedder and knowledge.embedder-url",
              null,
              null);
      case 429 ->
          credit
              ? failure(options, Kind.BAD_REQUEST, what, "check the account's credit", null, null)
              : failure(
                  options,
                  Kind.RATE_LIMITED,
                  what,
                  "wait and try again",
                  retryAfter(answer).orElse(null),
                  null);
      default ->
          failure(
              options,
              status >= 500 || status == 408 ? Kind.PROVIDER_FAILED : Kind.BAD_REQUEST,
              what,
              status / 100 == 3
                  ? "set knowledge.embedder-url to the final address"
                  : status >= 500 ? "try again later" : "check the model and its dimensions",
              retryAfter(answer).orElse(null),
              null);
    };
  }

  static ModelException failure(
      OpenAiEmbedder.Options options,
      Kind kind,
      String what,
      String remedy,
      @Nullable Duration retryAfter,
      @Nullable Throwable cause) {
    boolean again =
        kind == Kind.RATE_LIMITED
            || kind == Kind.PROVIDER_FAILED
            || kind == Kind.CUT
            || kind == Kind.TIMEOUT;
    return new ModelException(
        kind,
        new Failure(
            "embedding_failed",
            what + " (" + options.model() + ")",
            remedy,
            ExitStatus.FAILED,
            again),
        retryAfter,
        cause);
  }

  static String quote(OpenAiEmbedder.Options options, String words) {
    return Text.visible(
        options.server().key().map((PlatformCredential k) -> k.redact(words)).orElse(words),
        QUOTE_MAX);
  }

  private static String said(String body) {
    try {
      JsonNode error = Json.parse(body).path("error");
      return error.isTextual()
          ? error.asText()
          : (error.path("code").asText("") + " " + error.path("message").asText("")).strip();
    } catch (ChoirException e) {
      return body;
    }
  }

  /** Whole seconds; a date is not worth the trouble for a call that is tried a few times. */
  private static Optional<Duration> retryAfter(HttpResponse<byte[]> answer) {
    return answer
        .headers()
        .firstValue("retry-after")
        .filter(text -> text.matches("[0-9]{1,6}"))
        .map(text -> Duration.ofSeconds(Long.parseLong(text)));
  }
}
