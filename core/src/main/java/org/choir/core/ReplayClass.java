package org.choir.core;

/**
 * What may be done with an action whose intent is recorded and whose result is not. Every tool
 * declares one.
 */
public enum ReplayClass {
  /**
   * No effect outside the run's workspace, which is rewound to the last recorded state: do it
   * again.
   */
  READ_ONLY,
  /** The destination recognises the action's key: do it again with the same key. */
  KEYED,
  /** The outcome is unknown and a repetition may be a second effect: stop and ask a person. */
  ASK
}
