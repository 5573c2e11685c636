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

  /**
   * What the treasury has set aside to lend to users; no more than this can be lost. No overdraft.
   */
  public static AccountId lending() {
    return new AccountId(TREASURY, "lending", Currency.USDC);
  }

  /** What users owe to the treasury, all together. No overdraft. */
  public static AccountId loanClaims() {
    return new AccountId(TREASURY, "loan-claims", Currency.USDC);
  }

  /** CHIP pledged for one loan. No overdraft. */
  public static AccountId collateral(TenantId user, String loan) {
    return AccountId.user(user, "collateral." + loan, Currency.CHIP);
  }

  /** The principal that a user owes on one loan, negative. No overpayment. */
  public static AccountId loanPrincipal(TenantId user, String loan) {
    return AccountId.user(user, "principal." + loan, Currency.USDC);
  }

  /** The interest that a user owes on one loan, negative. No overpayment. */
  public static AccountId loanInterest(TenantId user, String loan) {
    return AccountId.user(user, "interest." + loan, Currency.USDC);
  }

  /** Dollars that a lender has paid in and not lent. No overdraft. */
  public static AccountId lenderCash(String lender) {
    return new AccountId("lender:" + lender, "cash", Currency.USDC);
  }

  /** What the treasury owes to a lender, as the lender sees it. No overdraft. */
  public static AccountId lenderClaims(String lender) {
    return new AccountId("lender:" + lender, "claims", Currency.USDC);
  }

  /** The principal that the treasury owes to a lender, negative. No overpayment. */
  public static AccountId treasuryPrincipal(String lender) {
    return new AccountId(TREASURY, "principal." + lender, Currency.USDC);
  }

  /** The interest that the treasury owes to a lender, negative. No overpayment. */
  public static AccountId treasuryInterest(String lender) {
    return new AccountId(TREASURY, "interest." + lender, Currency.USDC);
  }

  /** The dollars of all depositors, one for one, touched by nothing else. No overdraft. */
  public static AccountId depositReserve() {
    return new AccountId("deposits", "reserve", Currency.USDC);
  }

  /** What is owed to all depositors, negative. No overpayment. */
  public static AccountId depositLiability() {
    return new AccountId("deposits", "liability", Currency.USDC);
  }

  /** The principal of one deposit, as its owner sees it. No overdraft. */
  public static AccountId deposit(TenantId user, String deposit) {
    return AccountId.user(user, "deposit." + deposit, Currency.USDC);
  }

  /** What operations has earned and set aside to share with depositors. No overdraft. */
  public static AccountId surplus() {
    return new AccountId("platform", "surplus", Currency.USDC);
  }

  /** CHIP that stands behind a proposal while it is open. No overdraft. */
  public static AccountId bond(TenantId user, String proposal) {
    return AccountId.user(user, "bond." + proposal, Currency.CHIP);
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
