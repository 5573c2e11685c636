package org.choir.core;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The port that every action of every agent passes before it happens. Implementations are
 * thread-safe, answer within their own deadline, and refuse what they cannot judge.
 */
@FunctionalInterface
public interface Gate {
  /** The verdict for this action. */
  Verdict decide(Action action);

  /**
   * Makes a recorded decision again. A gate that decides by what has changed since reads it from
   * the reason it gave.
   *
   * @param reason as recorded with the decision; empty if there was none
   */
  default Verdict again(Action action, String reason) {
    return decide(action);
  }

  /**
   * The gate for the actions of one run.
   *
   * @param runStarted the run's first event: what the person who started it asked for
   */
  default Gate forRun(JsonNode runStarted) {
    return this;
  }

  /**
   * The rules it decides by, complete enough to make the same decisions again, with the gate's name
   * and version as {@code gate}; an empty object if it cannot say them.
   */
  default JsonNode configuration() {
    return Json.object();
  }
}
