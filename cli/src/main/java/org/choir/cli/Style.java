package org.choir.cli;

import org.choir.core.Text;

/** Colours of one output, or none where they are not wanted. */
record Style(boolean colours) {
  String bold(String text) {
    return wrap("1", text);
  }

  String dim(String text) {
    return wrap("2", text);
  }

  String green(String text) {
    return wrap("32", text);
  }

  String red(String text) {
    return wrap("31", text);
  }

  String cyan(String text) {
    return wrap("36", text);
  }

  private String wrap(String code, String text) {
    return colours && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /** Untrusted text on one line of at most so many columns. */
  static String fit(String untrusted, int columns) {
    if (columns < 1) {
      return "";
    }
    String line = Text.visible(untrusted, columns);
    // The ellipsis is one more than asked for.
    return line.codePointCount(0, line.length()) <= columns
        ? line
        : Text.visible(untrusted, columns - 1);
  }
}
