package org.choir.economy;

import java.time.YearMonth;
import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * What the treasury may borrow, and what of it pays the citations of a month. All amounts in the
 * smallest unit, every product rounded down, so that the treasury never promises a unit too much.
 */
public final class BudgetRule {
  private BudgetRule() {}

  /**
   * What a month's budget follows from, as it stood when the month began.
   *
   * @param chip what the treasury itself holds: neither collateral of others nor unissued CHIP
   * @param price micro-dollars for a whole CHIP, averaged over time
   * @param loanToValue share of the worth that may be borrowed, in parts per million
   * @param monthlyShare share of the capacity that a month may use, in parts per million
   * @param debt principal and interest that the treasury owes
   * @param cap the most that any month may have
   * @param realised dollars that the lender has paid in and that are not lent yet
   */
  public record Inputs(
      YearMonth month,
      long chip,
      long price,
      long loanToValue,
      long monthlyShare,
      long debt,
      long cap,
      long realised) {}

  /**
   * A month's budget.
   *
   * @param capacity CHIP x price x loan to value
   * @param amount the smallest of the share of capacity, capacity less debt, cap and realised
   */
  public record Budget(Inputs inputs, long capacity, long amount) {
    /** How it came about. */
    public Explanation explanation() {
      return Explanation.of(
          "min(capacity x monthly share, capacity - debt, cap, realised), capacity = CHIP x price x"
              + " loan to value",
          "month",
          inputs.month(),
          "chip",
          new Money(inputs.chip(), Currency.CHIP),
          "price",
          new Money(inputs.price(), Currency.USD),
          "loan to value",
          inputs.loanToValue() + " ppm",
          "monthly share",
          inputs.monthlyShare() + " ppm",
          "capacity",
          usdc(capacity),
          "debt",
          usdc(inputs.debt()),
          "cap",
          usdc(inputs.cap()),
          "realised",
          usdc(inputs.realised()));
    }

    private static Money usdc(long micro) {
      return new Money(micro, Currency.USDC);
    }
  }

  /**
   * What CHIP is worth in micro-dollars, rounded down.
   *
   * @param price micro-dollars for a whole CHIP
   */
  public static long worth(long chip, long price) {
    return Shares.part(chip, price, 1_000_000);
  }

  /** The most that the treasury may owe. */
  public static long capacity(long chip, long price, long loanToValue) {
    return Shares.ppm(worth(chip, price), loanToValue);
  }

  /** The budget that follows. */
  public static Budget of(Inputs in) {
    long capacity = capacity(in.chip(), in.price(), in.loanToValue());
    long left = Math.max(0, Math.subtractExact(capacity, in.debt()));
    long share = Shares.ppm(capacity, in.monthlyShare());
    long amount = Math.min(Math.min(share, left), Math.min(in.cap(), in.realised()));
    return new Budget(in, capacity, Math.max(0, amount));
  }
}
