package org.choir.economy;

import java.util.Optional;

/**
 * What is lent against CHIP, and when a loan is taken apart. Amounts in the smallest unit; every
 * rounding favours the treasury.
 */
public final class LoanRule {
  /** What the treasury takes off the price when it takes collateral, in parts per million. */
  static final long PENALTY = 50_000;

  private LoanRule() {}

  /**
   * What governance has decided about loans.
   *
   * @param loanToValue the most that is lent, as a share of the worth after the haircut
   * @param liquidation the share of the worth from which a loan is taken apart
   * @param userCap the most that one user may owe
   * @param totalCap the most that all users may owe together
   */
  public record Terms(long loanToValue, long liquidation, long userCap, long totalCap) {
    /** As they stand in these parameters. */
    public static Terms of(Parameters parameters) {
      return new Terms(
          parameters.of(Parameter.USER_LOAN_TO_VALUE),
          parameters.of(Parameter.LOAN_LIQUIDATION),
          parameters.of(Parameter.LOAN_CAP_USER),
          parameters.of(Parameter.LOAN_CAP_TOTAL));
    }
  }

  /**
   * How much of a loan is taken apart.
   *
   * @param seized CHIP that goes to the treasury
   * @param cleared dollars of debt that it clears: seized x price x (1 - penalty)
   * @param whole whether all collateral is gone; then what is still owed stays owed, uncovered
   */
  public record Liquidation(long seized, long cleared, boolean whole) {}

  /**
   * The worth of collateral after the haircut: what a constant-product pool of the market's depth
   * would still pay for it if the collateral of every other loan had been sold into it before:
   * {@code CHIP x price x depth / (depth + others) x depth / (depth + others + CHIP)}. The sum over
   * many loans is that of one as large, so splitting a position or an account gains nothing.
   *
   * @param others the collateral of all other loans
   */
  public static long worth(long collateral, long others, long price, long depth) {
    if (depth == 0) {
      return 0;
    }
    long before = Math.addExact(depth, others);
    long first = Shares.part(BudgetRule.worth(collateral, price), depth, before);
    return Shares.part(first, depth, Math.addExact(before, collateral));
  }

  /** The most dollars for this collateral, before the caps. */
  public static long most(long collateral, long others, long price, long depth, long loanToValue) {
    return Shares.ppm(worth(collateral, others, price, depth), loanToValue);
  }

  /**
   * What must be taken from a loan that has reached the liquidation share: as much as brings it
   * back to the loan to value, or everything. Judged by the plain worth: what others pledge later
   * takes nobody's loan apart.
   */
  public static Optional<Liquidation> liquidation(
      long collateral, long owed, long price, Terms terms) {
    if (owed == 0 || collateral == 0) {
      return Optional.empty();
    }
    long worth = BudgetRule.worth(collateral, price);
    if (owed < Shares.ppm(worth, terms.liquidation())) {
      return Optional.empty();
    }
    long all = cleared(collateral, price);
    if (all <= owed) {
      return Optional.of(new Liquidation(collateral, all, true));
    }
    // owed - s*p*(1-penalty) = ltv*(collateral - s)*p, solved for the worth s*p.
    long target = Shares.ppm(worth, terms.loanToValue());
    long part = Shares.WHOLE - PENALTY - terms.loanToValue();
    long seizedWorth = Shares.partUp(owed - target, Shares.WHOLE, part);
    long seized = Shares.partUp(seizedWorth, 1_000_000, price);
    if (seized >= collateral || cleared(seized, price) >= owed) {
      long enough = Math.min(collateral, toClear(owed, price));
      return Optional.of(new Liquidation(enough, owed, enough == collateral));
    }
    return Optional.of(new Liquidation(seized, cleared(seized, price), false));
  }

  /** The dollars of debt that seized CHIP clears. */
  private static long cleared(long chip, long price) {
    return Shares.ppm(BudgetRule.worth(chip, price), Shares.WHOLE - PENALTY);
  }

  /** The CHIP that clears a debt. */
  private static long toClear(long owed, long price) {
    long worth = Shares.partUp(owed, Shares.WHOLE, Shares.WHOLE - PENALTY);
    // One unit more covers what the two roundings down of cleared() take.
    return Math.addExact(Shares.partUp(Math.addExact(worth, 1), 1_000_000, price), 1);
  }
}
