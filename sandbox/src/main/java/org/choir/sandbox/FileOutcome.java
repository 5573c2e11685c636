package org.choir.sandbox;

import org.choir.core.Failure;

/** What became of one file of a batch; the others are not touched by it. */
public sealed interface FileOutcome {
  /** The guest path. */
  String path();

  /**
   * It was read or written.
   *
   * @param content what was read; empty for a write
   */
  record Done(String path, byte[] content) implements FileOutcome {}

  /** It was not; the failure's code is one of {@link SandboxException}'s file codes. */
  record Refused(String path, Failure failure) implements FileOutcome {}
}
