package org.choir.economy;

import java.util.Locale;
import java.util.Optional;

/**
 * Why anything enters or leaves what the treasury holds. The word is the reason of the transfer; a
 * transfer of another reason touches the holdings of nobody's permission, and {@link TreasuryBooks}
 * shows it.
 */
public enum TreasuryFlow {
  /** CHIP made at the beginning. */
  GENESIS,
  /** CHIP of a revision. */
  REVISION_FEE,
  /** CHIP of a boost. */
  BOOST_FEE,
  /** CHIP of a stake that was taken. */
  STAKE_SLASHED,
  /** CHIP sold, and its dollars. */
  CHIP_SOLD,
  /** Dollars that credits have earned. */
  CREDITS_REVENUE,
  /** Other fees. */
  FEE,
  /** CHIP taken from a loan. */
  LOAN_LIQUIDATED,
  /** Dollars set aside to lend, or taken back. */
  LENDING_FUNDED,
  /** What was left of a month's budget after the debt was repaid. */
  CITATIONS_UNSPENT,
  /** Dollars given back to the lender. */
  DEBT_REPAID,
  /** What a vote gave away. */
  ALLOCATION;

  /** The reason of a transfer. */
  public String reason() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The flow of a reason. */
  static Optional<TreasuryFlow> of(String reason) {
    for (TreasuryFlow flow : values()) {
      if (flow.reason().equals(reason)) {
        return Optional.of(flow);
      }
    }
    return Optional.empty();
  }
}
