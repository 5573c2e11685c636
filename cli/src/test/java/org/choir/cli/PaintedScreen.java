package org.choir.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a person sees once a terminal has obeyed all that was printed: lines, top to bottom. */
final class PaintedScreen {
  private static final Pattern PIECE =
      Pattern.compile("\u001b\\[([0-9]*)([A-Za-z])|\n|\r|[^\u001b\n\r]+");

  private PaintedScreen() {}

  /** Knows the sequences that {@link Screen} uses: up, clear the line, clear to the end. */
  static List<String> of(String printed) {
    List<StringBuilder> lines = new ArrayList<>(List.of(new StringBuilder()));
    int row = 0;
    int column = 0;
    Matcher pieces = PIECE.matcher(printed);
    while (pieces.find()) {
      String piece = pieces.group();
      if (piece.equals("\n")) {
        row++;
        column = 0;
        if (row == lines.size()) {
          lines.add(new StringBuilder());
        }
      } else if (piece.equals("\r")) {
        column = 0;
      } else if (pieces.group(2) == null) {
        StringBuilder line = lines.get(row);
        line.replace(column, Math.min(line.length(), column + piece.length()), piece);
        column += piece.length();
      } else {
        switch (pieces.group(2)) {
          case "A" -> row = Math.max(0, row - Integer.parseInt(pieces.group(1)));
          case "K" -> lines.get(row).setLength(0);
          case "J" -> {
            lines.get(row).setLength(column);
            lines.subList(row + 1, lines.size()).clear();
          }
          case "m" -> {} // a colour
          default -> throw new AssertionError("the screen emulator does not know " + piece);
        }
      }
    }
    return lines.stream().map(StringBuilder::toString).toList();
  }
}
