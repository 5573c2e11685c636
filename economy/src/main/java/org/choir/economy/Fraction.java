package org.choir.economy;

import java.math.BigInteger;

/**
 * Products and quotients of whole amounts, exact in between, with the direction of rounding in the
 * name. What does not fit into 63 bits throws {@link ArithmeticException}; so does a negative.
 */
final class Fraction {
  /** The whole, in parts per million. */
  static final long ONE = 1_000_000;

  private Fraction() {}

  /** {@code a * b / divisor}, rounded down. */
  static long down(long a, long b, long divisor) {
    require(a, b, divisor);
    if (Math.multiplyHigh(a, b) == 0 && a * b >= 0) {
      return a * b / divisor;
    }
    return product(a, b).divide(BigInteger.valueOf(divisor)).longValueExact();
  }

  /** {@code a * b / divisor}, rounded up. */
  static long up(long a, long b, long divisor) {
    require(a, b, divisor);
    BigInteger[] parts = product(a, b).divideAndRemainder(BigInteger.valueOf(divisor));
    return Math.addExact(parts[0].longValueExact(), parts[1].signum());
  }

  /** A share of an amount in parts per million, rounded down. */
  static long share(long amount, long ppm) {
    return down(amount, ppm, ONE);
  }

  private static BigInteger product(long a, long b) {
    return BigInteger.valueOf(a).multiply(BigInteger.valueOf(b));
  }

  private static void require(long a, long b, long divisor) {
    if (a < 0 || b < 0 || divisor <= 0) {
      throw new ArithmeticException("not amounts: " + a + " * " + b + " / " + divisor);
    }
  }
}
