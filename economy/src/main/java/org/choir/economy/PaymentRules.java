package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * Prices, limits and times of payments. Sums of dollars are whole cents towards banks and
 * millionths in the ledger; what does not divide is rounded up for what is bought and down for what
 * is paid out.
 */
public final class PaymentRules {
  /** A pack: 500 credits for $10. Any number of credits is sold at this price. */
  public static final long PACK_CREDITS = 500;

  /** What a pack costs. */
  public static final long PACK_CENTS = 1_000;

  /** Millionths of a dollar in a cent. */
  public static final long MICRO_PER_CENT = 10_000;

  private static final long BUY_CENTS_MIN = 500;
  private static final long BUY_CENTS_MAX = 500_000;

  /** Below this many credits a user who has agreed to it buys a pack by themselves. */
  public static final long AUTO_BELOW = 50;

  /** What autopurchases of one user may cost in one day of UTC. */
  public static final long AUTO_CENTS_PER_DAY = 5_000;

  /** After so many refusals in a row no more is tried. */
  public static final int AUTO_DECLINES_MAX = 2;

  /** How long after a refusal the next autopurchase is tried. */
  public static final Duration AUTO_AFTER_DECLINE = Duration.ofHours(1);

  /** How long a page to pay on stays open, and a price with it. */
  public static final Duration CHECKOUT_LIFE = Duration.ofHours(1);

  /** How long CHIP bought by card cannot leave: in this time most frauds are reported. */
  public static final Duration CARD_HOLD = Duration.ofDays(3);

  /** How long withdrawals wait until the first of a user was paid. */
  public static final Duration FIRST_HOLD = Duration.ofDays(3);

  private static final long WITHDRAW_CENTS_MIN = 100;

  /** What one user may withdraw in any 24 hours. */
  public static final long WITHDRAW_CENTS_PER_DAY = 500_000;

  /** The time over which withdrawals are added up: no midnight divides them. */
  public static final Duration WITHDRAW_DAY = Duration.ofDays(1);

  private PaymentRules() {}

  /**
   * What credits cost in cents.
   *
   * @throws ChoirException {@code bad_amount} below $5 or above $5,000
   */
  public static long creditCents(long credits) {
    return bought(ceil(credits, PACK_CENTS, PACK_CREDITS), credits + " credits");
  }

  /**
   * What CHIP cost in cents.
   *
   * @param microChip millionths of a CHIP
   * @param price millionths of a dollar for one CHIP
   * @throws ChoirException {@code bad_amount} below $5 or above $5,000, {@code no_price}
   */
  public static long chipCents(long microChip, long price) {
    if (price <= 0) {
      throw ChoirException.retryable(
          "no_price", "CHIP has no price now, so the treasury sells none", "try again later", null);
    }
    long micro = ceil(microChip, price, 1_000_000);
    return bought(ceil(micro, 1, MICRO_PER_CENT), new Money(microChip, Currency.CHIP).toString());
  }

  private static long bought(long cents, String what) {
    if (cents < BUY_CENTS_MIN || cents > BUY_CENTS_MAX) {
      throw ChoirException.usage(
          "bad_amount",
          what + " cost " + dollars(cents),
          "buy for at least "
              + dollars(BUY_CENTS_MIN)
              + " and at most "
              + dollars(BUY_CENTS_MAX)
              + " at once");
    }
    return cents;
  }

  /**
   * The whole cents of a sum to withdraw; what is left over stays in the wallet.
   *
   * @param micro millionths of a dollar
   * @throws ChoirException {@code bad_amount} below $1 or above a day's limit
   */
  public static long withdrawCents(long micro) {
    long cents = micro / MICRO_PER_CENT;
    if (cents < WITHDRAW_CENTS_MIN || cents > WITHDRAW_CENTS_PER_DAY) {
      throw ChoirException.usage(
          "bad_amount",
          "cannot withdraw " + new Money(micro, Currency.USDC),
          "withdraw at least "
              + dollars(WITHDRAW_CENTS_MIN)
              + " and at most "
              + dollars(WITHDRAW_CENTS_PER_DAY)
              + " a day");
    }
    return cents;
  }

  /** Until when a withdrawal waits: not at all once an earlier one was paid. */
  public static Instant heldUntil(Instant requested, boolean paidBefore) {
    return paidBefore ? requested : requested.plus(FIRST_HOLD);
  }

  /** Why an autopurchase is not made now, or nothing if it is. */
  public static Optional<String> noAutopurchase(
      long credits, long centsToday, Instant now, Instant notBefore) {
    if (credits >= AUTO_BELOW) {
      return Optional.of("enough_credits");
    }
    if (now.isBefore(notBefore)) {
      return Optional.of("declined_lately");
    }
    return Math.addExact(centsToday, PACK_CENTS) > AUTO_CENTS_PER_DAY
        ? Optional.of("daily_cap")
        : Optional.empty();
  }

  /** The first instant of a day of UTC. */
  public static Instant dayOf(Instant now) {
    return LocalDate.ofInstant(now, ZoneOffset.UTC).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /** How long until a failed piece of work is tried again: 5 s doubling to an hour. */
  public static Duration pause(int attempts) {
    return Duration.ofSeconds(Math.min(3_600, 5L << Math.min(attempts, 10)));
  }

  /** Cents as people write them. */
  public static String dollars(long cents) {
    return "$" + java.math.BigDecimal.valueOf(cents, 2).toPlainString();
  }

  /** {@code a * b / c}, rounded up; all positive. */
  static long ceil(long a, long b, long c) {
    if (a <= 0) {
      throw ChoirException.usage("bad_amount", "an amount of " + a, "ask for more than nothing");
    }
    return java.math.BigInteger.valueOf(a)
        .multiply(java.math.BigInteger.valueOf(b))
        .add(java.math.BigInteger.valueOf(c - 1))
        .divide(java.math.BigInteger.valueOf(c))
        .longValueExact();
  }
}
