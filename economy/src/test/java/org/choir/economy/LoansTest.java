package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.economy.TreasuryTest.requireFails;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Loans of users against CHIP. */
@ExtendWith(OneDatabase.class)
class LoansTest {
  private static final long CHIP = TreasuryWorld.CHIP;
  private static final long DOLLAR = TreasuryWorld.DOLLAR;
  private static final TenantId ADA = TreasuryWorld.ADA;
  private static final TenantId EVE = TreasuryWorld.EVE;

  private final TreasuryWorld world;

  LoansTest(Database database) {
    world = new TreasuryWorld(database);
  }

  @BeforeEach
  void lendingWithAPrice() {
    world.steady(1_000_000, 24);
    world.pay(Chart.treasury(Currency.USDC), 60_000);
    world.treasury.fundLending(50_000 * DOLLAR, "lending");
    world.give(ADA, 10_000);
    world.give(EVE, 1_000_000);
  }

  private Loans.View loan() {
    return world.loans.open(ADA, 1_000 * CHIP, 299 * DOLLAR, "one");
  }

  @Test
  void aLoanIsThirtyPercentOfTheWorthAfterTheHaircut() {
    // 1,000 CHIP against a depth of a million: 1,000 x 1,000,000 / 1,001,000 = 999.000999
    long most = LoanRule.most(1_000 * CHIP, 0, DOLLAR, world.depth, 300_000);
    assertThat(most).isEqualTo(299_700_299);
    requireFails(() -> world.loans.open(ADA, 1_000 * CHIP, most + 1, "one"), "loan_too_large");
    Loans.View view = world.loans.open(ADA, 1_000 * CHIP, most, "one");
    assertThat(view.loan().state()).isEqualTo(Loan.State.OPEN);
    assertThat(world.usdc(ADA)).isEqualTo(most);
    assertThat(world.chip(ADA)).isEqualTo(9_000 * CHIP);
    assertThat(view.collateral()).isEqualTo(1_000 * CHIP);
    assertThat(world.posted(Chart.loanClaims())).isEqualTo(most);
    assertThat(view.liquidationPrice()).isEqualTo(599_401);
  }

  @Test
  void theSameKeyLendsOnce() {
    Loans.View first = loan();
    assertThat(loan()).isEqualTo(first);
    assertThat(world.usdc(ADA)).isEqualTo(299 * DOLLAR);
    requireFails(() -> world.loans.open(ADA, 1_000 * CHIP, DOLLAR, "one"), "key_reused");
  }

  @Test
  void splittingAPositionOrAnAccountBorrowsNoMore() {
    long whole = LoanRule.most(900_000 * CHIP, 0, DOLLAR, world.depth, 300_000);
    long parts = 0;
    for (long i = 0; i < 9; i++) {
      parts += LoanRule.most(100_000 * CHIP, i * 100_000 * CHIP, DOLLAR, world.depth, 300_000);
    }
    assertThat(parts).isCloseTo(whole, within(20));
    assertThat(whole).isEqualTo(142_105_263_157L);
  }

  @Test
  void nobodyAndAllTogetherBorrowNoMoreThanTheCaps() {
    world.loans.open(EVE, 500_000 * CHIP, 5_000 * DOLLAR, "one");
    requireFails(() -> world.loans.open(EVE, 100 * CHIP, DOLLAR, "two"), "loan_cap");
    requireFails(
        () -> world.loans.open(ADA, 10_000 * CHIP, 5_001 * DOLLAR, "one"), "loan_too_large");
  }

  @Test
  void onlyWhatWasSetAsideCanBeLent() {
    long left = world.posted(Chart.lending());
    world.move(Chart.lending(), Chart.bank("test"), left - DOLLAR, "test");
    requireFails(this::loan, "ledger_exceeds_credits");
    assertThat(world.loans.of(ADA)).isEmpty();
    assertThat(world.chip(ADA)).isEqualTo(10_000 * CHIP);
    world.move(Chart.bank("test"), Chart.lending(), 1_000 * DOLLAR, "test");
    assertThat(loan().loan().state()).isEqualTo(Loan.State.OPEN);
  }

  @Test
  void starterAndUnvestedChipCannotBePledged() {
    TenantId zoe = new TenantId("zoe");
    Purses.open(world.ledger, zoe);
    world.move(Chart.treasury(Currency.CHIP), Chart.starter(zoe), 50 * CHIP, "starter");
    requireFails(() -> world.loans.open(zoe, 50 * CHIP, DOLLAR, "one"), "ledger_exceeds_credits");
  }

