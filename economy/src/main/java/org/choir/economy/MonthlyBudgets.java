package org.choir.economy;

import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;

/**
 * The budget that pays the citations of each month. It is fixed once and borrowed at once, so that
 * it never exceeds what was really borrowed; what the citations did not use repays the debt.
 * Thread-safe in one process.
 */
public final class MonthlyBudgets {
  private static final int ATTEMPTS_MAX = 3;

  private final Database database;
  private final Ledger ledger;
  private final PriceBook prices;
  private final ParameterHistory parameters;
  private final TreasuryDebt debt;
  private final InstantSource clock;

  MonthlyBudgets(
      Database database,
      Ledger ledger,
      PriceBook prices,
      ParameterHistory parameters,
      TreasuryDebt debt,
      InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.prices = prices;
    this.parameters = parameters;
    this.debt = debt;
    this.clock = clock;
  }

  /**
   * Fixes the budget of the month that runs and borrows it; the next calls answer the same. To be
   * called at the month's start, and again while it fails.
   *
   * @throws ChoirException {@code not_this_month}, {@code no_price}, {@code price_stale}, {@code
   *     price_paused}
   */
  public BudgetRule.Budget fix(YearMonth month) {
    debt.lock().lock();
    try {
      Instant now = clock.instant();
      Optional<Row> there = row(month);
      if (there.isEmpty()) {
        requireNow(month, now);
        debt.accrue(now);
        BudgetRule.Budget budget = BudgetRule.of(inputs(month, now));
        insert(budget, now);
      }
      return draw(month);
    } finally {
      debt.lock().unlock();
    }
  }

  private static void requireNow(YearMonth month, Instant now) {
    YearMonth today = YearMonth.from(now.atZone(ZoneOffset.UTC));
    if (!month.equals(today)) {
      throw ChoirException.usage(
          "not_this_month",
          "the budget of " + month + " cannot be fixed in " + today,
          "a budget is fixed in its own month");
    }
  }

  private BudgetRule.Inputs inputs(YearMonth month, Instant now) {
    Parameters in = parameters.at(now);
    return new BudgetRule.Inputs(
        month,
        ledger.balance(Chart.treasury(Currency.CHIP)).posted(),
        prices.require().micros(),
        in.of(Parameter.LOAN_TO_VALUE),
        in.of(Parameter.MONTHLY_SHARE),
        debt.owed(),
        in.of(Parameter.BUDGET_CAP),
        debt.realised());
  }

  /** Borrows what a row says; if the lender took dollars back meanwhile, the budget shrinks. */
  private BudgetRule.Budget draw(YearMonth month) {
    for (int attempt = 0; ; attempt++) {
      Row row = row(month).orElseThrow();
      BudgetRule.Budget budget = row.budget();
      if (!row.state().equals("requested")) {
        return budget;
      }
      try {
        if (budget.amount() > 0) {
          ledger.require(drawing(budget));
        }
        state(month, "drawn");
        return budget;
      } catch (LedgerException e) {
        if (e.outcome() != Outcome.EXCEEDS_CREDITS || attempt == ATTEMPTS_MAX) {
          throw e;
        }
        shrink(budget);
      }
    }
  }

  private List<Transfer> drawing(BudgetRule.Budget budget) {
    String month = budget.inputs().month().toString();
    String amount = Long.toString(budget.amount());
    return Transfer.together(
        Transfer.move(
            Transfer.id("budget", month, amount, "cash"),
            debt.cash(),
            Chart.treasury(Currency.USDC),
            budget.amount(),
            TreasuryFlow.DEBT_DRAWN.reason(),
            budget.explanation()),
        Transfer.move(
            Transfer.id("budget", month, amount, "debt"),
            debt.principal(),
            debt.claims(),
            budget.amount(),
            "debt_owed",
            budget.explanation()));
  }

