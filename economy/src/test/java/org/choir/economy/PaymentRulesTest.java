package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Random;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;

/** Prices, limits, and what follows when a payment goes back: for many numbers. */
class PaymentRulesTest {
  private static final int CASES = 20_000;

  private final Random random;

  PaymentRulesTest() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    this.random = new Random(seed);
  }

  private long upTo(long most) {
    return most <= 0 ? 0 : random.nextLong(most + 1);
  }

  @Test
  void fiveHundredCreditsCostTenDollarsAndAHundredChipTwoHundredAndFifty() {
    assertThat(PaymentRules.creditCents(500)).isEqualTo(1_000);
    assertThat(PaymentRules.creditCents(250)).isEqualTo(500);
    assertThat(PaymentRules.creditCents(1_700)).isEqualTo(3_400);
    assertThat(PaymentRules.chipCents(100_000_000, 2_500_000)).isEqualTo(25_000);
    assertThat(PaymentRules.withdrawCents(173_456_789)).isEqualTo(17_345);
    assertThatThrownBy(() -> PaymentRules.chipCents(Long.MAX_VALUE, Long.MAX_VALUE))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> PaymentRules.chipCents(0, 2_500_000))
        .isInstanceOf(ChoirException.class);
  }

  @Test
  void roundingDustIsNeverEarned() {
    for (int i = 0; i < CASES; i++) {
      long price = 1 + upTo(20_000_000);
      long chip = 1 + upTo(200_000_000_000L);
      long cents;
      try {
        cents = PaymentRules.chipCents(chip, price);
      } catch (ChoirException e) {
        continue;
      }
      // What is paid is never worth less than what is bought.
      assertThat(java.math.BigInteger.valueOf(cents).multiply(java.math.BigInteger.valueOf(10_000)))
          .isGreaterThanOrEqualTo(
              java.math.BigInteger.valueOf(chip)
                  .multiply(java.math.BigInteger.valueOf(price))
                  .divide(java.math.BigInteger.valueOf(1_000_000)));
      long micro = 1_000_000 + upTo(4_000_000_000L);
      // Nor is more paid out than asked for; a million parts give no more than the whole.
      assertThat(PaymentRules.withdrawCents(micro) * 10_000).isLessThanOrEqualTo(micro);
    }
  }

  @Test
  void whateverGoesBackAndComesAgainNothingIsMadeOrLost() {
    for (int i = 0; i < CASES; i++) {
      long micro = (50 + upTo(500_000)) * 10_000;
      long bought = 1 + upTo(1_000_000_000);
      TakeBack.Sale sale = new TakeBack.Sale(bought, micro, 0, 0, 0);
      long held = upTo(bought);
      long available = upTo(bought);
      long till = upTo(2 * micro);
      long debt = 0;
      long user = 0;
      long bank = 0;
      long shortfall = 0;
      long units = held + available;
      for (int step = 0; step < 6; step++) {
        boolean all = random.nextInt(4) == 0;
        long returned = all ? micro : random.nextInt(4) == 0 ? 0 : upTo(micro / 10_000) * 10_000;
        TakeBack.Plan plan =
            TakeBack.plan(
                sale, returned, new TakeBack.Purses(held, available, till, debt, Long.MAX_VALUE));
        long out = plan.fromTill() + plan.shortfall() + plan.newDebt();
        long in = plan.lessDebt() + plan.toUser() + plan.toTill();
        assertThat(out - in).isEqualTo(returned - sale.returned());
        assertThat(plan.fromHeld()).isBetween(0L, held);
        assertThat(plan.fromAvailable()).isBetween(0L, available);
        assertThat(plan.fromTill()).isBetween(0L, till);
        assertThat(plan.lessDebt()).isBetween(0L, debt);
        held -= plan.fromHeld();
        available += plan.given() - plan.fromAvailable();
        till += plan.toTill() - plan.fromTill();
        debt += plan.newDebt() - plan.lessDebt();
        user += plan.toUser();
        shortfall += plan.shortfall();
        bank += in - out;
        sale = plan.after();
        assertThat(bank).isEqualTo(-sale.returned());
        assertThat(units - held - available).isEqualTo(sale.taken());
        // Some of the debt is repaid, some of what is there is spent and earned.
        debt -= upTo(debt) * random.nextInt(2);
        long spent = upTo(available) * random.nextInt(2);
        available -= spent;
        units -= spent;
      }
      TakeBack.Plan end =
          TakeBack.plan(sale, 0, new TakeBack.Purses(held, available, till, debt, Long.MAX_VALUE));
      assertThat(end.after()).isEqualTo(new TakeBack.Sale(bought, micro, 0, 0, 0));
      assertThat(end.given()).isEqualTo(sale.taken());
      assertThat(user + shortfall).isGreaterThanOrEqualTo(0);
    }
  }

  @Test
  void anAutopurchaseIsMadeOnlyWhenItIsTime() {
    Instant now = Instant.parse("2026-11-21T08:00:00Z");
    assertThat(PaymentRules.noAutopurchase(50, 0, now, now)).contains("enough_credits");
    assertThat(PaymentRules.noAutopurchase(49, 0, now, now)).isEmpty();
    assertThat(PaymentRules.noAutopurchase(0, 4_000, now, now)).isEmpty();
    assertThat(PaymentRules.noAutopurchase(0, 4_001, now, now)).contains("daily_cap");
    assertThat(PaymentRules.noAutopurchase(0, 0, now, now.plusSeconds(1)))
        .contains("declined_lately");
  }
}
