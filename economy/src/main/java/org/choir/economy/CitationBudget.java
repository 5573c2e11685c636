package org.choir.economy;

import java.time.YearMonth;

/**
 * What the treasury gives for the citations of a month, fixed at its start.
 *
 * @param amount in the smallest unit of USDC
 * @param average citations a month over the last three
 * @param how how the amount came about
 */
public record CitationBudget(YearMonth month, long amount, long average, Explanation how) {
  public CitationBudget {
    if (amount < 0 || average < 0) {
      throw new IllegalArgumentException("a budget of " + amount + " for " + average);
    }
  }
}
