package org.choir.economy;

import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.choir.database.Database;

/**
 * Writes interest down day by day: first the decision, then the transfer that follows from it. The
 * principal that stands at the end of a day bears that day's interest, so it must be called before
 * each change of a principal.
 */
final class InterestAccrual {
  private final Database database;
  private final Ledger ledger;

  InterestAccrual(Database database, Ledger ledger) {
    this.database = database;
    this.ledger = ledger;
  }

  /**
   * A debt.
   *
   * @param name unique for ever
   * @param principal owed, negative
   * @param interest owed, negative
   * @param claims of the one to whom it is owed
   * @param ppm of the principal for a year
   * @param since the first day that bears interest
   * @param byTreasury who owes it, and so in whose favour is rounded
   */
  record Debt(
      String name,
      AccountId principal,
      AccountId interest,
      AccountId claims,
      long ppm,
      LocalDate since,
      boolean byTreasury) {}

  private record Accrued(
      LocalDate since, LocalDate through, long principal, long ppm, long amount) {
    Transfer order(Debt debt) {
      return Transfer.move(
          Transfer.id("interest", debt.name(), through.toString()),
          debt.interest(),
          debt.claims(),
          amount,
          "interest_accrued",
          Explanation.of(
              "principal x rate x days / 365, rounded "
                  + (debt.byTreasury() ? "down" : "up")
                  + " in favour of the treasury",
              "principal",
              principal,
              "rate_ppm_a_year",
              ppm,
              "from",
              since,
              "until",
              through));
    }
  }

  /** Makes sure that interest stands in the ledger for every day before this one. */
  void accrue(Debt debt, LocalDate today) {
    Optional<Accrued> last = last(debt);
    last.ifPresent(accrued -> order(debt, accrued));
    LocalDate since = last.map(Accrued::through).orElse(debt.since());
    if (!since.isBefore(today)) {
      return;
    }
    long principal = owed(ledger, debt.principal());
    long days = ChronoUnit.DAYS.between(since, today);
    long amount =
        debt.byTreasury()
            ? InterestRule.owedByTreasury(principal, debt.ppm(), days)
            : InterestRule.owedToTreasury(principal, debt.ppm(), days);
    database.transaction(
        c ->
            Rows.update(
                c,
                "insert into economy.interest (debt, through, since, principal, ppm, amount)"
                    + " values (?, ?, ?, ?, ?, ?) on conflict do nothing",
                debt.name(),
                today,
                since,
                principal,
                debt.ppm(),
                amount));
    order(debt, last(debt).orElseThrow());
  }

  private Optional<Accrued> last(Debt debt) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select * from economy.interest where debt = ? order by through desc limit 1",
                row ->
                    new Accrued(
                        row.getObject("since", LocalDate.class),
                        row.getObject("through", LocalDate.class),
                        row.getLong("principal"),
                        row.getLong("ppm"),
                        row.getLong("amount")),
                debt.name()));
  }

  private void order(Debt debt, Accrued accrued) {
    if (accrued.amount() > 0 && ledger.find(accrued.order(debt).id()).isEmpty()) {
      ledger.require(accrued.order(debt));
    }
  }

  /** What stands against a debt's account, as a positive number. */
  static long owed(Ledger ledger, AccountId account) {
    return Math.negateExact(ledger.balance(account).posted());
  }
}
