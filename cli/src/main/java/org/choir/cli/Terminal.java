package org.choir.cli;

import java.io.Console;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The terminal that progress is drawn on, as the start script found it: {@code
 * -Dchoir.terminal="ROWS COLUMNS"} is given only where standard error is one.
 *
 * @param live whether progress is redrawn in place
 * @param asks whether a person can be asked on standard input
 */
record Terminal(boolean live, boolean asks, int rows, int columns, Style style) {
  private static final int ROWS = 24;
  private static final int COLUMNS = 80;

  /** A file or pipe: plain lines, nobody to ask. */
  static final Terminal NONE = new Terminal(false, false, ROWS, COLUMNS, new Style(false));

  /** What the script said, and what the environment says of colours. */
  static Terminal find(Map<String, String> environment) {
    String said = System.getProperty("choir.terminal", "");
    if (!said.matches("[0-9]{1,4} [0-9]{1,4}")) {
      return NONE;
    }
    String[] size = said.split(" ", 2);
    boolean dumb = environment.getOrDefault("TERM", "dumb").equals("dumb");
    boolean colours = !dumb && environment.getOrDefault("NO_COLOR", "").isEmpty();
    int rows = Integer.parseInt(size[0]);
    int columns = Integer.parseInt(size[1]);
    return new Terminal(
        !dumb,
        answers(System.console()),
        rows < 5 ? ROWS : rows,
        columns < 20 ? COLUMNS : columns,
        new Style(colours));
  }

  /** Whether a person can be asked; without a console there is nobody. */
  private static boolean answers(@Nullable Console console) {
    return console != null && console.isTerminal();
  }
}
