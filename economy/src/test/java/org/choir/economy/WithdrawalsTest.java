package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.economy.Withdrawal.State;
import org.choir.economy.stripe.StripeSandbox.Trouble;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wallets paid out to banks, over PostgreSQL and Stripe's sandbox. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WithdrawalsTest {
  private static final Duration HOLD = Duration.ofHours(73);
  private final TestPayments desk;

  WithdrawalsTest() {
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

  private State state(Withdrawal withdrawal) {
    return desk.withdrawals.find(withdrawal.id()).orElseThrow().state();
  }

  private TenantId rich(long micro) {
    TenantId user = desk.user();
    desk.give(user, micro);
    String account = desk.payee(user);
    assertThat(account).isNotEmpty();
    return user;
  }

  private String account(TenantId user) {
    return desk.payers.payee(user).orElseThrow();
  }

  private Withdrawal paid(TenantId user, String key, long micro) {
    Withdrawal asked = desk.withdrawals.request(user, key, micro);
    desk.later(HOLD);
    desk.work();
    Withdrawal sent = desk.withdrawals.find(asked.id()).orElseThrow();
    desk.sandbox.arrive(sent.payout().orElseThrow());
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.PAID);
    return desk.withdrawals.find(asked.id()).orElseThrow();
  }

  @Test
  void aHundredAndSeventyThreeDollarsFortyFiveReachTheBankToTheCent() {
    TenantId ada = rich(173_456_789);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 173_456_789);
    assertThat(asked.state()).isEqualTo(State.HELD);
    assertThat(asked.cents()).isEqualTo(17_345);
    assertThat(desk.ledger.balance(Chart.available(ada, Currency.USDC)).available())
        .isEqualTo(6_789);
    desk.later(Duration.ofHours(71));
    desk.work();
    assertThat(state(asked)).isEqualTo(State.HELD);
    desk.later(Duration.ofHours(2));
    desk.work();
    assertThat(state(asked)).isEqualTo(State.PAYOUT);
    assertThat(desk.usdc(ada)).isEqualTo(173_456_789);
    Withdrawal sent = desk.withdrawals.find(asked.id()).orElseThrow();
    desk.sandbox.arrive(sent.payout().orElseThrow());
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.PAID);
    assertThat(desk.usdc(ada)).isEqualTo(6_789);
    assertThat(desk.sandbox.objects("payout").getLast().path("amount").asLong()).isEqualTo(17_345);
    LedgerEntry receipt =
        desk.ledger.statement(Chart.available(ada, Currency.USDC), Long.MAX_VALUE, 1).getFirst();
    assertThat(receipt.moved()).isEqualTo(173_450_000);
    assertThat(receipt.transfer().explanation().inputs()).containsEntry("withdrawn", "$173.45");
    assertThat(desk.purchases.notices(ada, 1).getFirst().words()).contains("$173.45");
    // Once one was paid, the next waits no more.
    desk.give(ada, 2_000_000);
    Withdrawal next = desk.withdrawals.request(ada, "k2", 2_000_000);
    desk.work();
    assertThat(state(next)).isEqualTo(State.PAYOUT);
  }

  @Test
  void whatMayNotBeWithdrawnIsRefused() {
    TenantId ada = desk.user();
    desk.give(ada, 50_000_000);
    requireFails(() -> desk.withdrawals.request(ada, "k", 5_000_000), "onboarding_needed");
    var _ = desk.payers.onboard(ada, TestPayments.BACK);
    requireFails(() -> desk.withdrawals.request(ada, "k", 5_000_000), "onboarding_needed");
    desk.sandbox.onboarded(account(ada), true);
    requireFails(() -> desk.withdrawals.request(ada, "k", 999_999), "bad_amount");
    requireFails(() -> desk.withdrawals.request(ada, "k", -5_000_000), "bad_amount");
    requireFails(() -> desk.withdrawals.request(ada, "k", Long.MIN_VALUE), "bad_amount");
    requireFails(() -> desk.withdrawals.request(ada, "k", Long.MAX_VALUE), "bad_amount");
    requireFails(() -> desk.withdrawals.request(ada, "k", 51_000_000), "not_enough");
    desk.withdrawals.request(ada, "k3", 5_000_000);
    requireFails(() -> desk.withdrawals.request(ada, "k3", 6_000_000), "key_reused");
    assertThat(desk.usdc(ada)).isEqualTo(50_000_000);
  }

  @Test
  void twoRequestsAtOnceDoNotPassTheDailyLimitTogether() throws Exception {
    TenantId ada = rich(20_000_000_000L);
    List<Callable<Withdrawal>> requests = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String key = "k" + i;
      requests.add(() -> desk.withdrawals.request(ada, key, 2_000_000_000L));
    }
    int taken = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Withdrawal> done : threads.invokeAll(requests)) {
        try {
          assertThat(done.get().state()).isEqualTo(State.HELD);
          taken++;
        } catch (ExecutionException e) {
          assertThat(e).hasMessageContaining("more than $5000.00 a day");
        }
      }
    }
    assertThat(taken).isEqualTo(2);
    desk.withdrawals.request(ada, "rest", 1_000_000_000L);
    requireFails(() -> desk.withdrawals.request(ada, "more", 1_000_000L), "withdrawal_limit");
    desk.later(Duration.ofHours(25));
    desk.withdrawals.request(ada, "next-day", 1_000_000L);
  }

  @Test
  void theStakeWithdrawRaceSpendsNothingTwice() throws Exception {
    TenantId ada = rich(100_000_000);
    // The other half of the race takes the same wallet's sum elsewhere at the same moment.
    Callable<Boolean> elsewhere =
        () -> {
          try {
            desk.purchases.buyCreditsWithUsdc(ada, "k", 4_000);
            return true;
          } catch (LedgerException e) {
            return false;
          }
        };
    Callable<Boolean> out =
        () -> {
          try {
            desk.withdrawals.request(ada, "k", 90_000_000);
            return true;
          } catch (ChoirException e) {
            return false;
          }
        };
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Boolean>> both = threads.invokeAll(List.of(elsewhere, out));
      assertThat(both.get(0).get() ^ both.get(1).get()).isTrue();
    }
    assertThat(desk.ledger.balance(Chart.available(ada, Currency.USDC)).available())
        .isBetween(0L, 20_000_000L);
  }

  @Test
  void aHeldWithdrawalCanBeCalledOffAndASentOneNot() {
    TenantId ada = rich(30_000_000);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 10_000_000);
    requireFails(() -> desk.withdrawals.cancel(desk.user(), asked.id()), "no_such_withdrawal");
    assertThat(desk.withdrawals.cancel(ada, asked.id()).state()).isEqualTo(State.CANCELLED);
    assertThat(desk.withdrawals.cancel(ada, asked.id()).state()).isEqualTo(State.CANCELLED);
    assertThat(desk.ledger.balance(Chart.available(ada, Currency.USDC)).available())
        .isEqualTo(30_000_000);
    // To have asked and called off is no first withdrawal.
    desk.later(HOLD);
    Withdrawal second = desk.withdrawals.request(ada, "k2", 10_000_000);
    desk.work();
    assertThat(state(second)).isEqualTo(State.HELD);
    desk.later(HOLD);
    desk.work();
    assertThat(state(second)).isEqualTo(State.PAYOUT);
    requireFails(() -> desk.withdrawals.cancel(ada, second.id()), "too_late");
  }

  @Test
  void aPayoutThatTheBankRefusesIsInTheWalletAgain() {
    TenantId ada = rich(30_000_000);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 10_000_000);
    desk.later(HOLD);
    desk.work();
    String payout = desk.withdrawals.find(asked.id()).orElseThrow().payout().orElseThrow();
    desk.sandbox.bounce(payout, "account_closed");
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.RETURNED);
    assertThat(desk.ledger.balance(Chart.available(ada, Currency.USDC)).available())
        .isEqualTo(30_000_000);
    assertThat(desk.sandbox.balance(account(ada))).isZero();
    assertThat(desk.purchases.notices(ada, 1).getFirst().code()).isEqualTo("withdrawal_returned");
  }

  @Test
  void evenAPayoutThatHadArrivedMayComeBackDaysLater() {
    TenantId ada = rich(30_000_000);
    Withdrawal gone = paid(ada, "k", 10_000_000);
    assertThat(desk.usdc(ada)).isEqualTo(20_000_000);
    desk.later(Duration.ofDays(3));
    desk.sandbox.bounce(gone.payout().orElseThrow(), "no_account");
    desk.deliver();
    assertThat(state(gone)).isEqualTo(State.RETURNED);
    assertThat(desk.usdc(ada)).isEqualTo(30_000_000);
    assertThat(desk.sandbox.balance(account(ada))).isZero();
  }

  @Test
  void aPayoutThatCameBackWithoutAnyWordIsFound() {
    TenantId ada = rich(30_000_000);
    Withdrawal gone = paid(ada, "k", 10_000_000);
    desk.sandbox.bounce(gone.payout().orElseThrow(), "no_account");
    desk.news();
    desk.later(Duration.ofDays(9));
    desk.work();
    assertThat(state(gone)).isEqualTo(State.RETURNED);
    assertThat(desk.usdc(ada)).isEqualTo(30_000_000);
  }

  @Test
  void whoLosesTheirPapersWhileItIsHeldWaitsForThem() {
    TenantId ada = rich(30_000_000);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 10_000_000);
    desk.sandbox.onboarded(account(ada), false);
    desk.later(HOLD);
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.HELD);
    assertThat(desk.withdrawals.find(asked.id()).orElseThrow().problem())
        .isEqualTo("onboarding_needed");
    desk.sandbox.onboarded(account(ada), true);
    desk.later(Duration.ofHours(2));
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.PAYOUT);
  }

  @Test
  void anEmptyBalanceAtTheServiceDelaysAndLosesNothing() {
    TenantId ada = rich(30_000_000);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 10_000_000);
    long all = desk.sandbox.balance("");
    desk.sandbox.fund(-all);
    desk.later(HOLD);
    desk.work();
    assertThat(state(asked)).isEqualTo(State.TRANSFER);
    assertThat(desk.withdrawals.find(asked.id()).orElseThrow().problem())
        .startsWith("payments_short");
    desk.sandbox.fund(all);
    desk.later(Duration.ofHours(1));
    desk.work();
    assertThat(state(asked)).isEqualTo(State.PAYOUT);
  }

  @ParameterizedTest
  @CsvSource({
    "POST /v1/transfers, FAULT_BEFORE", "POST /v1/transfers, FAULT_AFTER",
    "POST /v1/transfers, CUT_AFTER", "POST /v1/transfers, LIMIT",
    "POST /v1/payouts, FAULT_BEFORE", "POST /v1/payouts, FAULT_AFTER",
    "POST /v1/payouts, CUT_AFTER", "GET /v1/payouts, CUT_BEFORE"
  })
  void aWithdrawalSurvivesEachTroubleAndPaysOnce(String request, Trouble trouble) {
    TenantId ada = rich(30_000_000);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 10_000_000);
    desk.later(HOLD);
    desk.sandbox.next(request, trouble);
    for (int i = 0; i < 3; i++) {
      desk.work();
      // Longer than Stripe remembers a key.
      desk.later(Duration.ofHours(25));
    }
    assertThat(state(asked)).isEqualTo(State.PAYOUT);
    assertThat(desk.objects("transfer", "destination", account(ada))).isEqualTo(1);
    assertThat(desk.objects("payout", "of_account", account(ada))).isEqualTo(1);
    desk.sandbox.arrive(desk.withdrawals.find(asked.id()).orElseThrow().payout().orElseThrow());
    desk.deliver();
    assertThat(state(asked)).isEqualTo(State.PAID);
    assertThat(desk.usdc(ada)).isEqualTo(20_000_000);
  }

  @Test
  void aDebtThatArisesWhileItIsHeldIsPaidFromItFirst() {
    TenantId ada = rich(30_000_000);
    Purchase bought = desk.bought(ada, "buy", 500);
    desk.spend(ada, 500);
    Withdrawal asked = desk.withdrawals.request(ada, "k", 25_000_000);
    desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
    desk.deliver();
    // What is not reserved was taken at once.
    assertThat(desk.debts.owed(ada)).isEqualTo(5_000_000);
    desk.later(HOLD);
    desk.work();
    assertThat(state(asked)).isEqualTo(State.CANCELLED);
    assertThat(desk.debts.owed(ada)).isZero();
    assertThat(desk.usdc(ada)).isEqualTo(20_000_000);
  }
}