  @Test
  void interestIsRoundedUpAndRepaidFirstAndTheCollateralComesBackWithTheLast() {
    Loans.View view = loan();
    String id = view.loan().id();
    world.steady(1_000_000, 24 * 30);
    world.pay(Chart.available(ADA, Currency.USDC), 10);
    view = world.loans.repay(ADA, id, 100 * DOLLAR, "first");
    // 299 x 8 % x 30 / 365, rounded up
    long interest = 1_966_028;
    assertThat(view.owed()).isEqualTo(199 * DOLLAR + interest);
    assertThat(view.interest()).isZero();
    assertThat(world.loans.repay(ADA, id, 100 * DOLLAR, "first")).isEqualTo(view);
    long owed = view.owed();
    requireFails(() -> world.loans.repay(ADA, id, owed + 1, "second"), "more_than_owed");
    view = world.loans.repay(ADA, id, owed, "second");
    assertThat(view.loan().state()).isEqualTo(Loan.State.REPAID);
    assertThat(view.collateral()).isZero();
    assertThat(world.chip(ADA)).isEqualTo(10_000 * CHIP);
    assertThat(world.posted(Chart.loanClaims())).isZero();
    assertThat(world.posted(Chart.lending())).isEqualTo(50_000 * DOLLAR + interest);
    requireFails(() -> world.loans.repay(ADA, id, 1, "third"), "loan_over");
  }

  @Test
  void aLoanIsItsOwnersAlone() {
    String id = loan().loan().id();
    requireFails(() -> world.loans.repay(EVE, id, 1, "k"), "no_such_loan");
    requireFails(() -> world.loans.pledge(EVE, id, 1, "k"), "no_such_loan");
  }

  @Test
  void oneLoansCollateralNeverCoversAnother() {
    Loans.View first = loan();
    Loans.View second = world.loans.open(ADA, 9_000 * CHIP, 100 * DOLLAR, "two");
    slide(1_000_000, 550_000);
    assertThat(world.loans.liquidate()).containsExactly(first.loan().id());
    assertThat(world.loans.of(ADA).get(1).collateral()).isEqualTo(second.collateral());
  }

  /** The price goes down (or up) by steps within the band and stays until the average is there. */
  private void slide(long from, long to) {
    long price = from;
    while (price != to) {
      price = price > to ? Math.max(to, price - price / 6) : Math.min(to, price + price / 6);
      world.pass(Duration.ofMinutes(6));
      world.tell(price);
    }
    world.steady(to, 25);
  }

  @Test
  void aLoanIsTakenApartAsFarAsNeededAndTheRestStays() {
    String id = loan().loan().id();
    slide(1_000_000, 600_000);
    assertThat(world.loans.liquidate()).isEmpty();
    slide(600_000, 590_000);
    long treasury = world.treasury(Currency.CHIP);
    long dollars = world.posted(Chart.lending());
    assertThat(world.loans.liquidate()).containsExactly(id);
    Loans.View view = world.loans.of(ADA).getFirst();
    assertThat(view.loan().state()).isEqualTo(Loan.State.OPEN);
    long seized = 1_000 * CHIP - view.collateral();
    assertThat(world.treasury(Currency.CHIP)).isEqualTo(treasury + seized);
    assertThat(world.posted(Chart.lending())).isEqualTo(dollars);
    // Back at 30 % of what is left.
    long worth = BudgetRule.worth(view.collateral(), 590_000);
    assertThat(view.owed()).isCloseTo(Shares.ppm(worth, 300_000), within(1_000));
    assertThat(world.loans.liquidate()).isEmpty();
    assertThat(TreasuryBooks.of(world.books, Currency.CHIP, world.books.seq()).agree()).isTrue();
  }

  private static org.assertj.core.data.Offset<Long> within(long micros) {
    return org.assertj.core.data.Offset.offset(micros);
  }

  @Test
  void moreCollateralSavesALoanEvenWhileTheBreakerIsOpen() {
    String id = loan().loan().id();
    slide(1_000_000, 610_000);
    world.pass(Duration.ofMinutes(1));
    world.tell(100_000);
    world.loans.pledge(ADA, id, 1_000 * CHIP, "more");
    world.loans.pledge(ADA, id, 1_000 * CHIP, "more");
    assertThat(world.loans.of(ADA).getFirst().collateral()).isEqualTo(2_000 * CHIP);
    assertThat(world.loans.liquidate()).isEmpty();
  }

  @Test
  void anOpenBreakerLendsNothingButTakesLoansApart() {
    loan();
    slide(1_000_000, 550_000);
    world.pass(Duration.ofMinutes(1));
    world.tell(5_000_000);
    requireFails(() -> world.loans.open(ADA, 100 * CHIP, DOLLAR, "two"), "price_paused");
    assertThat(world.loans.liquidate()).hasSize(1);
  }

