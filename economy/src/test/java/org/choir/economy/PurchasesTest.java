package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.economy.stripe.StripeSandbox.Trouble;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Buying by card and from the wallet, over PostgreSQL and Stripe's sandbox. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PurchasesTest {
  private static final long CHIP = 1_000_000;
  private final TestPayments desk;

  PurchasesTest() {
    this.desk = new TestPayments();
  }

  @AfterAll
  void stop() {
    desk.close();
  }

  @AfterEach
  void theBooksBalance() {
    desk.requireSound();
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private long treasuryChip() {
    return desk.ledger.balance(Chart.treasury(Currency.CHIP)).available();
  }

  @Test
  void creditDoublePurchaseByRetryIsOnePurchase() throws Exception {
    TenantId ada = desk.user();
    List<Callable<Purchase>> retries = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      retries.add(() -> desk.purchases.buyCredits(ada, "first", 500, TestPayments.BACK));
    }
    List<String> pages = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Purchase> done : threads.invokeAll(retries)) {
        try {
          pages.add(done.get().checkout().orElseThrow());
        } catch (java.util.concurrent.ExecutionException e) {
          assertThat(e.getCause()).isInstanceOf(ChoirException.class);
        }
      }
    }
    String page =
        desk.purchases.buyCredits(ada, "first", 500, TestPayments.BACK).checkout().orElseThrow();
    assertThat(pages).isNotEmpty().allMatch(page::equals);
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.sandbox.pay(page)).isTrue();
    assertThat(desk.sandbox.pay(page)).isFalse();
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(500);
    Purchase paid = desk.purchases.buyCredits(ada, "first", 500, TestPayments.BACK);
    assertThat(paid.state()).isEqualTo(Purchase.State.PAID);
    assertThat(paid.cents()).isEqualTo(1_000);
    assertThat(desk.credits(ada)).isEqualTo(500);
    requireFails(
        () -> desk.purchases.buyCredits(ada, "first", 600, TestPayments.BACK), "key_reused");
  }

  @Test
  void eventsThatComeTwiceLateAndInAnyOrderCreditOnce() {
    TenantId ada = desk.user();
    Purchase open = desk.purchases.buyCredits(ada, "k", 500, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    String payment = desk.sandbox.objects("payment_intent").getLast().path("id").asText();
    desk.sandbox.dispute(payment, 1_000);
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    List<JsonNode> events = new ArrayList<>(desk.news());
    events.addAll(List.copyOf(events));
    Collections.shuffle(events, new Random(seed));
    int taken = 0;
    for (JsonNode event : events) {
      taken += desk.accept(event) ? 1 : 0;
      desk.work();
    }
    assertThat(taken).isEqualTo(events.size() / 2);
    Purchase now = desk.purchases.require(open.id());
    assertThat(now.state()).isEqualTo(Purchase.State.PAID);
    assertThat(now.returnedMicro()).isEqualTo(10_000_000);
    assertThat(desk.credits(ada)).isZero();
    assertThat(desk.debts.owed(ada)).isZero();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SILENT")
  void aPurchaseSurvivesEachTroubleAndOpensOnePage(Trouble trouble) {
    TenantId ada = desk.user();
    desk.sandbox.next("POST /v1/checkout/sessions", trouble);
    assertThatThrownBy(() -> desk.purchases.buyCredits(ada, "k", 500, TestPayments.BACK))
        .isInstanceOf(ChoirException.class);
    Purchase open = desk.purchases.buyCredits(ada, "k", 500, TestPayments.BACK);
    assertThat(desk.objects("checkout.session", "client_reference_id", open.id().toString()))
        .isEqualTo(1);
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(500);
  }

  @Test
  void aPageThatNobodyPaysIsClosedWithoutAnyWord() {
    TenantId ada = desk.user();
    Purchase open = desk.purchases.buyCredits(ada, "k", 250, TestPayments.BACK);
    assertThat(open.cents()).isEqualTo(500);
    desk.later(Duration.ofMinutes(61));
    desk.news();
    desk.work();
    assertThat(desk.purchases.require(open.id()).state()).isEqualTo(Purchase.State.EXPIRED);
    assertThat(desk.sandbox.pay(open.checkout().orElseThrow())).isFalse();
    requireFails(
        () -> desk.purchases.buyCredits(ada, "little", 249, TestPayments.BACK), "bad_amount");
    requireFails(
        () -> desk.purchases.buyCredits(ada, "much", 250_001, TestPayments.BACK), "bad_amount");
    requireFails(
        () -> desk.purchases.buyCredits(ada, "less", -500, TestPayments.BACK), "bad_amount");
    requireFails(
        () -> desk.purchases.buyCredits(ada, "/asks/x", 500, TestPayments.BACK), "bad_key");
  }

  @Test
  void aPaymentWhoseWordNeverCameIsFound() {
    TenantId ada = desk.user();
    Purchase open = desk.purchases.buyCredits(ada, "k", 500, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.news();
    desk.later(Duration.ofMinutes(11));
    desk.work();
    assertThat(desk.credits(ada)).isEqualTo(500);
  }

  @Test
  void aHundredChipCostWhatTheTreasuryAskedWhenThePageOpened() {
    TenantId ada = desk.user();
    long before = treasuryChip();
    long dollars = desk.has(Chart.treasury(Currency.USDC));
    Purchase open = desk.purchases.buyChip(ada, "k", 100 * CHIP, TestPayments.BACK);
    assertThat(open.cents()).isEqualTo(25_000);
    assertThat(treasuryChip()).isEqualTo(before - 100 * CHIP);
    desk.chipPrice = 10_000_000;
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.deliver();
    desk.chipPrice = 2_500_000;
    assertThat(desk.has(Chart.held(ada, Currency.CHIP))).isEqualTo(100 * CHIP);
    assertThat(desk.has(Chart.treasury(Currency.USDC)) - dollars).isEqualTo(250_000_000);
    desk.later(Duration.ofHours(71));
    desk.work();
    assertThat(desk.has(Chart.available(ada, Currency.CHIP))).isZero();
    desk.later(Duration.ofHours(2));
    desk.work();
    assertThat(desk.has(Chart.available(ada, Currency.CHIP))).isEqualTo(100 * CHIP);
    assertThat(desk.has(Chart.held(ada, Currency.CHIP))).isZero();
    Explanation why =
        desk.ledger
            .statement(Chart.held(ada, Currency.CHIP), Long.MAX_VALUE, 10)
            .getLast()
            .transfer()
            .explanation();
    assertThat(why.inputs()).containsEntry("price", "2.5 USD for one CHIP");
  }

  @Test
  void chipThatNobodyPaidForAreTheTreasurysAgain() {
    TenantId ada = desk.user();
    long before = treasuryChip();
    Purchase open = desk.purchases.buyChip(ada, "k", 2_000 * CHIP, TestPayments.BACK);
    assertThat(open.cents()).isEqualTo(500_000);
    desk.later(Duration.ofMinutes(61));
    desk.deliver();
    assertThat(desk.purchases.require(open.id()).state()).isEqualTo(Purchase.State.EXPIRED);
    assertThat(treasuryChip()).isEqualTo(before);
    desk.chipPrice = 0;
    requireFails(
        () -> desk.purchases.buyChip(ada, "k2", 100 * CHIP, TestPayments.BACK), "no_price");
    desk.chipPrice = 2_500_000;
  }

  private long sellAll(int round) {
    long all = treasuryChip();
    desk.ledger.require(
        Transfer.move(
            Transfer.id("tests", "sold out", "" + round),
            Chart.treasury(Currency.CHIP),
            new AccountId("world", "tests", Currency.CHIP),
            all,
            "sold",
            Explanation.NONE));
    return all;
  }

  @Test
  void chipPaidAfterAllWereSoldGoBackToTheCard() {
    TenantId ada = desk.user();
    Purchase open = desk.purchases.buyChip(ada, "k", 100 * CHIP, TestPayments.BACK);
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.news();
    // No word for a long time: the reservation ends by itself, and the treasury sells the rest.
    desk.now = desk.now.plus(Duration.ofHours(3));
    // The first order after its time makes the ledger end it.
    long all = sellAll(1) + sellAll(2);
    assertThat(treasuryChip()).isZero();
    desk.work();
    assertThat(desk.purchases.require(open.id()).state()).isEqualTo(Purchase.State.REFUNDED);
    assertThat(desk.has(Chart.held(ada, Currency.CHIP))).isZero();
    assertThat(desk.sandbox.objects("refund").getLast().path("amount").asLong()).isEqualTo(25_000);
    assertThat(desk.purchases.notices(ada, 1).getFirst().code()).isEqualTo("payment_goes_back");
    requireFails(
        () -> desk.purchases.buyChip(ada, "k2", 2_000 * CHIP, TestPayments.BACK), "treasury_short");
    desk.ledger.require(
        Transfer.move(
            Transfer.id("tests", "bought back"),
            new AccountId("world", "tests", Currency.CHIP),
            Chart.treasury(Currency.CHIP),
            all,
            "bought",
            Explanation.NONE));
  }

  @Test
  void aHoldThatEndsLeavesWhatAnotherPurchaseHolds() {
    TenantId ada = desk.user();
    Purchase first = desk.purchases.buyChip(ada, "1", 100 * CHIP, TestPayments.BACK);
    desk.sandbox.pay(first.checkout().orElseThrow());
    desk.deliver();
    desk.later(Duration.ofDays(2));
    Purchase second = desk.purchases.buyChip(ada, "2", 60 * CHIP, TestPayments.BACK);
    desk.sandbox.pay(second.checkout().orElseThrow());
    desk.deliver();
    desk.later(Duration.ofHours(25));
    desk.work();
    assertThat(desk.has(Chart.available(ada, Currency.CHIP))).isEqualTo(100 * CHIP);
    desk.later(Duration.ofDays(2));
    desk.work();
    assertThat(desk.has(Chart.available(ada, Currency.CHIP))).isEqualTo(160 * CHIP);
    assertThat(desk.has(Chart.held(ada, Currency.CHIP))).isZero();
  }

  @Test
  void creditsAreBoughtWithUsdcOnceForAKeyAndNeverWithoutIt() {
    TenantId ada = desk.user();
    desk.give(ada, 15_000_000);
    long revenue = desk.has(Chart.revenue());
    for (int i = 0; i < 3; i++) {
      assertThat(desk.purchases.buyCreditsWithUsdc(ada, "k", 500).minorUnits())
          .isEqualTo(10_000_000);
    }
    assertThat(desk.credits(ada)).isEqualTo(500);
    assertThat(desk.usdc(ada)).isEqualTo(5_000_000);
    assertThat(desk.has(Chart.revenue()) - revenue).isEqualTo(10_000_000);
    requireFails(() -> desk.purchases.buyCreditsWithUsdc(ada, "k2", 500), "ledger_exceeds_credits");
    requireFails(
        () -> desk.purchases.buyCreditsWithUsdc(ada, "k", 600),
        "ledger_exists_with_different_amount");
    assertThat(desk.credits(ada)).isEqualTo(500);
    assertThat(desk.usdc(ada)).isEqualTo(5_000_000);
  }

  @Test
  void aSecondPageThatWasPaidGoesBack() {
    TenantId ada = desk.user();
    Purchase open = desk.purchases.buyCredits(ada, "k", 500, TestPayments.BACK);
    PaymentService stripe = new org.choir.economy.stripe.StripePayments(desk.sandbox.options());
    desk.now = desk.now.plus(Duration.ofHours(25));
    // As if a forgotten key had opened another page for the same purchase.
    PaymentService.Checkout second =
        stripe.openCheckout(
            new PaymentService.Ask(open.id(), false),
            new PaymentService.CheckoutOrder(
                stripe.customer(new PaymentService.Ask(java.util.UUID.randomUUID(), false), ada),
                1_000,
                "500 credits",
                false,
                desk.now.plus(Duration.ofHours(1)),
                TestPayments.BACK));
    desk.now = desk.now.minus(Duration.ofHours(25));
    desk.sandbox.pay(open.checkout().orElseThrow());
    desk.sandbox.pay(second.id());
    desk.deliver();
    assertThat(desk.credits(ada)).isEqualTo(500);
    assertThat(desk.sandbox.objects("refund").getLast().path("amount").asLong()).isEqualTo(1_000);
  }
}
