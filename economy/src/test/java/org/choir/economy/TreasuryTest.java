package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Prices, debt and budgets of the treasury. */
class TreasuryTest {
  private static final long DOLLAR = TreasuryWorld.DOLLAR;
  private static final YearMonth JANUARY = YearMonth.of(2026, 1);

  private final TreasuryWorld world = new TreasuryWorld();

  @BeforeEach
  void market() {
    world.steady(500_000, 24);
  }

  static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private BudgetRule.Budget january() {
    world.treasury.paidIn("test", 100_000 * DOLLAR, "first");
    return world.treasury.budgets().fix(JANUARY);
  }

  @Test
  void aBudgetIsOnePercentOfCapacityAndIsBorrowed() {
    BudgetRule.Budget budget = january();
    assertThat(budget.capacity()).isEqualTo(750_000 * DOLLAR);
    assertThat(budget.amount()).isEqualTo(7_500 * DOLLAR);
    Treasury.Standing now = world.treasury.standing();
    assertThat(now.usdc()).isEqualTo(7_500 * DOLLAR);
    assertThat(now.principal()).isEqualTo(7_500 * DOLLAR);
    assertThat(now.realised()).isEqualTo(92_500 * DOLLAR);
    assertThat(budget.explanation().inputs()).containsEntry("price", "0.5 USD");
  }

  @Test
  void aBudgetIsFixedOnceWhateverThePriceDoesThen() {
    BudgetRule.Budget first = january();
    world.steady(590_000, 48);
    world.give(TreasuryWorld.ADA, 1_000_000);
    assertThat(world.treasury.budgets().fix(JANUARY)).isEqualTo(first);
    assertThat(world.treasury.budgets().budget(JANUARY)).contains(first);
    assertThat(world.treasury.standing().principal()).isEqualTo(first.amount());
  }

  @Test
  void aBudgetIsNeverMoreThanTheLenderHasPaidIn() {
    world.treasury.paidIn("test", 100 * DOLLAR, "first");
    world.treasury.paidIn("test", 100 * DOLLAR, "first");
    assertThat(world.treasury.budgets().fix(JANUARY).amount()).isEqualTo(100 * DOLLAR);
    assertThat(world.treasury.standing().realised()).isZero();
  }

  @Test
  void withoutALenderTheBudgetIsNothing() {
    assertThat(world.treasury.budgets().fix(JANUARY).amount()).isZero();
    requireFails(() -> world.treasury.budgets().close(JANUARY), "citations_pending");
    world.pass(Duration.ofDays(30));
    assertThat(world.treasury.budgets().close(JANUARY)).isZero();
  }

  @Test
  void aBudgetThatNobodyAskedForRepaysTheDebtWhole() {
    january();
    world.pass(Duration.ofDays(40));
    assertThat(world.treasury.budgets().closeSettled()).isEqualTo(7_500 * DOLLAR);
    assertThat(world.treasury.standing().principal()).isZero();
  }

  @Test
  void theBudgetIsCapacityLessDebtWhenThatIsSmaller() {
    BudgetRule.Inputs in =
        new BudgetRule.Inputs(
            JANUARY,
            5_000_000_000_000L,
            500_000,
            300_000,
            10_000,
            749_999_000_000L,
            1L << 50,
            1L << 50);
    assertThat(BudgetRule.of(in).amount()).isEqualTo(DOLLAR);
  }

  @Test
  void onlyItsOwnMonthFixesABudget() {
    requireFails(() -> world.treasury.budgets().fix(JANUARY.plusMonths(1)), "not_this_month");
    requireFails(() -> world.treasury.budgets().fix(JANUARY.minusMonths(1)), "not_this_month");
    requireFails(() -> world.treasury.budgets().close(JANUARY), "no_such_budget");
  }

  @Test
  void aStalePriceFixesNoBudgetAndAFreshOneDoes() {
    world.pass(Duration.ofHours(25));
    requireFails(() -> world.treasury.budgets().fix(JANUARY), "price_stale");
    world.tell(500_000);
    world.treasury.budgets().fix(JANUARY);
  }