  @Test
  void aYoungOrStalePriceLendsNothing() {
    TreasuryWorld fresh = new TreasuryWorld(world.database);
    fresh.steady(1_000_000, 23);
    requireFails(() -> fresh.loans.open(ADA, CHIP, 1, "one"), "price_too_young");
    fresh.pass(Duration.ofHours(25));
    requireFails(() -> fresh.loans.open(ADA, CHIP, 1, "one"), "price_stale");
  }

  @Test
  void nothingIsLentInTheEpochOfAChangeOfLoanParameters() {
    changed(world.now.minusSeconds(60));
    requireFails(this::loan, "loans_rest");
    Instant end = Emission.end(Emission.epoch(world.now));
    while (world.now.isBefore(end)) {
      world.steady(1_000_000, 12);
    }
    assertThat(loan().loan().state()).isEqualTo(Loan.State.OPEN);
  }

  private void changed(Instant at) {
    world.database.transaction(
        c -> {
          Rows.update(
              c,
              "insert into economy.proposal (id, proposer, key, kind, subject, content, bond,"
                  + " quorum, timelock, at, closes_at, state) values ('p1', 'ada', 'k',"
                  + " 'parameter', 'loan-cap-user', '{}', 1, 1, 1, now(), now(), 'executed')");
          ParameterHistory.add(
              c,
              new ParameterHistory.Change(
                  "p1", Parameter.LOAN_CAP_USER, 5_000 * DOLLAR, 6_000 * DOLLAR, at));
          return 1;
        });
  }

  @Test
  void aPriceOraclePumpOfThinChipBorrowsNothingMore() {
    // Mango 2022: pump the own thin token within minutes, borrow against it, leave.
    world.depth = 1_000 * CHIP;
    long honest = LoanRule.most(1_000_000 * CHIP, 0, DOLLAR, world.depth, 300_000);
    for (int minute = 0; minute < 60; minute++) {
      world.pass(Duration.ofMinutes(1));
      world.tell(50_000_000);
    }
    requireFails(() -> world.loans.open(EVE, 1_000_000 * CHIP, DOLLAR, "one"), "price_paused");
    // Even with patience, one band an hour: two hours of pumping.
    world.pass(Duration.ofMinutes(1));
    world.tell(50_000_000);
    world.pass(Duration.ofMinutes(60));
    world.tell(1_400_000);
    long most =
        LoanRule.most(
            1_000_000 * CHIP,
            0,
            world.prices.require().micros(),
            world.prices.require().depth(),
            300_000);
    assertThat(most).isLessThan(honest + honest / 50);
    requireFails(
        () -> world.loans.open(EVE, 1_000_000 * CHIP, honest + honest / 50, "two"),
        "loan_too_large");
    // A million thin CHIP, worth a million at the price, bear less than the depth's worth.
    assertThat(most).isLessThan(400 * DOLLAR);
  }

  @Test
  void anOfferThatNobodyTakesLetsNobodyBorrow() {
    world.depth = 0;
    world.steady(1_000_000, 25);
    requireFails(() -> world.loans.open(ADA, 1_000 * CHIP, 1, "one"), "loan_too_large");
  }

