package org.choir.agent;

import java.util.Locale;

/** Small rules about strings from models and guests. */
final class Strings {
  private Strings() {}

  /**
   * The text with every lone surrogate replaced by U+FFFD: a model may write one as an escape, and
   * it has no UTF-8 form that could be recorded.
   */
  static String sound(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        i++;
      } else if (Character.isSurrogate(c)) {
        if (out == null) {
          out = new StringBuilder(text);
        }
        out.setCharAt(i, '\uFFFD');
      }
    }
    return out == null ? text : out.toString();
  }

  /** The first {@code max} UTF-16 units, one less where that would split a pair. */
  static String cut(String text, int max) {
    if (text.length() <= max) {
      return text;
    }
    return text.substring(0, Character.isHighSurrogate(text.charAt(max - 1)) ? max - 1 : max);
  }

  /** As {@link #cut}, with an ellipsis where something is missing. */
  static String brief(String text, int max) {
    return text.length() <= max ? text : cut(text, max) + "…";
  }

  static String lower(String word) {
    return word.toLowerCase(Locale.ROOT);
  }

  static String upper(String word) {
    return word.toUpperCase(Locale.ROOT);
  }
}