  @Test
  void anOpenBreakerPausesTheBudgetAndSaysHowItEnds() {
    world.tell(500_000);
    world.pass(Duration.ofMinutes(1));
    world.tell(900_000);
    assertThatThrownBy(() -> world.treasury.budgets().fix(JANUARY))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo("price_paused");
              assertThat(e.failure().remedy()).contains("2026-01-02T01:01:00Z");
            });
    world.pass(Duration.ofHours(1));
    world.tell(510_000);
    world.treasury.budgets().fix(JANUARY);
  }

  @Test
  void whatCitationsDidNotUseRepaysTheDebt() {
    BudgetRule.Budget budget = january();
    CitationPayments citations =
        new CitationPayments(
            world.database, world.ledger, () -> Parameters.STANDARD, () -> world.now);
    world.database.transaction(
        c -> Rows.update(c, "truncate economy.citation_pay, economy.citation_month"));
    citations.open(new CitationBudget(JANUARY, budget.amount(), 1_500, budget.explanation()));
    requireFails(() -> world.treasury.budgets().close(JANUARY), "citations_pending");
    List<Cited> cited = List.of(Economy.cited("c1", TreasuryWorld.ADA, "ben", world.now));
    citations.observe(cited);
    world.now = Instant.parse("2026-02-01T00:00:00Z");
    assertThat(world.treasury.budgets().closeSettled()).isZero();
    citations.close(JANUARY, cited);
    assertThat(world.treasury.budgets().closeSettled()).isEqualTo(7_495 * DOLLAR);
    assertThat(world.treasury.budgets().closeSettled()).isZero();
    assertThat(world.treasury.budgets().close(JANUARY)).isEqualTo(7_495 * DOLLAR);
    assertThat(world.usdc(TreasuryWorld.ADA)).isEqualTo(5 * DOLLAR);
    assertThat(world.treasury.standing().principal()).isEqualTo(5 * DOLLAR);
    assertThat(world.treasury(Currency.USDC)).isZero();
    agree();
  }

  @Test
  void interestIsSimpleDailyAndRoundedForTheTreasury() {
    january();
    world.pass(Duration.ofDays(10));
    world.treasury.accrue();
    world.treasury.accrue();
    // 7,500 x 5 % x 10 / 365 = 10.273972.6
    assertThat(world.treasury.standing().interest()).isEqualTo(10_273_972);
    world.pass(Duration.ofDays(10));
    world.treasury.accrue();
    assertThat(world.treasury.standing().interest()).isEqualTo(2 * 10_273_972L);
  }

  @Test
  void repaymentsClearInterestFirstAndNeverMoreThanIsOwed() {
    january();
    world.pass(Duration.ofDays(10));
    world.pay(Chart.treasury(Currency.USDC), 100);
    assertThat(world.treasury.repay(100 * DOLLAR, "one")).isEqualTo(10_273_972);
    assertThat(world.treasury.repay(100 * DOLLAR, "one")).isEqualTo(10_273_972);
    Treasury.Standing now = world.treasury.standing();
    assertThat(now.interest()).isZero();
    assertThat(now.principal()).isEqualTo(7_500 * DOLLAR - (100 * DOLLAR - 10_273_972));
    requireFails(() -> world.treasury.repay(99 * DOLLAR, "one"), "key_reused");
    requireFails(() -> world.treasury.repay(8_000 * DOLLAR, "two"), "more_than_owed");
    agree();
  }

  @Test
  void aNegativeOrOverflowingAmountIsRefusedEverywhere() {
    for (long amount : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      requireFails(() -> world.treasury.paidIn("test", amount, "k"), "bad_amount");
      requireFails(() -> world.treasury.repay(amount, "k"), "bad_amount");
      requireFails(() -> world.treasury.fundLending(amount, "k"), "bad_amount");
      requireFails(() -> world.loans.open(TreasuryWorld.ADA, amount, 1, "k"), "bad_amount");
      requireFails(() -> world.loans.open(TreasuryWorld.ADA, 1, amount, "k"), "bad_amount");
      requireFails(() -> world.deposits.deposit(TreasuryWorld.ADA, amount, "k"), "bad_amount");
      requireFails(
          () -> world.governance.propose(TreasuryWorld.ADA, Chart.lending(), amount, "mine", "k"),
          "bad_amount");
    }
    assertThatThrownBy(() -> BudgetRule.worth(Long.MAX_VALUE, Long.MAX_VALUE))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void lowAverageBaitRaisesTheRateButNeverTheBudget() {
    BudgetRule.Budget budget = january();
    // An average of 1 instead of 1,500, then a burst of 1,000 citations.
    CitationRule.Terms bait = new CitationRule.Terms(budget.amount(), 1, 100, 20);
    long eligible = 1_000;
    assertThat(CitationRule.rate(bait, eligible) * eligible).isLessThanOrEqualTo(budget.amount());
    assertThat(CitationRule.rate(bait, 1)).isLessThanOrEqualTo(budget.amount() / 100);
    assertThat(world.treasury.standing().principal()).isEqualTo(budget.amount());
  }

  @Test
  void theTreasuryIsTheSumOfItsNamedFlowsAfterEveryEntry() {
    january();
    world.give(TreasuryWorld.ADA, 1_000);
    world.pay(Chart.treasury(Currency.USDC), 500);
    world.treasury.repay(200 * DOLLAR, "one");
    world.treasury.fundLending(100 * DOLLAR, "two");
    world.treasury.returnLending(40 * DOLLAR, "three");
    world.pay(Chart.revenue(), 30);
    world.treasury.takeRevenue(30 * DOLLAR, "four");
    world.treasury.takeRevenue(30 * DOLLAR, "four");
    for (long seq = 0; seq <= world.books.seq(); seq++) {
      for (Currency currency : new Currency[] {Currency.CHIP, Currency.USDC}) {
        TreasuryBooks books = TreasuryBooks.of(world.books, currency, seq);
        assertThat(books.unnamed()).isZero();
        assertThat(books.sum()).isEqualTo(books.balance());
      }
    }
    world.move(Chart.bank("test"), Chart.treasury(Currency.USDC), 1, "somehow");
    assertThat(TreasuryBooks.of(world.books, Currency.USDC, world.books.seq()).agree()).isFalse();
  }

  private void agree() {
    for (Currency currency : new Currency[] {Currency.CHIP, Currency.USDC}) {
      assertThat(TreasuryBooks.of(world.books, currency, world.books.seq()).agree()).isTrue();
    }
  }

  @Test
  void aServerKilledAnywhereBorrowsAndRepaysOnce() {
    for (int n = 1; n <= 8; n++) {
      for (boolean after : new boolean[] {false, true}) {
        TreasuryWorld fresh = new TreasuryWorld();
        fresh.steady(500_000, 24);
        fresh.pay(Chart.treasury(Currency.USDC), 50);
        fresh.ledger.kill(n, after);
        for (int attempt = 0; attempt < 10; attempt++) {
          try {
            fresh.treasury.paidIn("test", 100_000 * DOLLAR, "first");
            fresh.treasury.budgets().fix(JANUARY);
            fresh.treasury.repay(50 * DOLLAR, "one");
            break;
          } catch (ChoirException e) {
            assertThat(e.code()).isEqualTo("killed");
            fresh.restart();
          }
        }
        Treasury.Standing now = fresh.treasury.standing();
        assertThat(now.principal()).isEqualTo(7_450 * DOLLAR);
        assertThat(now.realised()).isEqualTo(92_550 * DOLLAR);
        assertThat(now.usdc()).isEqualTo(7_500 * DOLLAR);
      }
    }
  }

  @Test
  void ownTokenCollateralOfTheTreasuryRaisesItsDebtNoFurtherThanRealDollars() {
    // FTT: the house borrows against a token that it makes and prices itself.
    world.treasury.paidIn("test", 1_000 * DOLLAR, "first");
    BudgetRule.Budget budget = world.treasury.budgets().fix(JANUARY);
    assertThat(budget.amount()).isEqualTo(1_000 * DOLLAR);
    long capacity = world.treasury.standing().capacity();
    // CHIP that is not made yet, or that others pledge, is no collateral of the treasury's.
    assertThat(capacity).isEqualTo(BudgetRule.capacity(Genesis.TREASURY, 500_000, 300_000));
    // Its own offer at ten times the price does not count.
    world.pass(Duration.ofMinutes(1));
    world.tell(5_000_000);
    assertThat(world.treasury.standing().capacity()).isLessThan(capacity + capacity / 100);
    // And when the token falls, no month is paid on credit that the token does not bear.
    BudgetRule.Inputs fallen =
        new BudgetRule.Inputs(
            JANUARY, Genesis.TREASURY, 500, 300_000, 10_000, 1_000 * DOLLAR, 1L << 50, 1L << 50);
    assertThat(BudgetRule.of(fallen).amount()).isZero();
  }

  @Test
  void randomMonthsNeverPromiseMoreThanShareCapCapacityOrRealDollars() {
    long seed = new Random().nextLong();
    System.out.println("seed of the months: " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      BudgetRule.Inputs in =
          new BudgetRule.Inputs(
              JANUARY,
              random.nextLong(100_000_000_000_000L),
              random.nextLong(1, PricePoint.MICROS_MAX),
              random.nextLong(100_000, 500_001),
              random.nextLong(1_000, 30_001),
              random.nextLong(1L << 50),
              random.nextLong(1L << 44),
              random.nextLong(1L << 44));
      BudgetRule.Budget budget = BudgetRule.of(in);
      assertThat(budget.amount()).isNotNegative();
      assertThat(budget.amount()).isLessThanOrEqualTo(Math.min(in.cap(), in.realised()));
      assertThat(budget.amount()).isLessThanOrEqualTo(Math.max(0, budget.capacity() - in.debt()));
      assertThat(budget.amount())
          .isLessThanOrEqualTo(
              budget.capacity() / 1_000_000 * in.monthlyShare() + in.monthlyShare());
    }
  }
}
