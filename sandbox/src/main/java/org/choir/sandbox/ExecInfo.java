package org.choir.sandbox;

import java.util.Optional;

/**
 * A command that a guest knows: running, or ended and kept.
 *
 * @param program its first word
 * @param startedMillis since 1970, by the guest's clock
 * @param inputBytes of its standard input that it was given
 * @param end how it ended; null while it runs
 */
public record ExecInfo(
    String id,
    String program,
    int uid,
    long startedMillis,
    long inputBytes,
    long stdoutBytes,
    long stderrBytes,
    @org.jspecify.annotations.Nullable ExecResult end) {

  /** How it ended; empty while it runs. */
  public Optional<ExecResult> result() {
    return Optional.ofNullable(end);
  }
}
