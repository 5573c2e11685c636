package org.choir.core;

/** How a command ends; the numbers are an outside contract. */
public enum ExitStatus {
  DONE(0),
  /** Failed, cancelled or not verified. */
  FAILED(1),
  /** Wrong usage: an argument, a configuration value or a source that cannot be used. */
  USAGE(2),
  /** Waiting for a person: paused, approval, decision. */
  WAITING(3),
  BUDGET(4),
  /** Interrupted by Ctrl-C; the run is paused. */
  INTERRUPTED(130);

  private final int code;

  ExitStatus(int code) {
    this.code = code;
  }

  /** The process exit code. */
  public int code() {
    return code;
  }
}
