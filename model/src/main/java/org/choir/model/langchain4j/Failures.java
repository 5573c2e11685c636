package org.choir.model.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpHeaders;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Text;
import org.choir.model.ModelException;
import org.choir.model.ModelException.Kind;
import org.choir.model.ModelName;
import org.choir.model.ModelSettings;
import org.choir.model.Provider;
import org.jspecify.annotations.Nullable;

/**
 * The failures of one model. A provider's own words are quoted, cut, on one line and without the
 * key; after a refused key they are left out, because some providers quote part of it.
 */
final class Failures {
  /** No provider means to stop a caller for longer. */
  private static final Duration LONGEST_WAIT = Duration.ofDays(1);

  private final ModelName model;
  private final ModelSettings settings;
  private final Clock clock;

  Failures(ModelName model, ModelSettings settings, Clock clock) {
    this.model = model;
    this.settings = settings;
    this.clock = clock;
  }

  ModelException noKey() {
    return failure(
        Kind.UNAUTHORIZED,
        model.provider().id() + " wants a key and " + keyVariable() + " is not set",
        "set " + keyVariable() + " in the environment");
  }

  /** An answer with another status than 2xx. */
  ModelException reply(int status, HttpHeaders headers, String body) {
    if (status / 100 == 3) {
      String target = headers.firstValue("location").orElse("nowhere");
      return failure(
          Kind.BAD_REQUEST,
          server() + " redirects to " + quote(target) + ", where the key must not follow",
          "set " + model.provider().baseUrlVariable() + " to the final address");
    }
    return of(ErrorReply.of(status, body), retryAfter(headers).orElse(null));
  }

  /** A failure that the provider reports as an event of a stream that began well. */
  ModelException inStream(JsonNode event) {
    return of(ErrorReply.of(0, event), null);
  }

  private ModelException of(ErrorReply reply, @Nullable Duration retryAfter) {
    String status = reply.status() == 0 ? "" : " (HTTP " + reply.status() + ")";
    String words = reply.message().isBlank() ? "" : ": " + quote(reply.message());
    String provider = server();
    Kind kind = reply.kind();
    return switch (kind) {
      case UNAUTHORIZED ->
          failure(
              kind,
              provider + " refuses the key" + status + (reply.status() == 403 ? words : ""),
              settings.key().isPresent()
                  ? "check that " + keyVariable() + " is valid and may use " + model.name()
                  : "set " + keyVariable());
      case UNKNOWN_MODEL ->
          failure(
              kind,
              provider + " has no model '" + model.name() + "'" + status + words,
              model.provider() == Provider.OLLAMA
                  ? "get it with: ollama pull " + model.name()
                  : "check the name and " + model.provider().baseUrlVariable());
      case RATE_LIMITED -> {
        boolean credit = reply.outOfCredit();
        String wait =
            retryAfter == null ? "" : " about " + (retryAfter.toMillis() + 999) / 1000 + " s";
        yield failure(
            kind,
            provider + " limits the rate of requests" + status + words,
            credit ? "check the account's credit" : "wait" + wait + " and try again",
            !credit,
            retryAfter,
            null);
      }
      case CONTEXT_OVERFLOW ->
          failure(
              kind,
              "the conversation is longer than " + model.id() + " takes" + status + words,
              "shorten it, or use a model with a larger context");
      case BAD_REQUEST ->
          failure(
              kind,
              provider + " refuses the request" + status + words,
              "check that the model supports tools and this size of answer");
      case PROVIDER_FAILED, CUT, TIMEOUT ->
          failure(
              kind,
              provider + " failed" + status + words,
              "try again later",
              true,
              retryAfter,
              null);
    };
  }

  /** The stream ended before the answer did. */
  ModelException cut(@Nullable Throwable cause) {
    return passing(Kind.CUT, server() + " ended the connection before the answer was whole", cause);
  }

