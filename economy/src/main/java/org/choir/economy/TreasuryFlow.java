package org.choir.economy;

import java.util.Locale;
import java.util.Optional;

/**
 * Why anything enters or leaves what the treasury holds. The word is the reason of the transfer; a
 * transfer of another reason touches the holdings of nobody's permission, and {@link TreasuryBooks}
 * shows it.
 */
public enum TreasuryFlow {
  /** CHIP that the treasury began with. */
  GENESIS,
  /** CHIP given at sign-up, which can only be staked. */
  STARTER,
  /** CHIP of a revision. */
  REVISION_FEE,
  /** CHIP of a boost. */
  BOOST_FEE,
  /** CHIP of a stake that was taken. */
  STAKE_SLASHED,
  /** CHIP to whoever bought them, and the dollars for it. */
  CHIP_SOLD,
  /** CHIP that came back, and dollars that went back, because the buyer's bank took the payment. */
  CHIP_SALE_UNDONE,
  /** Dollars that credits have earned. */
  CREDITS_REVENUE,
  /** CHIP taken from a loan. */
  LOAN_LIQUIDATED,
  /** Dollars set aside to lend. */
  LENDING_FUNDED,
  /** Dollars that are no longer set aside to lend. */
  LENDING_RETURNED,
  /** Dollars borrowed from the lender. */
  DEBT_DRAWN,
  /** Dollars given back to the lender. */
  DEBT_REPAID,
  /** Dollars laid aside for the citations of a month. */
  CITATION_BUDGET,
  /** What these did not use. */
  CITATION_BUDGET_REST,
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
