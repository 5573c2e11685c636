package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Chargebacks, refunds and the debts they leave; and what a card buys by itself. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TakenBackPaymentsTest {
  private static final long CHIP = 1_000_000;
  private final TestPayments desk;

  TakenBackPaymentsTest() {
    this.desk = new TestPayments();
  }

  @AfterAll
  void stop() {
    desk.close();
  }

  @AfterEach
  void theBooksBalance() {
    desk.requireSound();
    TreasuryBooks chip = TreasuryBooks.of(desk.ledger, Currency.CHIP, desk.ledger.seq());
    assertThat(chip.agree()).as(chip.toString()).isTrue();
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aChargebackAfterCreditsAreSpentLeavesADebtForWhatIsGone() {
    TenantId ada = desk.user();
    long revenue = desk.has(Chart.revenue());
    Purchase bought = desk.bought(ada, "k", 500);
    desk.spend(ada, 400);
    desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
    desk.deliver();
    desk.deliver();
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.debts.owed(ada)).isEqualTo(8_000_000);
    assertThat(desk.has(Chart.revenue()) - revenue).isEqualTo(8_000_000);
    requireFails(() -> desk.purchases.buyCredits(ada, "k2", 500, TestPayments.BACK), "debt_open");
    requireFails(
        () -> desk.purchases.buyChip(ada, "k3", 100 * CHIP, TestPayments.BACK), "debt_open");
    requireFails(() -> desk.purchases.buyCreditsWithUsdc(ada, "k4", 500), "debt_open");
    requireFails(() -> desk.withdrawals.request(ada, "w", 5_000_000), "debt_open");
    requireFails(() -> desk.debts.requireNone(ada), "debt_open");
    assertThat(desk.purchases.notices(ada, 1).getFirst().words()).contains("you owe 8 USDC");
  }

  @Test
  void aDisputeThatIsWonGivesEverythingAgain() {
    TenantId ada = desk.user();
    Purchase bought = desk.bought(ada, "k", 500);
    desk.spend(ada, 400);
    String dispute = desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
    desk.deliver();
    // Half of the debt is repaid before it is known to be none.
    desk.give(ada, 4_000_000);
    assertThat(desk.debts.collect(ada)).isEqualTo(4_000_000);
    desk.sandbox.decide(dispute, true);
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(100);
    assertThat(desk.debts.owed(ada)).isZero();
    assertThat(desk.usdc(ada)).isEqualTo(4_000_000);
    Purchase now = desk.purchases.require(bought.id());
    assertThat(now.returnedMicro()).isZero();
    assertThat(now.takenUnits()).isZero();
    assertThat(now.owedMicro()).isZero();
  }

  @Test
  void aDisputeThatIsLostStaysAsItIs() {
    TenantId ada = desk.user();
    Purchase bought = desk.bought(ada, "k", 500);
    String dispute = desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
    desk.deliver();
    desk.sandbox.decide(dispute, false);
    desk.deliver();
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.debts.owed(ada)).isZero();
  }

  @Test
  void partialRefundsTakeBackTheirShareOnce() {
    TenantId ada = desk.user();
    Purchase bought = desk.bought(ada, "k", 500);
    desk.purchases.refund(bought.id(), "r1", 333);
    desk.purchases.refund(bought.id(), "r1", 333);
    desk.deliver();
    // 166.5 credits are due: rounded up, in favour of who sold them.
    assertThat(desk.credits(ada)).isEqualTo(333);
    desk.purchases.refund(bought.id(), "r2", 667);
    desk.deliver();
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.objects("refund", "payment_intent", bought.payment().orElseThrow()))
        .isEqualTo(2);
    assertThat(desk.debts.owed(ada)).isZero();
    requireFails(() -> desk.purchases.refund(bought.id(), "r1", 1), "key_reused");
    requireFails(() -> desk.purchases.refund(bought.id(), "r3", 1_001), "bad_amount");
    // What Stripe refuses to refund is said, and does not keep the purchase from being looked at.
    requireFails(() -> desk.purchases.refund(bought.id(), "r4", 5), "refund_refused");
    assertThat(desk.purchases.look(bought.id()).state()).isEqualTo(Purchase.State.PAID);
  }

  @Test
  void aRefundAfterAWithdrawalLeavesADebtThatEarningsRepay() {
    TenantId ada = desk.user();
    desk.give(ada, 20_000_000);
    Purchase bought = desk.bought(ada, "k", 1_000);
    desk.spend(ada, 1_000);
    String account = desk.payee(ada);
    Withdrawal out = desk.withdrawals.request(ada, "w", 20_000_000);
    desk.later(Duration.ofHours(73));
    desk.work();
    desk.sandbox.arrive(desk.withdrawals.find(out.id()).orElseThrow().payout().orElseThrow());
    desk.deliver();
    assertThat(desk.usdc(ada)).isZero();
    assertThat(account).isNotEmpty();
    desk.purchases.refund(bought.id(), "r", 2_000);
    desk.deliver();
    assertThat(desk.debts.owed(ada)).isEqualTo(20_000_000);
    // Earnings repay it by themselves.
    desk.give(ada, 5_000_000);
    desk.later(Duration.ofMinutes(61));
    desk.work();
    assertThat(desk.debts.owed(ada)).isEqualTo(15_000_000);
    assertThat(desk.usdc(ada)).isZero();
    requireFails(() -> desk.withdrawals.request(ada, "w2", 5_000_000), "debt_open");
    desk.give(ada, 16_000_000);
    assertThat(desk.debts.collect(ada)).isZero();
    assertThat(desk.usdc(ada)).isEqualTo(1_000_000);
  }

  @Test
  void aDebtIsRepaidByCardAndNeverTwice() {
    TenantId ada = desk.user();
    Purchase bought = desk.bought(ada, "k", 500);
    desk.spend(ada, 500);
    desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
    desk.deliver();
    Purchase page = desk.purchases.payDebt(ada, "d", TestPayments.BACK);
    assertThat(page.cents()).isEqualTo(1_000);
    // Earnings repay a part before the card does: then the card's payment goes back whole.
    desk.give(ada, 3_000_000);
    assertThat(desk.debts.collect(ada)).isEqualTo(7_000_000);
    desk.sandbox.pay(page.checkout().orElseThrow());
    desk.deliver();
    assertThat(desk.purchases.require(page.id()).state()).isEqualTo(Purchase.State.REFUNDED);
    assertThat(desk.debts.owed(ada)).isEqualTo(7_000_000);
    Purchase rest = desk.purchases.payDebt(ada, "d2", TestPayments.BACK);
    desk.sandbox.pay(rest.checkout().orElseThrow());
    desk.deliver();
    assertThat(desk.debts.owed(ada)).isZero();
    desk.purchases.buyCredits(ada, "k2", 500, TestPayments.BACK);
    requireFails(() -> desk.purchases.payDebt(ada, "d3", TestPayments.BACK), "no_debt");
    // The payment of a debt that is itself taken back is owed again.
    desk.sandbox.dispute(desk.purchases.require(rest.id()).payment().orElseThrow(), 700);
    desk.deliver();
    assertThat(desk.debts.owed(ada)).isEqualTo(7_000_000);
  }

  @Test
  void chipBoughtWithAStolenCardAreTakenFromTheHold() {
    TenantId eve = desk.user();
    long chip = desk.has(Chart.treasury(Currency.CHIP));
    long dollars = desk.has(Chart.treasury(Currency.USDC));
    TreasuryBooks before = TreasuryBooks.of(desk.ledger, Currency.CHIP, desk.ledger.seq());
    long sold =
        before.outflows().getOrDefault(TreasuryFlow.CHIP_SOLD, 0L)
            - before.inflows().getOrDefault(TreasuryFlow.CHIP_SALE_UNDONE, 0L);
    Purchase open = desk.purchases.buyChip(eve, "k", 100 * CHIP, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.deliver();
    String payment = desk.purchases.require(open.id()).payment().orElseThrow();
    desk.sandbox.dispute(payment, 25_000);
    desk.deliver();
    assertThat(desk.has(Chart.held(eve, Currency.CHIP))).isZero();
    assertThat(desk.has(Chart.treasury(Currency.CHIP))).isEqualTo(chip);
    assertThat(desk.has(Chart.treasury(Currency.USDC))).isEqualTo(dollars);
    assertThat(desk.debts.owed(eve)).isZero();
    // Such a sale makes no market: nobody may borrow on it.
    TreasurySales sales = new TreasurySales(desk.database, desk.ledger, () -> desk.now);
    sales.offer(2_500_000, "operator");
    assertThat(sales.after(desk.now.minusSeconds(60), 10).getLast().depth()).isEqualTo(sold);
    desk.later(Duration.ofHours(80));
    desk.work();
    assertThat(desk.has(Chart.available(eve, Currency.CHIP))).isZero();
  }

  @Test
  void dollarsThatTheTreasuryHasSpentAreItsOwnShortfall() {
    TenantId eve = desk.user();
    Purchase open = desk.purchases.buyChip(eve, "k", 100 * CHIP, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.deliver();
    long all = desk.has(Chart.treasury(Currency.USDC));
    desk.ledger.require(
        Transfer.move(
            Transfer.id("tests", "spent"),
            Chart.treasury(Currency.USDC),
            new AccountId("world", "tests", Currency.USDC),
            all - 90_000_000,
            "spent",
            Explanation.NONE));
    long before = desk.has(Chart.shortfall());
    desk.sandbox.dispute(desk.purchases.require(open.id()).payment().orElseThrow(), 25_000);
    desk.deliver();
    assertThat(desk.has(Chart.treasury(Currency.USDC))).isZero();
    assertThat(before - desk.has(Chart.shortfall())).isEqualTo(160_000_000);
    assertThat(desk.debts.owed(eve)).isZero();
  }

  // What a card buys by itself.

  private TenantId agreed() {
    TenantId user = desk.user();
    requireFails(() -> desk.autopurchases.consent(user, Autopurchases.words()), "no_saved_card");
    desk.bought(user, "first", 500);
    requireFails(() -> desk.autopurchases.consent(user, "charge me"), "other_words");
    desk.autopurchases.consent(user, Autopurchases.words());
    return user;
  }

  private Optional<Purchase> check(TenantId user) {
    return desk.autopurchases.check(user, TestPayments.BACK);
  }

  @Test
  void belowFiftyCreditsAPackIsBoughtByConsentOnly() {
    TenantId ada = agreed();
    TenantId bob = desk.user();
    desk.bought(bob, "first", 500);
    desk.spend(ada, 450);
    desk.spend(bob, 490);
    assertThat(check(ada)).isEmpty();
    desk.spend(ada, 1);
    assertThat(check(bob)).isEmpty();
    assertThat(check(ada).orElseThrow().state()).isEqualTo(Purchase.State.PAID);
    assertThat(desk.credits(ada)).isEqualTo(549);
    assertThat(check(ada)).isEmpty();
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(549);
    Autopurchases.Standing standing = desk.autopurchases.standing(ada).orElseThrow();
    assertThat(standing.words()).contains("at most $50.00 a day");
    assertThat(standing.consentedAt()).isEqualTo(desk.now);
    desk.autopurchases.end(ada);
    desk.spend(ada, 540);
    assertThat(check(ada)).isEmpty();
  }

  @Test
  void notMoreThanFiftyDollarsADayAreBoughtByThemselves() {
    TenantId ada = agreed();
    for (int i = 0; i < 5; i++) {
      desk.spend(ada, desk.credits(ada));
      assertThat(check(ada)).isPresent();
    }
    desk.spend(ada, desk.credits(ada));
    assertThat(check(ada)).isEmpty();
    desk.later(Duration.ofDays(1));
    assertThat(check(ada)).isPresent();
  }

  @Test
  void twoRunsAtOnceBuyOnePack() throws Exception {
    TenantId ada = agreed();
    desk.spend(ada, 480);
    try (var threads = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
      java.util.List<java.util.concurrent.Callable<Optional<Purchase>>> checks =
          java.util.Collections.nCopies(6, () -> check(ada));
      for (var done : threads.invokeAll(checks)) {
        done.get();
      }
    }
    desk.work();
    assertThat(desk.credits(ada)).isEqualTo(520);
  }

  @Test
  void afterTwoRefusalsItStopsAndSaysSo() {
    TenantId ada = agreed();
    desk.spend(ada, 490);
    desk.sandbox.cards(desk.payers.customer(ada), "pm_card_visa_chargeDeclinedInsufficientFunds");
    assertThat(check(ada).orElseThrow().state()).isEqualTo(Purchase.State.DECLINED);
    assertThat(desk.ledger.balance(Chart.available(ada, Currency.CREDITS)).creditsPending())
        .isZero();
    assertThat(check(ada)).isEmpty();
    desk.later(Duration.ofHours(2));
    assertThat(check(ada)).isPresent();
    assertThat(desk.autopurchases.standing(ada).orElseThrow().state()).isEqualTo("stopped");
    assertThat(desk.purchases.notices(ada, 1).getFirst().code()).isEqualTo("autopurchase_stopped");
    desk.later(Duration.ofDays(1));
    assertThat(check(ada)).isEmpty();
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(10);
  }

  @Test
  void whenTheBankWantsToSeeItsCustomerTheyAreSentAPage() {
    TenantId ada = agreed();
    desk.spend(ada, 490);
    desk.sandbox.cards(desk.payers.customer(ada), "pm_card_authenticationRequired");
    assertThat(check(ada).orElseThrow().state()).isEqualTo(Purchase.State.ASKS);
    Autopurchases.Standing asks = desk.autopurchases.standing(ada).orElseThrow();
    assertThat(asks.state()).isEqualTo("asks");
    assertThat(desk.purchases.notices(ada, 1).getFirst().link()).isEqualTo(asks.reason());
    assertThat(asks.reason()).startsWith("https://checkout.stripe.com/");
    assertThat(check(ada)).isEmpty();
    String page = asks.reason().substring(asks.reason().lastIndexOf('/') + 1);
    assertThat(desk.sandbox.pay(page, "pm_card_authenticationRequired")).isTrue();
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(510);
    assertThat(desk.autopurchases.standing(ada).orElseThrow().state()).isEqualTo("on");
  }

  @Test
  void whenNobodyConfirmsItStops() {
    TenantId ada = agreed();
    desk.spend(ada, 490);
    desk.sandbox.cards(desk.payers.customer(ada), "pm_card_authenticationRequired");
    assertThat(check(ada)).isPresent();
    desk.later(Duration.ofHours(2));
    desk.deliver();
    assertThat(desk.autopurchases.standing(ada).orElseThrow().reason())
        .isEqualTo("nobody_confirmed");
  }

  @Test
  void aTakenBackPaymentStopsWhatTheCardBuysByItself() {
    TenantId ada = agreed();
    desk.spend(ada, 490);
    Purchase auto = check(ada).orElseThrow();
    desk.sandbox.dispute(auto.payment().orElseThrow(), 1_000);
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(10);
    assertThat(desk.debts.owed(ada)).isZero();
    assertThat(desk.autopurchases.standing(ada).orElseThrow().reason())
        .isEqualTo("payment_taken_back");
    assertThat(check(ada)).isEmpty();
  }
}
