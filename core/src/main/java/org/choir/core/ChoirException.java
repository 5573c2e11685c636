package org.choir.core;

import org.jspecify.annotations.Nullable;

/**
 * The one exception that crosses rooms. It carries a {@link Failure}; its message never holds a
 * secret. A room may extend it where a caller must tell cases apart by type.
 */
public class ChoirException extends RuntimeException {
  private final transient Failure failure;

  public ChoirException(Failure failure) {
    this(failure, null);
  }

  public ChoirException(Failure failure, @Nullable Throwable cause) {
    super(failure.message(), cause);
    this.failure = failure;
  }

  /** Bad input: exit status 2, pointless to retry unchanged. */
  public static ChoirException usage(String code, String message, String remedy) {
    return new ChoirException(new Failure(code, message, remedy, ExitStatus.USAGE, false));
  }

  /** A failure that will not go away by itself: exit status 1. */
  public static ChoirException fatal(String code, String message, String remedy) {
    return new ChoirException(new Failure(code, message, remedy, ExitStatus.FAILED, false));
  }

  /** As {@link #fatal(String, String, String)}, keeping the cause. */
  public static ChoirException fatal(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new ChoirException(new Failure(code, message, remedy, ExitStatus.FAILED, false), cause);
  }

  /** A failure that may pass: a lost connection, a busy service. Exit status 1 if it does not. */
  public static ChoirException retryable(
      String code, String message, String remedy, @Nullable Throwable cause) {
    return new ChoirException(new Failure(code, message, remedy, ExitStatus.FAILED, true), cause);
  }

  /** What went wrong. */
  public Failure failure() {
    return failure;
  }

  /** Shorthand for {@code failure().code()}. */
  public String code() {
    return failure.code();
  }
}
