package org.choir.agent;

import java.util.Locale;

/** Where a run stands; the words are an outside contract. */
public enum RunState {
  QUEUED,
  PLANNING,
  RUNNING,
  WAITING_APPROVAL,
  NEEDS_DECISION,
  PAUSED,
  BUDGET_EXHAUSTED,
  COMPLETED,
  FAILED,
  CANCELLED;

  /** The word in events and output, for example {@code budget_exhausted}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether nothing more will happen. */
  public boolean isFinal() {
    return this == COMPLETED || this == FAILED || this == CANCELLED;
  }
}
