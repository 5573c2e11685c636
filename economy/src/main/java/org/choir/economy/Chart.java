package org.choir.economy;

import java.time.YearMonth;
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
   * What may be made in this 30-day epoch and is not yet: filled once with the epoch's cap, so that
   * the ledger itself refuses to reward more. No overdraft.
   */
  public static AccountId emission(int epoch) {
    return new AccountId("mint", "epoch-" + epoch, Currency.CHIP);
  }

  /** What citations of this month may be paid with, fixed at its start. No overdraft. */
  public static AccountId citationBudget(YearMonth month) {
    return new AccountId(TREASURY, "citations-" + month, Currency.USDC);
  }

  /**
   * What citations pay a user: pending what the month's end will settle, and all that ever came in
   * is what they earned, for it passes on to {@link #available} at once. No overdraft.
   */
  public static AccountId citations(TenantId user) {
    return AccountId.user(user, "citations", Currency.USDC);
  }
}
