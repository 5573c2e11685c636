package org.choir.core;

import java.util.regex.Pattern;

/**
 * The user or organisation that owns runs, keys and money; the unit of isolation. 1 to 32
 * characters, a lower-case letter first, then letters, digits, {@code _}.
 */
public record TenantId(String value) {
  private static final Pattern FORM = Pattern.compile("[a-z][a-z0-9_]{0,31}");

  /** The tenant of a person who works alone on this machine and has not said otherwise. */
  public static final TenantId LOCAL = new TenantId("local");

  public TenantId {
    Ids.require("a user name", FORM, value);
  }

  /** Whether this could be a user's name. */
  public static boolean isValid(String value) {
    return FORM.matcher(value).matches();
  }

  @Override
  public String toString() {
    return value;
  }
}
