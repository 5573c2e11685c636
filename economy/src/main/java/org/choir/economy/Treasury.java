package org.choir.economy;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;

/**
 * What the platform owns and owes: CHIP and dollars, the lender's credit against the CHIP, and the
 * budget of each month. Thread-safe in one process.
 */
public final class Treasury {
  private final Database database;
  private final Ledger ledger;
  private final PriceBook prices;
  private final ParameterHistory parameters;
  private final TreasuryDebt debt;
  private final MonthlyBudgets budgets;
  private final InstantSource clock;

  /**
   * Who lends to the treasury.
   *
   * @param name a lower-case name
   * @param interest parts per million of the principal for a year
   */
  public record Lender(String name, long interest) {}

  /**
   * The treasury at a moment.
   *
   * @param chip that it holds
   * @param usdc that it holds
   * @param price the average; 0 without one
   * @param capacity the most that it may owe at that price
   * @param principal that it owes
   * @param interest that it owes
   * @param realised what the lender has paid in and not lent
   * @param lending what it may still lend to users
   * @param lent what users owe to it
   */
  public record Standing(
      long chip,
      long usdc,
      long price,
      long capacity,
      long principal,
      long interest,
      long realised,
      long lending,
      long lent) {}

  /** Over a database whose room {@code economy} is migrated. */
  public Treasury(
      Database database,
      Ledger ledger,
      PriceBook prices,
      ParameterHistory parameters,
      Lender lender,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.prices = prices;
    this.parameters = parameters;
    this.debt = new TreasuryDebt(database, ledger, lender);
    this.budgets = new MonthlyBudgets(database, ledger, prices, parameters, debt, clock);
    this.clock = clock;
    ledger.open(Chart.treasury(Currency.CHIP), Limit.NO_OVERDRAFT);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(Chart.lending(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.loanClaims(), Limit.NO_OVERDRAFT);
  }

  /** The budgets that pay citations. */
  public MonthlyBudgets budgets() {
    return budgets;
  }

  /** How it stands. */
  public Standing standing() {
    Instant now = clock.instant();
    long chip = ledger.balance(Chart.treasury(Currency.CHIP)).posted();
    long price = prices.quote().map(q -> q.average().micros()).orElse(0L);
    long capacity =
        BudgetRule.capacity(chip, price, parameters.at(now).of(Parameter.LOAN_TO_VALUE));
    return new Standing(
        chip,
        ledger.balance(Chart.treasury(Currency.USDC)).posted(),
        price,
        capacity,
        debt.owedPrincipal(),
        debt.owedInterest(),
        debt.realised(),
        ledger.balance(Chart.lending()).available(),
        ledger.balance(Chart.loanClaims()).posted());
  }

  /**
   * The lender's dollars have arrived and may be borrowed.
   *
   * @param service where they arrived, as in {@link Chart#bank}
   * @param key the same for each retry
   * @throws ChoirException {@code bad_amount}, {@code bad_key}
   */
  public void paidIn(String service, long amount, String key) {
    ledger.open(Chart.bank(service), Limit.NONE);
    ledger.require(
        Transfer.move(
            Transfer.id("lender-paid-in", debt.lender(), Requests.key(key)),
            Chart.bank(service),
            debt.cash(),
            Requests.amount(amount, "dollars"),
            "lender_paid_in",
            Explanation.NONE));
  }

  /**
   * Sets dollars of the treasury aside to lend to users; only these can be lost by lending.
   *
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code ledger_exceeds_credits}
   */
  public void fundLending(long amount, String key) {
    ledger.require(
        Transfer.move(
            Transfer.id("fund-lending", Requests.key(key)),
            Chart.treasury(Currency.USDC),
            Chart.lending(),
            Requests.amount(amount, "dollars"),
            TreasuryFlow.LENDING_FUNDED.reason(),
            Explanation.NONE));
  }

  /** Writes down the interest of every day that is over; to be called once a day. */
  public void accrue() {
    debt.lock().lock();
    try {
      debt.accrue(clock.instant());
    } finally {
      debt.lock().unlock();
    }
  }

  /**
   * Gives dollars of the treasury back to the lender: interest first, then principal.
   *
   * @param key the same for each retry
   * @return what of it was interest
   * @throws ChoirException {@code bad_amount}, {@code bad_key}, {@code more_than_owed}, {@code
   *     ledger_exceeds_credits}
   */
  public long repay(long amount, String key) {
    Requests.amount(amount, "dollars");
    Requests.key(key);
    debt.lock().lock();
    try {
      Instant now = clock.instant();
      Optional<Repayment> there = repayment(key);
      if (there.isEmpty()) {
        debt.accrue(now);
        long interest = Math.min(amount, debt.owedInterest());
        long principal = amount - interest;
        if (principal > debt.owedPrincipal()) {
          throw ChoirException.usage(
              "more_than_owed",
              "the treasury owes " + debt.owed() + " micro-dollars, not " + amount,
              "repay less");
        }
        database.transaction(
            c ->
                Rows.update(
                    c,
                    "insert into economy.debt_repayment (key, lender, interest, principal, at,"
                        + " state) values (?, ?, ?, ?, ?, 'requested')",
                    key,
                    debt.lender(),
                    interest,
                    principal,
                    now));
      } else if (there.get().interest() + there.get().principal() != amount) {
        throw ChoirException.usage(
            "key_reused", "the key " + key + " was used for another amount", "use a new key");
      }
      Repayment repayment = repayment(key).orElseThrow();
      repay(repayment);
      return repayment.interest();
    } finally {
      debt.lock().unlock();
    }
  }

  private record Repayment(String key, long interest, long principal) {}

  private Optional<Repayment> repayment(String key) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select * from economy.debt_repayment where key = ?",
                row -> new Repayment(key, row.getLong("interest"), row.getLong("principal")),
                key));
  }

  private void repay(Repayment repayment) {
    String key = repayment.key();
    List<Transfer> parts = new ArrayList<>();
    parts.add(
        Transfer.move(
            Transfer.id("debt-repayment", key, "cash"),
            Chart.treasury(Currency.USDC),
            debt.cash(),
            Math.addExact(repayment.interest(), repayment.principal()),
            TreasuryFlow.DEBT_REPAID.reason(),
            Explanation.NONE));
    if (repayment.interest() > 0) {
      parts.add(clearing(key, "interest", debt.interest(), repayment.interest()));
    }
    if (repayment.principal() > 0) {
      parts.add(clearing(key, "principal", debt.principal(), repayment.principal()));
    }
    List<Transfer> orders = Transfer.together(parts.toArray(Transfer[]::new));
    try {
      ledger.require(orders);
    } catch (LedgerException e) {
      if (ledger.find(orders.getFirst().id()).isEmpty()) {
        database.transaction(
            c ->
                Rows.update(
                    c,
                    "delete from economy.debt_repayment where key = ? and state = 'requested'",
                    key));
      }
      throw e;
    }
    database.transaction(
        c -> Rows.update(c, "update economy.debt_repayment set state = 'done' where key = ?", key));
  }

  private Transfer clearing(String key, String part, AccountId owed, long amount) {
    return Transfer.move(
        Transfer.id("debt-repayment", key, part),
        debt.claims(),
        owed,
        amount,
        "debt_cleared",
        Explanation.NONE);
  }
}
