package org.choir.model;

import java.time.Duration;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/** A model call that gave no answer. */
public final class ModelException extends ChoirException {
  private final Kind kind;
  private final transient @Nullable Duration retryAfter;

  public ModelException(
      Kind kind, Failure failure, @Nullable Duration retryAfter, @Nullable Throwable cause) {
    super(failure, cause);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  /** What can be done about it. */
  public enum Kind {
    /** Wrong or missing key. */
    UNAUTHORIZED,
    /** No such model at this provider. */
    UNKNOWN_MODEL,
    /** Too many requests: wait. */
    RATE_LIMITED,
    /** The provider failed (5xx) or is overloaded: try again. */
    PROVIDER_FAILED,
    /** No connection, or the stream ended before the answer did: try again. */
    CUT,
    /** The deadline passed. */
    TIMEOUT,
    /** The conversation is longer than the model takes: compact it, then try once more. */
    CONTEXT_OVERFLOW,
    /** The provider refuses the request as malformed. */
    BAD_REQUEST
  }

  /** What can be done about it. */
  public Kind kind() {
    return kind;
  }

  /** How long the provider asks to wait. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }
}
