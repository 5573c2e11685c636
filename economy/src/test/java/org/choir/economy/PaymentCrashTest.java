package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The process dies at every boundary in turn: before and after each call to the ledger and to the
 * payment service, and wherever the time is read, which is between the statements to the tables.
 * What was begun is finished once by whoever comes after.
 */
class PaymentCrashTest {
  private static final int BOUNDARIES_MAX = 200;

  // One for each test: what another left behind would be worked on too, and be counted.
  private final TestPayments desk = new TestPayments();
  private int plays;

  @AfterEach
  void stop() {
    desk.requireSound();
    desk.close();
  }

  /** Every which boundary; the long test takes them all. */
  int stride() {
    return 5;
  }

  /** A part of what happens to one user. */
  private interface Act {
    void run(TenantId user);
  }

  /**
   * Plays the acts once for each boundary, dying there; the act that died is played again, as a
   * client or the next start does.
   *
   * @return how many boundaries there were, or a few more
   */
  private int dieEverywhere(List<Act> acts, Act prepare, Act judge) {
    plays = 0;
    for (int boundary = 1; boundary < BOUNDARIES_MAX; boundary += stride()) {
      plays++;
      TenantId user = desk.user();
      desk.open();
      prepare.run(user);
      desk.killAt(boundary);
      boolean died = false;
      for (Act act : acts) {
        for (int again = 0; again < 3; again++) {
          try {
            act.run(user);
            break;
          } catch (TestPayments.Killed e) {
            died = true;
            desk.open();
          }
        }
      }
      desk.open();
      desk.later(Duration.ofMinutes(2));
      desk.work();
      judge.run(user);
      if (!died) {
        return boundary - 1;
      }
    }
    throw new AssertionError("no end");
  }

  private void arrive(TenantId user) {
    desk.withdrawals
        .list(user, 1)
        .getFirst()
        .payout()
        .ifPresent(payout -> desk.sandbox.arrive(payout));
  }

  private void requireOnePayment(TenantId user) {
    String account = desk.payers.payee(user).orElseThrow();
    assertThat(desk.objects("transfer", "destination", account)).isEqualTo(1);
    assertThat(desk.objects("payout", "of_account", account)).isEqualTo(1);
  }

  @Test
  void aWithdrawalThatDiesAnywhereIsPaidOnce() {
    int boundaries =
        dieEverywhere(
            List.of(
                user -> desk.withdrawals.request(user, "k", 17_345_678),
                user -> {
                  if (desk.withdrawals.list(user, 1).getFirst().requestedAt().equals(desk.now)) {
                    desk.later(Duration.ofHours(73));
                  }
                  desk.work();
                },
                user -> {
                  // What was interrupted is due a little later.
                  desk.later(Duration.ofMinutes(1));
                  desk.work();
                  arrive(user);
                },
                user -> desk.deliver()),
            user -> {
              desk.give(user, 20_000_000);
              assertThat(desk.payee(user)).isNotEmpty();
            },
            user -> {
              assertThat(desk.withdrawals.list(user, 2)).hasSize(1);
              assertThat(desk.withdrawals.list(user, 1).getFirst().state())
                  .isEqualTo(Withdrawal.State.PAID);
              assertThat(desk.usdc(user)).isEqualTo(20_000_000 - 17_340_000);
              requireOnePayment(user);
            });
    System.out.println("a withdrawal has " + boundaries + " boundaries");
    assertThat(boundaries).isGreaterThan(20);
  }

  @Test
  void aReturnThatDiesAnywhereIsInTheWalletOnce() {
    int boundaries =
        dieEverywhere(
            List.of(
                user -> {
                  desk.later(Duration.ofMinutes(1));
                  desk.deliver();
                }),
            user -> {
              desk.give(user, 20_000_000);
              assertThat(desk.payee(user)).isNotEmpty();
              desk.withdrawals.request(user, "k", 17_340_000);
              desk.later(Duration.ofHours(73));
              desk.work();
              arrive(user);
              desk.deliver();
              desk.sandbox.bounce(
                  desk.withdrawals.list(user, 1).getFirst().payout().orElseThrow(), "no_account");
            },
            user -> {
              assertThat(desk.withdrawals.list(user, 1).getFirst().state())
                  .isEqualTo(Withdrawal.State.RETURNED);
              assertThat(desk.usdc(user)).isEqualTo(20_000_000);
              assertThat(desk.sandbox.balance(desk.payers.payee(user).orElseThrow())).isZero();
            });
    System.out.println("a return has " + boundaries + " boundaries");
    assertThat(boundaries).isGreaterThan(5);
  }

  @Test
  void aPurchaseOfChipThatDiesAnywhereIsDeliveredOnce() {
    long before = desk.has(Chart.treasury(Currency.CHIP));
    int boundaries =
        dieEverywhere(
            List.of(
                user -> desk.purchases.buyChip(user, "k", 100_000_000, TestPayments.BACK),
                user -> {
                  String page = desk.purchases.list(user, 1).getFirst().checkout().orElseThrow();
                  desk.sandbox.pay(page);
                  desk.deliver();
                }),
            user -> {},
            user -> {
              Purchase bought = desk.purchases.list(user, 1).getFirst();
              assertThat(bought.state()).isEqualTo(Purchase.State.PAID);
              assertThat(desk.has(Chart.held(user, Currency.CHIP))).isEqualTo(100_000_000);
              assertThat(
                      desk.objects(
                          "checkout.session", "client_reference_id", bought.id().toString()))
                  .isEqualTo(1);
            });
    System.out.println("a purchase has " + boundaries + " boundaries");
    assertThat(boundaries).isGreaterThan(15);
    assertThat(before - desk.ledger.balance(Chart.treasury(Currency.CHIP)).available())
        .isEqualTo(100_000_000L * plays);
  }

  @Test
  void aChargebackThatDiesAnywhereIsBookedOnce() {
    int boundaries =
        dieEverywhere(
            List.of(user -> desk.deliver()),
            user -> {
              Purchase bought = desk.bought(user, "k", 500);
              desk.spend(user, 400);
              desk.give(user, 1_000_000);
              desk.sandbox.dispute(bought.payment().orElseThrow(), 1_000);
            },
            user -> {
              assertThat(desk.credits(user)).isZero();
              assertThat(desk.debts.collect(user)).isEqualTo(7_000_000);
              assertThat(desk.usdc(user)).isZero();
            });
    System.out.println("a chargeback has " + boundaries + " boundaries");
    assertThat(boundaries).isGreaterThan(10);
  }

  @Test
  void anAutopurchaseThatDiesAnywhereIsChargedOnce() {
    int boundaries =
        dieEverywhere(
            List.of(
                user -> {
                  var _ = desk.autopurchases.check(user, TestPayments.BACK);
                },
                user -> {
                  desk.later(Duration.ofMinutes(1));
                  desk.deliver();
                }),
            user -> {
              desk.bought(user, "first", 500);
              desk.autopurchases.consent(user, Autopurchases.words());
              desk.spend(user, 490);
            },
            user -> {
              assertThat(desk.credits(user)).isEqualTo(510);
              assertThat(desk.objects("payment_intent", "customer", desk.payers.customer(user)))
                  .isEqualTo(2);
            });
    System.out.println("an autopurchase has " + boundaries + " boundaries");
    assertThat(boundaries).isGreaterThan(10);
  }
}
