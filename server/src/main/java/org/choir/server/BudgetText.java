package org.choir.server;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.agent.Limits;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.Text;

/** Reads a budget as a person writes it: {@code 2usd}, {@code 0.50usd} or {@code 200000tok}. */
final class BudgetText {
  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,6})?)\\s*(usd|tok)");

  private BudgetText() {}

  /**
   * The limits with this budget in place of what they say of money or tokens.
   *
   * @throws ChoirException {@code bad_budget}
   */
  static Limits apply(String text, Limits limits) {
    Matcher matcher = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw bad(text);
    }
    String amount = matcher.group(1);
    if (matcher.group(2).equals("usd")) {
      Money money = Money.parse(amount, Currency.USD);
      if (money.minorUnits() == 0) {
        throw bad(text);
      }
      return new Limits(limits.steps(), limits.time(), limits.tokens(), Optional.of(money));
    }
    if (amount.indexOf('.') >= 0 || Long.parseLong(amount) == 0) {
      throw bad(text);
    }
    return new Limits(
        limits.steps(), limits.time(), Optional.of(Long.parseLong(amount)), limits.money());
  }

  private static ChoirException bad(String text) {
    return ChoirException.usage(
        "bad_budget",
        "'" + Text.visible(text, 40) + "' is not a budget",
        "write for example --budget 2usd or --budget 200000tok");
  }
}
