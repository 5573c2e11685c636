package org.choir.sandbox;

import java.util.Optional;
import org.choir.core.Digest;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/** A write whose base was stale, {@code conflict}; nothing was changed. */
public final class FileConflictException extends SandboxException {
  private final transient @Nullable Digest current;

  FileConflictException(String message, @Nullable Digest current, @Nullable Throwable cause) {
    super(
        new Failure(
            "conflict",
            message,
            "read the file again and redo the change on it",
            ExitStatus.FAILED,
            false),
        cause);
    this.current = current;
  }

  /** The digest of what is there now; empty if nothing is. */
  public Optional<Digest> current() {
    return Optional.ofNullable(current);
  }

  @Override
  SandboxException again() {
    return new FileConflictException(failure().message(), current, this);
  }
}
