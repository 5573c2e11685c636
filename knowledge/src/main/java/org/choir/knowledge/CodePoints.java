package org.choir.knowledge;

/** Turns offsets in chars of one text into offsets in Unicode code points and back. */
final class CodePoints {
  private final String text;

  /** For each char the code points before it; empty if the text has no surrogates. */
  private final int[] before;

  CodePoints(String text) {
    this.text = text;
    if (text.chars().noneMatch(c -> Character.isSurrogate((char) c))) {
      this.before = new int[0];
      return;
    }
    this.before = new int[text.length() + 1];
    int count = 0;
    for (int i = 0; i < text.length(); ) {
      int width = Character.charCount(text.codePointAt(i));
      for (int j = 0; j < width; j++) {
        before[i + j] = count;
      }
      i += width;
      count++;
    }
    before[text.length()] = count;
  }

  /** The code points before this char offset. */
  int at(int chars) {
    return before.length == 0 ? chars : before[chars];
  }

  /** The text between two offsets in code points. */
  String slice(int start, int end) {
    if (before.length == 0) {
      return text.substring(start, end);
    }
    int from = text.offsetByCodePoints(0, start);
    return text.substring(from, text.offsetByCodePoints(from, end - start));
  }

  /** The whole length in code points. */
  int length() {
    return at(text.length());
  }
}
