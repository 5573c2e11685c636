package org.choir.core;

import java.math.BigDecimal;

/**
 * An exact amount.
 *
 * @param minorUnits in the currency's smallest unit; arithmetic throws on overflow instead of
 *     wrapping
 */
public record Money(long minorUnits, Currency currency) implements Comparable<Money> {

  /** Nothing, in this currency. */
  public static Money zero(Currency currency) {
    return new Money(0, currency);
  }

  /**
   * Reads a decimal such as {@code 2} or {@code 0.25}.
   *
   * @throws ArithmeticException if it has more decimals than the currency or does not fit
   * @throws NumberFormatException if it is not a decimal number
   */
  public static Money parse(String decimal, Currency currency) {
    return new Money(
        new BigDecimal(decimal).movePointRight(currency.decimals()).longValueExact(), currency);
  }

  /** The sum; both must be of one currency. */
  public Money plus(Money other) {
    return new Money(Math.addExact(minorUnits, same(other).minorUnits), currency);
  }

  /** The difference; both must be of one currency. */
  public Money minus(Money other) {
    return new Money(Math.subtractExact(minorUnits, same(other).minorUnits), currency);
  }

  @Override
  public int compareTo(Money other) {
    return Long.compare(minorUnits, same(other).minorUnits);
  }

  private Money same(Money other) {
    if (other.currency != currency) {
      throw new IllegalArgumentException("cannot combine " + currency + " with " + other.currency);
    }
    return other;
  }

  /** For example {@code 0.25 USD}. */
  @Override
  public String toString() {
    BigDecimal amount = BigDecimal.valueOf(minorUnits, currency.decimals()).stripTrailingZeros();
    return (amount.scale() < 0 ? amount.setScale(0) : amount).toPlainString() + " " + currency;
  }
}
