package org.choir.knowledge;

import java.util.OptionalInt;

/** Finds words in a text at the boundaries of words. */
final class Places {
  private Places() {}

  /** Where the words begin; empty if they do not occur or are empty. */
  static OptionalInt of(String text, String words) {
    if (words.isEmpty()) {
      return OptionalInt.empty();
    }
    for (int at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + 1)) {
      int end = at + words.length();
      boolean opens = at == 0 || !joined(text.charAt(at - 1), words.charAt(0));
      boolean closes =
          end == text.length() || !joined(words.charAt(words.length() - 1), text.charAt(end));
      if (opens && closes) {
        return OptionalInt.of(at);
      }
    }
    return OptionalInt.empty();
  }

  private static boolean joined(char one, char other) {
    return isPart(one) && isPart(other);
  }

  private static boolean isPart(char c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }
}
