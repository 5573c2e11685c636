package org.choir.economy;

import org.choir.core.ChoirException;
import org.choir.core.Text;

/** What every request is checked for. */
final class Requests {
  /** The largest amount that is asked for: a hundred million, which is CHIP's supply cap. */
  static final long AMOUNT_MAX = 100_000_000_000_000L;

  private static final int KEY_MAX = 120;

  private Requests() {}

  /**
   * Refuses what is no amount to ask for.
   *
   * @throws ChoirException {@code bad_amount}
   */
  static long amount(long amount, String what) {
    if (amount <= 0 || amount > AMOUNT_MAX) {
      throw ChoirException.usage(
          "bad_amount",
          amount + " is no amount of " + what,
          "give a whole number from 1 to " + AMOUNT_MAX + " in the smallest unit");
    }
    return amount;
  }

  /**
   * Refuses what is no key of a request.
   *
   * @throws ChoirException {@code bad_key}
   */
  static String key(String key) {
    if (key.isEmpty() || key.length() > KEY_MAX || !Text.visible(key, KEY_MAX).equals(key)) {
      throw ChoirException.usage(
          "bad_key",
          "'" + Text.visible(key, 40) + "' is no key of a request",
          "give 1 to 120 visible characters, the same for each retry");
    }
    return key;
  }
}
