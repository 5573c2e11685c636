package org.choir.knowledge;

import java.util.Locale;

/** How a claim stands to its evidence; the words are an outside contract. */
public enum ClaimVerdict {
  /** The evidence says it. */
  SUPPORTED,
  /** The evidence says a part of it, or says it weaker. */
  PARTIAL,
  /** The evidence says otherwise. */
  CONTRADICTED,
  /** The evidence does not say it, or none is cited. */
  UNSUPPORTED,
  /** Its source cannot be read. */
  UNREACHABLE,
  /** It cites what does not exist. */
  FABRICATED;

  /** The word in records and output. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether a report may contain the claim. */
  public boolean stands() {
    return this == SUPPORTED || this == PARTIAL;
  }
}
