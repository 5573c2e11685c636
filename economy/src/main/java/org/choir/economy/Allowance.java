package org.choir.economy;

import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * What a user's agents may do in a day (UTC) without asking them; all zero for a user who never
 * said. Set by the user alone: no tool reaches it.
 *
 * @param chip at stake, in the smallest unit, at most 1,000 CHIP
 * @param usdc sent to other users, in the smallest unit, at most 5,000 USDC
 * @param publications articles published, at most 100
 */
public record Allowance(long chip, long usdc, long publications) {
  /** Every action asks a person. */
  public static final Allowance NONE = new Allowance(0, 0, 0);

  private static final long CHIP_MAX = 1_000_000_000L;
  private static final long USDC_MAX = 5_000_000_000L;
  private static final long PUBLICATIONS_MAX = 100;

  /**
   * Checked.
   *
   * @throws ChoirException {@code bad_allowance}
   */
  public Allowance {
    check(chip, CHIP_MAX, new Money(chip, Currency.CHIP), new Money(CHIP_MAX, Currency.CHIP));
    check(usdc, USDC_MAX, new Money(usdc, Currency.USDC), new Money(USDC_MAX, Currency.USDC));
    check(publications, PUBLICATIONS_MAX, publications + " publications", PUBLICATIONS_MAX);
  }

  private static void check(long value, long most, Object shown, Object mostShown) {
    if (value < 0 || value > most) {
      throw ChoirException.usage(
          "bad_allowance",
          shown + " a day is no allowance",
          "choose between 0 and " + mostShown + "; more than that asks you each time");
    }
  }

  /** How much of this kind. */
  public long of(AllowanceRule.Kind kind) {
    return switch (kind) {
      case PUBLICATIONS -> publications;
      case CHIP -> chip;
      case USDC -> usdc;
    };
  }
}
