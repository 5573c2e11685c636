package org.choir.knowledge;

import java.util.List;

/**
 * A claim with what was found about it.
 *
 * @param score the probability that it is supported, 0 to 1
 * @param reason a stable code, a colon and what it means here; empty if fully supported
 * @param quotes the words of the sources that carry it; empty unless the verdict stands
 */
public record ClaimResult(
    Claim claim,
    ClaimVerdict verdict,
    double score,
    String reason,
    List<Quote> quotes,
    Judge.Id judge) {
  public ClaimResult {
    quotes = List.copyOf(quotes);
  }
}
