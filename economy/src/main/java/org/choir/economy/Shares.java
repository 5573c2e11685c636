package org.choir.economy;

import java.math.BigInteger;

/** Parts of amounts in whole units. What cannot be divided stays with whoever pays. */
final class Shares {
  /** A whole, in parts per million. */
  static final long WHOLE = 1_000_000;

  private Shares() {}

  /**
   * {@code amount × numerator / denominator}, rounded down, computed without losing a bit.
   *
   * @throws ArithmeticException if it does not fit into 63 bits
   * @throws IllegalArgumentException if an operand is negative or the denominator is 0
   */
  static long part(long amount, long numerator, long denominator) {
    if (amount < 0 || numerator < 0 || denominator <= 0) {
      throw new IllegalArgumentException(amount + " × " + numerator + " / " + denominator);
    }
    return BigInteger.valueOf(amount)
        .multiply(BigInteger.valueOf(numerator))
        .divide(BigInteger.valueOf(denominator))
        .longValueExact();
  }

  /** As {@link #part}, rounded up: what is owed to whoever receives it. */
  static long partUp(long amount, long numerator, long denominator) {
    long down = part(amount, numerator, denominator);
    boolean exact =
        BigInteger.valueOf(amount)
            .multiply(BigInteger.valueOf(numerator))
            .equals(BigInteger.valueOf(down).multiply(BigInteger.valueOf(denominator)));
    return exact ? down : Math.addExact(down, 1);
  }

  /** A share in parts per million, rounded down. */
  static long ppm(long amount, long share) {
    return part(amount, share, WHOLE);
  }
}
