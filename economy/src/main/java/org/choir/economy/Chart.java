package org.choir.economy;

import org.choir.core.Currency;
import org.choir.core.TenantId;

/**
 * The chart of accounts: every account that exists, by what it is for. A sum that moves between
 * currencies goes through two linked transfers, one in each.
 */
public final class Chart {
  private static final String TREASURY = "treasury";

  private Chart() {}

  /** What a user may spend in this currency. No overdraft. */
  public static AccountId available(TenantId user, Currency currency) {
    return AccountId.user(user, "available", currency);
  }

  /** CHIP given at sign-up, which can only be staked. No overdraft. */
  public static AccountId starter(TenantId user) {
    return AccountId.user(user, "starter", Currency.CHIP);
  }

  /** CHIP that a user has at stake. No overdraft. */
  public static AccountId staked(TenantId user) {
    return AccountId.user(user, "staked", Currency.CHIP);
  }

  /** CHIP that was rewarded to a user and is not yet theirs. No overdraft. */
  public static AccountId unvested(TenantId user) {
    return AccountId.user(user, "unvested", Currency.CHIP);
  }

  /** What the treasury holds. No overdraft. */
  public static AccountId treasury(Currency currency) {
    return new AccountId(TREASURY, "holdings", currency);
  }

  /**
   * CHIP that may still be made: filled once with the supply cap, so that the ledger itself refuses
   * to make more. No overdraft.
   */
  public static AccountId unissuedChip() {
    return new AccountId("mint", "unissued", Currency.CHIP);
  }

  /** Where the supply cap came from. No limit; its balance is the cap, negative. */
  public static AccountId mint() {
    return new AccountId("mint", "cap", Currency.CHIP);
  }

  /** Where credits come from and go to when they are used. No limit. */
  public static AccountId compute() {
    return new AccountId("platform", "compute", Currency.CREDITS);
  }

  /** What a run has used up. No overdraft. */
  public static AccountId usedCredits() {
    return new AccountId("platform", "used", Currency.CREDITS);
  }

  /** Dollars at a bank or payment service, outside. No limit: what came from there is negative. */
  public static AccountId bank(String service) {
    return new AccountId("bank", service, Currency.USDC);
  }

  /** What the platform has earned with credits. No overdraft. */
  public static AccountId revenue() {
    return new AccountId("platform", "revenue", Currency.USDC);
  }

  /**
   * What a user bought by card a short while ago, while the card's bank may yet take the money
   * back. No overdraft.
   */
  public static AccountId held(TenantId user, Currency currency) {
    return AccountId.user(user, "held", currency);
  }

  /**
   * What a user owes: payments that were taken back after what they bought was spent. Negative
   * while there is a debt. No overpayment.
   */
  public static AccountId debt(TenantId user) {
    return AccountId.user(user, "debt", Currency.USDC);
  }

  /**
   * Payments that were taken back after the platform had spent them: what it owes itself. Negative
   * while it does. No overpayment.
   */
  public static AccountId shortfall() {
    return new AccountId("platform", "shortfall", Currency.USDC);
  }
}
