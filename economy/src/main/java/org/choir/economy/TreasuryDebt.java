package org.choir.economy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.database.Database;

/**
 * What the treasury owes to its lender, as accounts of the ledger. Two pairs move together: the
 * dollars, and the claim for them. Whoever changes the principal holds the lock and has called
 * {@link #accrue} before.
 */
final class TreasuryDebt {
  private final Database database;
  private final Ledger ledger;
  private final Treasury.Lender lender;
  private final InterestAccrual accrual;
  private final ReentrantLock lock = new ReentrantLock();

  TreasuryDebt(Database database, Ledger ledger, Treasury.Lender lender) {
    this.database = database;
    this.ledger = ledger;
    this.lender = lender;
    this.accrual = new InterestAccrual(database, ledger);
    ledger.open(cash(), Limit.NO_OVERDRAFT);
    ledger.open(claims(), Limit.NO_OVERDRAFT);
    ledger.open(principal(), Limit.NO_OVERPAYMENT);
    ledger.open(interest(), Limit.NO_OVERPAYMENT);
  }

  String lender() {
    return lender.name();
  }

  /** One change of the debt at a time. */
  ReentrantLock lock() {
    return lock;
  }

  AccountId cash() {
    return Chart.lenderCash(lender.name());
  }

  AccountId claims() {
    return Chart.lenderClaims(lender.name());
  }

  AccountId principal() {
    return Chart.treasuryPrincipal(lender.name());
  }

  AccountId interest() {
    return Chart.treasuryInterest(lender.name());
  }

  long owedPrincipal() {
    return InterestAccrual.owed(ledger, principal());
  }

  long owedInterest() {
    return InterestAccrual.owed(ledger, interest());
  }

  long owed() {
    return Math.addExact(owedPrincipal(), owedInterest());
  }

  /** What the lender has paid in and not lent. */
  long realised() {
    return ledger.balance(cash()).available();
  }

  /** Writes down the interest of every day before this moment's. */
  void accrue(Instant now) {
    Optional<LocalDate> since = firstDraw();
    if (since.isPresent()) {
      accrual.accrue(
          new InterestAccrual.Debt(
              "lender:" + lender.name(),
              principal(),
              interest(),
              claims(),
              lender.interest(),
              since.get(),
              true),
          LocalDate.ofInstant(now, ZoneOffset.UTC));
    }
  }

  private Optional<LocalDate> firstDraw() {
    return database.transaction(
        c ->
            Rows.first(
                    c,
                    "select min(fixed_at) as at from economy.monthly_budget where lender = ?",
                    row -> Rows.maybeInstant(row, "at"),
                    lender.name())
                .flatMap(at -> at)
                .map(at -> LocalDate.ofInstant(at, ZoneOffset.UTC)));
  }
}
