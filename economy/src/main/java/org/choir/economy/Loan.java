package org.choir.economy;

import java.time.Instant;
import org.choir.core.TenantId;

/**
 * A loan of dollars against CHIP, as it was made; what is pledged and owed now stands in the
 * ledger, in accounts of this loan alone.
 *
 * @param collateral CHIP pledged at the start
 * @param amount dollars paid out
 * @param price the average by which it was made
 * @param depth of the market then
 * @param others collateral of all other loans then
 * @param loanToValue then, in parts per million
 * @param interest parts per million of the principal for a year, for the life of the loan
 */
public record Loan(
    String id,
    TenantId owner,
    long collateral,
    long amount,
    long price,
    long depth,
    long others,
    long loanToValue,
    long interest,
    Instant at,
    State state) {

  /** Where a loan is in its life. */
  public enum State {
    /** Asked for; the ledger has not answered. */
    REQUESTED,
    OPEN,
    /** All collateral is taken and something is still owed. */
    UNCOVERED,
    REPAID,
    /** The collateral cleared the debt; the rest of it went back. */
    LIQUIDATED;

    /** Whether nothing is owed any more. */
    public boolean over() {
      return this == REPAID || this == LIQUIDATED;
    }
  }

  /** How the amount came about. */
  Explanation explanation() {
    return Explanation.of(
        "amount <= CHIP x price x depth / (depth + others) x depth / (depth + others + CHIP) x loan to"
            + " value",
        "loan",
        id,
        "chip",
        collateral,
        "price_micros",
        price,
        "depth",
        depth,
        "other_collateral",
        others,
        "loan_to_value_ppm",
        loanToValue,
        "interest_ppm_a_year",
        interest);
  }
}
