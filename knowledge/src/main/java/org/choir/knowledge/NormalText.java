package org.choir.knowledge;

import java.text.Normalizer;
import java.util.Arrays;

/**
 * A text folded for comparison: Unicode NFKC, plain quotes and dashes, single spaces, no invisible
 * characters, no backticks. Each char knows the code points of the original it stands for.
 */
final class NormalText {
  private final String text;
  private final String lower;
  private int[] starts = new int[64];
  private int[] ends = new int[64];

  NormalText(String original) {
    StringBuilder out = new StringBuilder(original.length());
    int point = 0;
    for (int i = 0; i < original.length(); ) {
      int next = i + Character.charCount(original.codePointAt(i));
      int count = 1;
      while (next < original.length() && isCombining(original.codePointAt(next))) {
        next += Character.charCount(original.codePointAt(next));
        count++;
      }
      String folded = fold(original, i, next);
      for (int j = 0; j < folded.length(); j++) {
        char c = folded.charAt(j);
        boolean repeated = c == ' ' && (out.isEmpty() || out.charAt(out.length() - 1) == ' ');
        if (!repeated) {
          append(out.length(), point, point + count);
          out.append(c);
        }
      }
      point += count;
      i = next;
    }
    if (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
    this.text = out.toString();
    StringBuilder small = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      small.append(Character.toLowerCase(text.charAt(i)));
    }
    this.lower = small.toString();
  }

  /** The folded text. */
  String text() {
    return text;
  }

  /** The folded text in lower case, char for char. */
  String lower() {
    return lower;
  }

  /** Where the char at this place begins in the original, in code points. */
  int start(int at) {
    return starts[at];
  }

  /** Where the char at this place ends in the original, in code points. */
  int end(int at) {
    return ends[at];
  }

  private void append(int at, int start, int end) {
    if (at == starts.length) {
      starts = Arrays.copyOf(starts, at * 2);
      ends = Arrays.copyOf(ends, at * 2);
    }
    starts[at] = start;
    ends[at] = end;
  }

  private static boolean isCombining(int point) {
    int type = Character.getType(point);
    return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
  }

  private static String fold(String text, int from, int to) {
    char c = text.charAt(from);
    if (to == from + 1 && c < 0x80) {
      boolean blank = c <= ' ' || c == 0x7f;
      return blank ? " " : c == '`' ? "" : String.valueOf(c);
    }
    int point = text.codePointAt(from);
    if (isBlank(point)) {
      // A space inside a number only groups its digits.
      boolean grouping =
          from > 0
              && to + 2 < text.length()
              && Character.isDigit(text.charAt(from - 1))
              && Character.isDigit(text.charAt(to))
              && Character.isDigit(text.charAt(to + 1))
              && Character.isDigit(text.charAt(to + 2));
      return grouping ? "" : " ";
    }
    int type = Character.getType(point);
    if (type == Character.FORMAT || type == Character.CONTROL || type == Character.SURROGATE) {
      return "";
    }
    if (type == Character.DASH_PUNCTUATION || point == 0x2212) {
      return point == '—' ? " - " : "-";
    }
    if ("“”„‟«»″＂".indexOf(point) >= 0) {
      return "\"";
    }
    if ("‘’‚‛′´".indexOf(point) >= 0) {
      return "'";
    }
    return Normalizer.normalize(text.substring(from, to), Normalizer.Form.NFKC);
  }

  private static boolean isBlank(int point) {
    return Character.isWhitespace(point) || Character.isSpaceChar(point);
  }
}