  private void shrink(BudgetRule.Budget budget) {
    BudgetRule.Inputs in = budget.inputs();
    long realised = Math.min(in.realised(), debt.realised());
    BudgetRule.Budget less =
        BudgetRule.of(
            new BudgetRule.Inputs(
                in.month(),
                in.chip(),
                in.price(),
                in.loanToValue(),
                in.monthlyShare(),
                in.debt(),
                in.cap(),
                realised));
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.monthly_budget set realised = ?, amount = ?"
                    + " where month = ? and state = 'requested'",
                realised,
                less.amount(),
                in.month().toString()));
  }

  /** A month's budget, if it is fixed. */
  public Optional<BudgetRule.Budget> budget(YearMonth month) {
    return row(month).filter(r -> !r.state().equals("requested")).map(Row::budget);
  }

  /**
   * Ends a month whose citations are paid: what they did not use repays the principal, as far as
   * something is owed. The next calls answer the same.
   *
   * @return what repaid the principal
   * @throws ChoirException {@code no_such_budget}, {@code citations_pending}
   */
  public long close(YearMonth month) {
    debt.lock().lock();
    try {
      Row row =
          row(month).filter(r -> !r.state().equals("requested")).orElseThrow(() -> noBudget(month));
      if (row.state().equals("drawn")) {
        long unused = row.budget().amount() == 0 ? 0 : unused(month);
        debt.accrue(clock.instant());
        long returned = Math.min(unused, debt.owedPrincipal());
        database.transaction(
            c ->
                Rows.update(
                    c,
                    "update economy.monthly_budget set state = 'closing', returned = ?"
                        + " where month = ? and state = 'drawn'",
                    returned,
                    month.toString()));
      }
      Row closing = row(month).orElseThrow();
      if (closing.state().equals("closing")) {
        if (closing.returned() > 0) {
          ledger.require(returning(month, closing.returned()));
        }
        state(month, "closed");
      }
      return closing.returned();
    } finally {
      debt.lock().unlock();
    }
  }

  /** The id of the transfer that gives back what the citations of a month did not use. */
  private static UUID rest(YearMonth month) {
    return Transfer.id("citations", month.toString(), "rest");
  }

  private long unused(YearMonth month) {
    Balance purse = ledger.balance(Chart.citationBudget(month));
    if (purse.creditsPosted() == 0 || purse.posted() != 0 || purse.debitsPending() != 0) {
      throw ChoirException.fatal(
          "citations_pending",
          "citations of " + month + " wait to be paid",
          "settle the month first");
    }
    return ledger.find(rest(month)).map(LedgerEntry::moved).orElse(0L);
  }

  private List<Transfer> returning(YearMonth month, long amount) {
    Explanation why =
        Explanation.of("what citations did not use, up to the principal", "month", month);
    return Transfer.together(
        Transfer.move(
            Transfer.id("budget", month.toString(), "returned", "cash"),
            Chart.treasury(Currency.USDC),
            debt.cash(),
            amount,
            TreasuryFlow.DEBT_REPAID.reason(),
            why),
        Transfer.move(
            Transfer.id("budget", month.toString(), "returned", "debt"),
            debt.claims(),
            debt.principal(),
            amount,
            "debt_cleared",
            why));
  }

  private static ChoirException noBudget(YearMonth month) {
    return ChoirException.usage(
        "no_such_budget", "no budget of " + month + " was fixed", "see: choir treasury");
  }

  private record Row(BudgetRule.Budget budget, String state, long returned) {}

  private Optional<Row> row(YearMonth month) {
    return database.transaction(
        c ->
            Rows.first(
                c,
                "select * from economy.monthly_budget where month = ?",
                row ->
                    new Row(
                        new BudgetRule.Budget(
                            new BudgetRule.Inputs(
                                month,
                                row.getLong("chip"),
                                row.getLong("price"),
                                row.getLong("loan_to_value"),
                                row.getLong("monthly_share"),
                                row.getLong("debt"),
                                row.getLong("cap"),
                                row.getLong("realised")),
                            row.getLong("capacity"),
                            row.getLong("amount")),
                        row.getString("state"),
                        row.getLong("returned")),
                month.toString()));
  }

  private void insert(BudgetRule.Budget budget, Instant now) {
    BudgetRule.Inputs in = budget.inputs();
    database.transaction(
        c ->
            Rows.update(
                c,
                "insert into economy.monthly_budget (month, lender, chip, price, loan_to_value,"
                    + " monthly_share, debt, cap, realised, capacity, amount, fixed_at, state)"
                    + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'requested')"
                    + " on conflict do nothing",
                in.month().toString(),
                debt.lender(),
                in.chip(),
                in.price(),
                in.loanToValue(),
                in.monthlyShare(),
                in.debt(),
                in.cap(),
                in.realised(),
                budget.capacity(),
                budget.amount(),
                now));
  }

  private void state(YearMonth month, String state) {
    database.transaction(
        c ->
            Rows.update(
                c,
                "update economy.monthly_budget set state = ? where month = ?",
                state,
                month.toString()));
  }
}
