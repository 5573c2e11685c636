package org.choir.audit;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/**
 * A log that cannot be written, read or trusted. While {@code code()} is {@code log_unavailable}
 * the caller must stop its outside effects: what cannot be recorded must not happen.
 */
public final class LogException extends ChoirException {
  private LogException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }

  /** Bytes that do not have the form they claim: a note, a bundle, a proof, a key. */
  static LogException malformed(String code, String message) {
    return new LogException(
        new Failure(
            code, message, "get the file again from where it came", ExitStatus.FAILED, false),
        null);
  }

  /** An entry, index or size that the log refuses. */
  static LogException refused(String code, String message, String remedy) {
    return new LogException(new Failure(code, message, remedy, ExitStatus.USAGE, false), null);
  }

  /** The append is not acknowledged; a later one may succeed (a full disk, a busy log). */
  static LogException unavailable(String message, @Nullable Throwable cause) {
    return new LogException(
        new Failure(
            "log_unavailable",
            message,
            "see to the disk of the log; nothing may act outside until it is back",
            ExitStatus.FAILED,
            true),
        cause);
  }

  /** Another writer owns the log now; whoever gets this stops at once. */
  public static LogException fenced(String message) {
    return new LogException(
        new Failure(
            "log_fenced",
            message,
            "end the other server, or use that one",
            ExitStatus.FAILED,
            false),
        null);
  }

  /** The log is not what it was: it must not be continued before a person has looked at it. */
  static LogException untrusted(String code, String message, String remedy) {
    return new LogException(new Failure(code, message, remedy, ExitStatus.FAILED, false), null);
  }

  /** As {@link #untrusted(String, String, String)}, keeping the cause. */
  static LogException untrusted(String code, String message, String remedy, Throwable cause) {
    return new LogException(new Failure(code, message, remedy, ExitStatus.FAILED, false), cause);
  }

  /** The same failure to be thrown in another thread, with this one as its cause. */
  LogException copy() {
    return new LogException(failure(), this);
  }
}
