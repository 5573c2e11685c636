package org.choir.server;

import java.math.BigDecimal;
import java.util.Locale;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.Text;

/** Amounts of money as people write and read them. */
final class Amounts {
  private Amounts() {}

  /**
   * The smallest units of a written amount, more than 0.
   *
   * @throws ChoirException {@code bad_amount}
   */
  static long units(String written, Currency currency) {
    try {
      long units = Money.parse(written.strip().replaceFirst("^\\$", ""), currency).minorUnits();
      if (units > 0) {
        return units;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw bad(written, currency, e);
    }
    throw bad(written, currency, null);
  }

  private static ChoirException bad(
      String written, Currency currency, @org.jspecify.annotations.Nullable Exception cause) {
    return new ChoirException(
        new org.choir.core.Failure(
            "bad_amount",
            "'" + Text.visible(written, 40) + "' is no amount of " + name(currency),
            currency.decimals() == 0
                ? "write a whole number"
                : "write a number with at most " + currency.decimals() + " decimals",
            org.choir.core.ExitStatus.USAGE,
            false),
        cause);
  }

  /** For example {@code 1,250.5 CHIP}, {@code 2,150 credits} or {@code $173.45}. */
  static String text(long units, Currency currency) {
    BigDecimal amount = BigDecimal.valueOf(units, currency.decimals()).stripTrailingZeros();
    boolean dollars = currency == Currency.USDC || currency == Currency.USD;
    int scale = Math.max(amount.scale(), dollars && amount.scale() > 0 ? 2 : 0);
    String number = String.format(Locale.ROOT, "%,." + scale + "f", amount.abs());
    String sign = units < 0 ? "-" : "";
    return dollars ? sign + "$" + number : sign + number + " " + name(currency);
  }

  private static String name(Currency currency) {
    return switch (currency) {
      case CREDITS -> "credits";
      case CHIP -> "CHIP";
      case USDC, USD -> "dollars";
    };
  }

  /**
   * The currency of this name.
   *
   * @throws ChoirException {@code bad_currency}
   */
  static Currency currency(String written) {
    return switch (written.strip().toLowerCase(Locale.ROOT)) {
      case "credits" -> Currency.CREDITS;
      case "chip" -> Currency.CHIP;
      case "usdc" -> Currency.USDC;
      default ->
          throw ChoirException.usage(
              "bad_currency",
              "there is no currency '" + Text.visible(written, 20) + "'",
              "write credits, chip or usdc");
    };
  }
}