  @Test
  void aLiquidationSpiralNeitherEmptiesTheTreasuryNorMovesThePrice() {
    List<TenantId> users = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      TenantId user = new TenantId("u" + i);
      users.add(user);
      world.give(user, 4_000);
      world.loans.open(user, 4_000 * CHIP, 900 * DOLLAR, "one");
    }
    long dollars = world.posted(Chart.lending());
    long holdings = world.treasury(Currency.USDC);
    long told = world.prices.history(1_000).size();
    long price = 1_000_000;
    long taken = 0;
    for (int hour = 0; hour < 60; hour++) {
      price = Math.max(100_000, price - price / 6);
      world.pass(Duration.ofHours(1));
      world.tell(price);
      taken += world.loans.liquidate().size();
      told++;
    }
    assertThat(taken).isGreaterThan(30);
    assertThat(world.posted(Chart.lending())).isEqualTo(dollars);
    assertThat(world.treasury(Currency.USDC)).isEqualTo(holdings);
    // Nothing was sold: the market heard nothing of it.
    assertThat(world.prices.history(1_000)).hasSize(Math.toIntExact(told));
    assertThat(world.prices.standing().micros()).isEqualTo(100_000);
    long owed = 0;
    for (TenantId user : users) {
      Loans.View view = world.loans.of(user).getFirst();
      owed += view.owed();
      assertThat(world.usdc(user)).isEqualTo(900 * DOLLAR);
    }
    assertThat(world.posted(Chart.loanClaims())).isEqualTo(owed);
    assertThat(TreasuryBooks.of(world.books, Currency.CHIP, world.books.seq()).agree()).isTrue();
  }

  @Test
  void whoOwesWithoutCollateralGetsNoOtherLoan() {
    String id = loan().loan().id();
    for (long price = 1_000_000; price > 1_000; price -= price / 6) {
      world.pass(Duration.ofMinutes(6));
      world.tell(price);
    }
    world.steady(1_000, 25);
    assertThat(world.loans.liquidate()).containsExactly(id);
    Loans.View view = world.loans.of(ADA).getFirst();
    assertThat(view.loan().state()).isEqualTo(Loan.State.UNCOVERED);
    assertThat(view.owed()).isPositive();
    requireFails(() -> world.loans.open(ADA, 100 * CHIP, 1, "two"), "loan_uncovered");
    assertThat(world.loans.liquidate()).isEmpty();
    assertThat(world.loans.repay(ADA, id, 100 * DOLLAR, "r").loan().state())
        .isEqualTo(Loan.State.UNCOVERED);
  }

  @Test
  void aServerKilledAnywhereLendsRepaysAndTakesApartOnce() {
    for (int n = 1; n <= 7; n++) {
      for (boolean after : new boolean[] {false, true}) {
        TreasuryWorld fresh = new TreasuryWorld(world.database);
        fresh.steady(1_000_000, 24);
        fresh.pay(Chart.lending(), 1_000);
        fresh.give(ADA, 1_000);
        fresh.ledger.kill(n, after);
        attempt(fresh, () -> fresh.loans.open(ADA, 1_000 * CHIP, 299 * DOLLAR, "one"));
        String id = fresh.loans.of(ADA).getFirst().loan().id();
        attempt(fresh, () -> fresh.loans.repay(ADA, id, 100 * DOLLAR, "r"));
        for (long price = 1_000_000; price > 350_000; price -= price / 6) {
          fresh.pass(Duration.ofMinutes(6));
          fresh.tell(price);
        }
        fresh.steady(350_000, 25);
        attempt(fresh, () -> fresh.loans.liquidate());
        Loans.View view = fresh.loans.of(ADA).getFirst();
        assertThat(fresh.usdc(ADA)).isEqualTo(199 * DOLLAR);
        assertThat(view.owed()).isEqualTo(fresh.posted(Chart.loanClaims()));
        long worth = BudgetRule.worth(view.collateral(), fresh.prices.standing().micros());
        assertThat(view.owed()).isCloseTo(Shares.ppm(worth, 300_000), within(1_000));
        assertThat(fresh.treasury(Currency.CHIP) + view.collateral()).isEqualTo(Genesis.TREASURY);
      }
    }
  }

  private static void attempt(TreasuryWorld world, Runnable work) {
    for (int i = 0; i < 5; i++) {
      try {
        work.run();
        return;
      } catch (ChoirException e) {
        assertThat(e.code()).isEqualTo("killed");
        world.restart();
      }
    }
    throw new AssertionError("it never ends");
  }

  @Test
  void randomLiquidationsNeverTakeMoreThanThereIsAndLeaveNoLoanAboveTheShare() {
    long seed = new Random().nextLong();
    System.out.println("seed of the liquidations: " + seed);
    Random random = new Random(seed);
    LoanRule.Terms terms = LoanRule.Terms.of(Parameters.STANDARD);
    for (int i = 0; i < 50_000; i++) {
      long collateral = random.nextLong(1, 1L << random.nextInt(2, 46));
      long price = random.nextLong(1, 1L << random.nextInt(2, 33));
      long owed = random.nextLong(1, 1L << random.nextInt(2, 46));
      Optional<LoanRule.Liquidation> found = LoanRule.liquidation(collateral, owed, price, terms);
      long worth = BudgetRule.worth(collateral, price);
      assertThat(found.isPresent()).isEqualTo(owed >= Shares.ppm(worth, terms.liquidation()));
      found.ifPresent(
          liquidation -> {
            assertThat(liquidation.seized()).isBetween(1L, collateral);
            assertThat(liquidation.cleared()).isBetween(0L, owed);
            // Never more debt is cleared than the CHIP is worth less the penalty.
            assertThat(liquidation.cleared())
                .isLessThanOrEqualTo(
                    Shares.ppm(BudgetRule.worth(liquidation.seized(), price), 950_000));
            long left = BudgetRule.worth(collateral - liquidation.seized(), price);
            long rest = owed - liquidation.cleared();
            assertThat(liquidation.whole()).isEqualTo(liquidation.seized() == collateral);
            // A few units of rounding at most.
            if (!liquidation.whole()) {
              assertThat(rest)
                  .isLessThanOrEqualTo(Shares.ppm(left, terms.loanToValue()) + price / 100_000 + 3);
            }
          });
    }
  }
}