  ModelException unreachable(Throwable cause) {
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return failure(
        Kind.CUT,
        "no connection to " + server() + ": " + quote(why),
        model.provider() == Provider.OLLAMA
            ? "start it with: ollama serve"
            : "check the network and " + model.provider().baseUrlVariable(),
        true,
        null,
        cause);
  }

  ModelException timeout(Deadline deadline) {
    return passing(
        Kind.TIMEOUT,
        server() + " gave no whole answer in " + deadline.given().toMillis() + " ms",
        null);
  }

  /** The thread stays marked as interrupted. */
  ModelException interrupted(InterruptedException cause) {
    Failure failure =
        new Failure(
            "model_interrupted",
            "the call to " + model.id() + " was interrupted",
            "",
            ExitStatus.INTERRUPTED,
            false);
    return new ModelException(Kind.CUT, failure, null, cause);
  }

  ModelException tooLarge(String what, long limit) {
    return passing(
        Kind.PROVIDER_FAILED,
        server() + " sent " + what + " of more than " + limit + " bytes",
        null);
  }

  /** What arrived is not what this provider sends. */
  ModelException malformed(Throwable cause) {
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    return passing(
        Kind.PROVIDER_FAILED, server() + " sent an event that cannot be read: " + quote(why), null);
  }

  ModelException notAModel(String contentType) {
    return failure(
        Kind.BAD_REQUEST,
        server() + " answers with " + quote(contentType) + " in place of a model's stream",
        "check " + model.provider().baseUrlVariable());
  }

  private ModelException passing(Kind kind, String message, @Nullable Throwable cause) {
    return failure(kind, message, "try again", true, null, cause);
  }

  private ModelException failure(Kind kind, String message, String remedy) {
    return failure(kind, message, remedy, false, null, null);
  }

  private static ModelException failure(
      Kind kind,
      String message,
      String remedy,
      boolean retryable,
      @Nullable Duration retryAfter,
      @Nullable Throwable cause) {
    ExitStatus exit =
        kind == Kind.UNAUTHORIZED || kind == Kind.UNKNOWN_MODEL
            ? ExitStatus.USAGE
            : ExitStatus.FAILED;
    String code = "model_" + kind.name().toLowerCase(Locale.ROOT);
    return new ModelException(
        kind, new Failure(code, message, remedy, exit, retryable), retryAfter, cause);
  }

  private String server() {
    return model.provider().id() + " at " + settings.baseUrl();
  }

  private String keyVariable() {
    return model.provider().keyVariable();
  }

  private String quote(String words) {
    return Text.visible(settings.key().map(key -> key.redact(words)).orElse(words), 300);
  }

  /** RFC 9110's seconds or date, or the finer header that some providers send beside it. */
  private Optional<Duration> retryAfter(HttpHeaders headers) {
    Optional<Duration> millis =
        headers.firstValue("retry-after-ms").flatMap(value -> seconds(value, 0.001));
    return millis.or(() -> headers.firstValue("retry-after").flatMap(this::secondsOrDate));
  }

  private Optional<Duration> secondsOrDate(String value) {
    return seconds(value, 1)
        .or(
            () -> {
              try {
                Instant until =
                    ZonedDateTime.parse(value.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant();
                return Optional.of(bounded(Duration.between(clock.instant(), until)));
              } catch (DateTimeException e) {
                // Neither a number nor a date: as if the header were not there.
                return Optional.empty();
              }
            });
  }

  private static Optional<Duration> seconds(String value, double unit) {
    if (!value.strip().matches("\\d{1,12}(\\.\\d{1,9})?")) {
      return Optional.empty();
    }
    double seconds = Double.parseDouble(value.strip()) * unit;
    return Optional.of(bounded(Duration.ofMillis(Math.round(seconds * 1000))));
  }

  private static Duration bounded(Duration wait) {
    if (wait.isNegative()) {
      return Duration.ZERO;
    }
    return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
  }
}
