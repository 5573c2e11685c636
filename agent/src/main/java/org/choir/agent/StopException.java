package org.choir.agent;

import org.choir.core.ExitStatus;
import org.choir.core.Failure;

/**
 * Ends an agent's loop in a recorded, mostly resumable state. A subagent's stop travels to the
 * lead, which records it for the run.
 */
final class StopException extends LoopException {
  private final RunState state;
  private final String reason;

  StopException(RunState state, String reason, Failure failure) {
    super(failure, null);
    this.state = state;
    this.reason = reason;
  }

  /** Stopped because of a failure: its code is the reason. */
  static StopException failure(RunState state, Failure failure) {
    return new StopException(state, failure.code(), failure);
  }

  static StopException interrupted() {
    return paused("interrupted", "the run was interrupted");
  }

  static StopException paused(String reason, String message) {
    return new StopException(
        RunState.PAUSED,
        reason,
        new Failure(
            "paused", message, "continue it with: choir resume RUN", ExitStatus.WAITING, false));
  }

  static StopException cancelled(String message) {
    return new StopException(
        RunState.CANCELLED,
        "cancelled",
        new Failure("cancelled", message, "", ExitStatus.FAILED, false));
  }

  static StopException exhausted(String what, String message) {
    return new StopException(
        RunState.BUDGET_EXHAUSTED,
        what,
        new Failure(
            "budget_exhausted",
            message,
            "continue with more: choir resume RUN --budget AMOUNT",
            ExitStatus.BUDGET,
            false));
  }

  static StopException waiting(RunState state, String action, String message) {
    return new StopException(
        state,
        state.word(),
        new Failure(
            state.word(),
            message,
            "decide with: choir approve "
                + action
                + ", or: choir deny "
                + action
                + " --reason TEXT",
            ExitStatus.WAITING,
            false));
  }

  RunState state() {
    return state;
  }

  String reason() {
    return reason;
  }
}
