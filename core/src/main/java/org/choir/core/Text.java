package org.choir.core;

/** Strings from outside, made safe to show. */
public final class Text {
  private Text() {}

  /**
   * The string on one line, without control, format (bidirectional, zero-width) and surrogate
   * characters, cut to {@code max} code points with an ellipsis.
   */
  public static String visible(String untrusted, int max) {
    StringBuilder out = new StringBuilder(Math.min(untrusted.length(), max + 1));
    int count = 0;
    for (int i = 0; i < untrusted.length(); ) {
      int point = untrusted.codePointAt(i);
      i += Character.charCount(point);
      if (count == max) {
        return out.append('…').toString();
      }
      int type = Character.getType(point);
      boolean blank = Character.isWhitespace(point) || type == Character.CONTROL;
      if (blank) {
        out.append(' ');
      } else if (type != Character.FORMAT && type != Character.SURROGATE) {
        out.appendCodePoint(point);
      } else {
        continue;
      }
      count++;
    }
    return out.toString();
  }
}
