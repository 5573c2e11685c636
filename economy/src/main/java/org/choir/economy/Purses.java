package org.choir.economy;

import org.choir.core.Currency;
import org.choir.core.TenantId;

/** Opens the accounts that rewards, stakes, credits and citation payments need. */
final class Purses {
  private Purses() {}

  /** A user's. */
  static void open(Ledger ledger, TenantId user) {
    for (Currency currency : new Currency[] {Currency.CREDITS, Currency.CHIP, Currency.USDC}) {
      ledger.open(Chart.available(user, currency), Limit.NO_OVERDRAFT);
    }
    ledger.open(Chart.starter(user), Limit.NO_OVERDRAFT);
    ledger.open(Chart.staked(user), Limit.NO_OVERDRAFT);
    ledger.open(Chart.unvested(user), Limit.NO_OVERDRAFT);
    ledger.open(Chart.citations(user), Limit.NO_OVERDRAFT);
  }

  /** The platform's. */
  static void open(Ledger ledger) {
    ledger.open(Chart.mint(), Limit.NONE);
    ledger.open(Chart.unissuedChip(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(Chart.compute(), Limit.NONE);
    ledger.open(Chart.usedCredits(), Limit.NO_OVERDRAFT);
  }
}
