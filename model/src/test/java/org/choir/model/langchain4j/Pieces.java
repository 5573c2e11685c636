package org.choir.model.langchain4j;

import java.util.ArrayList;
import java.util.List;

/** Text cut the way models cut it: anywhere between two characters. */
final class Pieces {
  private Pieces() {}

  static List<String> of(String text, int length) {
    List<String> pieces = new ArrayList<>();
    for (int from = 0; from < text.length(); ) {
      int to = Math.min(text.length(), from + length);
      if (to < text.length() && Character.isLowSurrogate(text.charAt(to))) {
        to++;
      }
      pieces.add(text.substring(from, to));
      from = to;
    }
    return pieces;
  }
}
