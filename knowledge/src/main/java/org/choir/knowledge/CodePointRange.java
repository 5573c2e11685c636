package org.choir.knowledge;

/** Offsets in Unicode code points, in which the house counts. */
final class CodePointRange {
  private CodePointRange() {}

  /** The part of a text between two offsets in code points. */
  static String substring(String text, int start, int end) {
    int from = text.offsetByCodePoints(0, start);
    return text.substring(from, text.offsetByCodePoints(from, end - start));
  }

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
