package org.choir.core;

import java.util.regex.Pattern;

/** The rule that every id obeys; the id records call it from their constructors. */
final class Ids {
  private Ids() {}

  static String require(String what, Pattern form, String value) {
    if (!form.matcher(value).matches()) {
      throw ChoirException.usage(
          "bad_id",
          "'" + Text.visible(value, 60) + "' is not " + what + " (expected " + form.pattern() + ")",
          "list what exists with: choir runs");
    }
    return value;
  }
}
