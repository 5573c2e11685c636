package org.choir.economy;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;

/**
 * Which account of the ledger: whose, which of their purses, in which currency. Written {@code
 * owner/purse/currency}, for example {@code user:ada/available/chip}. {@link Chart} names those
 * that exist.
 *
 * @param owner a lower-case name, a user's with {@code user:} before it
 * @param purse a lower-case name
 */
public record AccountId(String owner, String purse, Currency currency) {
  private static final Pattern OWNER = Pattern.compile("[a-z][a-z0-9_.:-]{0,79}");
  private static final Pattern PURSE = Pattern.compile("[a-z][a-z0-9_.-]{0,79}");
  private static final Pattern WRITTEN = Pattern.compile("([^/]+)/([^/]+)/([a-z]+)");

  public AccountId {
    if (!OWNER.matcher(owner).matches() || !PURSE.matcher(purse).matches()) {
      throw bad(owner + "/" + purse);
    }
  }

  /** A purse of a user. */
  public static AccountId user(TenantId user, String purse, Currency currency) {
    return new AccountId("user:" + user, purse, currency);
  }

  /**
   * Reads the written form.
   *
   * @throws ChoirException {@code bad_account}
   */
  public static AccountId parse(String written) {
    Matcher parts = WRITTEN.matcher(written);
    if (!parts.matches()) {
      throw bad(written);
    }
    for (Currency currency : Currency.values()) {
      if (currency.name().toLowerCase(Locale.ROOT).equals(parts.group(3))) {
        return new AccountId(parts.group(1), parts.group(2), currency);
      }
    }
    throw bad(written);
  }

  private static ChoirException bad(String written) {
    return ChoirException.usage(
        "bad_account",
        "'" + org.choir.core.Text.visible(written, 100) + "' is no account of the ledger",
        "write owner/purse/currency, for example user:ada/available/chip");
  }

  @Override
  public String toString() {
    return owner + "/" + purse + "/" + currency.name().toLowerCase(Locale.ROOT);
  }
}
