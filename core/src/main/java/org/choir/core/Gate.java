package org.choir.core;

/**
 * The port that every action of every agent passes before it happens. Implementations are
 * thread-safe, answer within their own deadline, and refuse what they cannot judge.
 */
@FunctionalInterface
public interface Gate {
  /** The verdict for this action. */
  Verdict decide(Action action);
}
