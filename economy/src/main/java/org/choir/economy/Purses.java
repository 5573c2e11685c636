package org.choir.economy;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.core.Currency;
import org.choir.core.TenantId;

/** Opens the accounts that rewards, stakes, credits and citation payments need. */
final class Purses {
  private static final int REMEMBERED_MAX = 10_000;

  private final Ledger ledger;

  /** Whose are known to be open; an account is never closed. */
  private final Set<TenantId> opened = ConcurrentHashMap.newKeySet();

  Purses(Ledger ledger) {
    this.ledger = ledger;
  }

  /** A user's. */
  void open(TenantId user) {
    if (opened.contains(user)) {
      return;
    }
    open(ledger, user);
    if (opened.size() < REMEMBERED_MAX) {
      opened.add(user);
    }
  }

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
