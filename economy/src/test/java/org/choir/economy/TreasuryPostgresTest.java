package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.UUID;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;

/** The treasury's life over the real ledger and the real tables, in one database. */
class TreasuryPostgresTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final long UNIT = 1_000_000;

  private final TestClock clock = new TestClock();

  @Test
  void aMonthWithBudgetLoanDepositAndVoteAddsUpOnPostgres() {
    try (Database database = TestDatabase.fresh();
        PostgresLedger ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, clock)) {
      Genesis.ensure(ledger);
      ParameterHistory history = new ParameterHistory(database);
      TreasurySales sales = new TreasurySales(database, ledger, clock);
      PriceBook prices = new PriceBook(database, sales, clock);
      Treasury treasury =
          new Treasury(
              database, ledger, prices, history, new Treasury.Lender("house", 50_000), clock);
      Loans loans = new Loans(database, ledger, prices, history, clock);
      Deposits deposits = new Deposits(database, ledger, history, clock);
      Governance governance = new Governance(database, ledger, loans, prices, history, clock);
      ledger.open(Chart.bank("test"), Limit.NONE);
      Purses.open(ledger, ADA);

      move(ledger, Chart.treasury(Currency.CHIP), chip(ADA), 20_000 * UNIT, "chip_sold");
      move(ledger, Chart.bank("test"), Chart.treasury(Currency.USDC), 9_000 * UNIT, "chip_sold");
      sales.offer(500_000, "operator");
      clock.forward(Duration.ofHours(24));
      prices.read();

      treasury.paidIn("test", 100_000 * UNIT, "first");
      YearMonth month = YearMonth.of(2026, 11);
      BudgetRule.Budget budget = treasury.budgets().fix(month);
      assertThat(budget.amount()).isEqualTo(7_470 * UNIT);

      treasury.fundLending(1_000 * UNIT, "lending");
      Loans.View loan = loans.open(ADA, 10_000 * UNIT, 900 * UNIT, "one");
      Deposits.Deposit kept = deposits.deposit(ADA, 500 * UNIT, "one");
      Proposal proposal = governance.propose(ADA, Parameter.RUN_QUICK, 24, "one");
      // 10,000 of 20,000 are pledged, and the 900 dollars would buy 1,800.
      assertThat(governance.vote(ADA, proposal.id(), true).weight()).isEqualTo(8_200 * UNIT);
      assertThat(proposal.circulating()).isEqualTo(20_000 * UNIT);

      clock.forward(Duration.ofDays(31));
      prices.read();
      governance.settle();
      governance.settle();
      assertThat(history.at(clock.instant()).of(Parameter.RUN_QUICK)).isEqualTo(24);
      deposits.withdraw(ADA, kept.id());
      assertThat(treasury.budgets().closeSettled()).isEqualTo(7_470 * UNIT);
      move(ledger, Chart.bank("test"), usdc(ADA), 10 * UNIT, "test");
      loans.repay(ADA, loan.loan().id(), 500 * UNIT, "a part");
      long rest = loans.of(ADA).getFirst().owed();
      assertThat(rest).isGreaterThan(400 * UNIT).isLessThan(407 * UNIT);
      loans.repay(ADA, loan.loan().id(), rest, "the rest");
      assertThat(ledger.balance(chip(ADA)).posted()).isEqualTo(20_000 * UNIT);
      assertThat(treasury.standing().principal()).isZero();
      assertThat(treasury.standing().interest()).isPositive();

      Instant end = clock.instant();
      assertThat(end).isAfter(kept.freeAt());
      for (long seq = 0; seq <= ledger.seq(); seq++) {
        assertThat(deposits.covered(seq)).isTrue();
        for (Currency currency : new Currency[] {Currency.CHIP, Currency.USDC}) {
          assertThat(TreasuryBooks.of(ledger, currency, seq).agree()).isTrue();
        }
      }
    }
  }

  private static AccountId chip(TenantId user) {
    return Chart.available(user, Currency.CHIP);
  }

  private static AccountId usdc(TenantId user) {
    return Chart.available(user, Currency.USDC);
  }

  private static void move(
      Ledger ledger, AccountId from, AccountId to, long amount, String reason) {
    ledger.require(Transfer.move(UUID.randomUUID(), from, to, amount, reason, Explanation.NONE));
  }
}
