package org.choir.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.ChoirException;

/**
 * This process's terminal, passing every key on unseen until it is restored, which also happens
 * when the process ends. Java cannot set a terminal's modes; stty(1) does.
 */
final class RawTerminal {
  private static final File DEVICE = new File("/dev/tty");
  private static final int PATIENCE_SECONDS = 5;

  private final String before;
  private final Thread hook;
  private volatile int columns = 80;
  private volatile int rows = 24;

  private RawTerminal(String before) {
    this.before = before;
    this.hook = Thread.ofPlatform().unstarted(() -> stty(before));
  }

  /**
   * Takes the terminal.
   *
   * @throws ChoirException {@code no_terminal}
   */
  static RawTerminal take() {
    RawTerminal terminal = new RawTerminal(stty("-g").strip());
    terminal.measure();
    Runtime.getRuntime().addShutdownHook(terminal.hook);
    stty("raw", "-echo");
    return terminal;
  }

  /** Asks for its size again. */
  void measure() {
    String[] size = stty("size").strip().split(" ", 2);
    if (size.length == 2
        && size[0].matches("[1-9][0-9]{0,2}")
        && size[1].matches("[1-9][0-9]{0,2}")) {
      rows = Integer.parseInt(size[0]);
      columns = Integer.parseInt(size[1]);
    }
  }

  int columns() {
    return columns;
  }

  int rows() {
    return rows;
  }

  /** Gives it back as it was. */
  void restore() {
    stty(before);
    Runtime.getRuntime().removeShutdownHook(hook);
  }

  private static String stty(String... words) {
    List<String> line = new ArrayList<>(List.of("stty"));
    line.addAll(List.of(words));
    try {
      Process process =
          new ProcessBuilder(line)
              .redirectInput(DEVICE)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return out;
      }
      throw none(null);
    } catch (IOException e) {
      throw none(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw none(e);
    }
  }

  private static ChoirException none(@org.jspecify.annotations.Nullable Exception cause) {
    return new ChoirException(
        ChoirException.usage("no_terminal", "there is no terminal here to pass on", "leave -t out")
            .failure(),
        cause);
  }
}
