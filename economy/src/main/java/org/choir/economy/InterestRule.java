package org.choir.economy;

/** Simple interest by whole days: on the principal alone, never on interest. */
public final class InterestRule {
  /** Days of a year, in every year. */
  static final long YEAR = 365;

  private InterestRule() {}

  /** Interest that the treasury owes, rounded down. */
  public static long owedByTreasury(long principal, long ppmPerYear, long days) {
    return Shares.part(principal, Math.multiplyExact(ppmPerYear, days), YEAR * Shares.WHOLE);
  }

  /** Interest that a user owes to the treasury, rounded up. */
  public static long owedToTreasury(long principal, long ppmPerYear, long days) {
    return Shares.partUp(principal, Math.multiplyExact(ppmPerYear, days), YEAR * Shares.WHOLE);
  }
}
