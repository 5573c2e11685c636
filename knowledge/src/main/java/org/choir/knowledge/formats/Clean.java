package org.choir.knowledge.formats;

import java.text.Normalizer;

/**
 * Text as it is stored: NFC, without control and invisible characters and lone surrogates, in which
 * hidden instructions and broken searches live.
 */
final class Clean {
  private Clean() {}

  /** Running text: every run of blanks is one space. */
  static String line(CharSequence text) {
    return clean(text, false);
  }

  /** Preformatted text: line breaks and inner blanks are kept, blanks at the ends of lines not. */
  static String lines(CharSequence text) {
    return clean(text, true);
  }

  private static String clean(CharSequence raw, boolean keepLines) {
    String text =
        Normalizer.isNormalized(raw, Normalizer.Form.NFC)
            ? raw.toString()
            : Normalizer.normalize(raw, Normalizer.Form.NFC);
    StringBuilder out = new StringBuilder(text.length());
    boolean leading = true;
    int blanks = 0;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      i += Character.charCount(point);
      if (point == '\n' && keepLines) {
        out.append('\n');
        blanks = 0;
        leading = true;
      } else if (blank(point)) {
        blanks += point == '\t' ? 4 : 1;
      } else if (!invisible(point)) {
        if (blanks > 0 && (keepLines || !leading)) {
          out.repeat(' ', keepLines ? blanks : 1);
        }
        blanks = 0;
        leading = false;
        out.appendCodePoint(point);
      }
    }
    return keepLines ? trimmed(out) : out.toString();
  }

  /** Without empty lines at both ends; the first line keeps its indentation. */
  private static String trimmed(StringBuilder lines) {
    int start = 0;
    while (start < lines.length() && lines.charAt(start) == '\n') {
      start++;
    }
    int end = lines.length();
    while (end > start && lines.charAt(end - 1) == '\n') {
      end--;
    }
    return lines.substring(start, end);
  }

  private static boolean blank(int point) {
    return Character.isWhitespace(point) || Character.isSpaceChar(point);
  }

  private static boolean invisible(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.UNASSIGNED -> true;
      default -> point == 0xFFFD;
    };
  }
}
