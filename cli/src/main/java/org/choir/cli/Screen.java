package org.choir.cli;

import java.io.PrintStream;
import java.util.List;

/** Lines at the bottom of a terminal that are redrawn in place. Not thread-safe. */
final class Screen {
  private final PrintStream out;
  private final int rows;
  private List<String> shown = List.of();

  Screen(PrintStream out, int rows) {
    this.out = out;
    this.rows = rows;
  }

  /** Replaces what is shown; lines that do not fit the terminal are left out at the top. */
  void draw(List<String> lines) {
    List<String> fitting = lines.subList(Math.max(0, lines.size() - rows + 1), lines.size());
    if (fitting.equals(shown)) {
      return;
    }
    StringBuilder frame = new StringBuilder(up());
    for (String line : fitting) {
      frame.append("\u001b[2K").append(line).append('\n');
    }
    frame.append("\u001b[0J");
    out.print(frame);
    out.flush();
    shown = List.copyOf(fitting);
  }

  /** Removes what is shown. */
  void clear() {
    if (shown.isEmpty()) {
      return;
    }
    out.print(up() + "\u001b[0J");
    out.flush();
    shown = List.of();
  }

  private String up() {
    return shown.isEmpty() ? "" : "\u001b[" + shown.size() + "A\r";
  }
}
