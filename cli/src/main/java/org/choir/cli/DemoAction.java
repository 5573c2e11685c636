package org.choir.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.economy.demo.EconomyDemo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code choir demo}. */
@Command(
    name = "demo",
    description = "Show a part of Choir at work, over real parts in a folder of its own.",
    footer = {
      "",
      "Examples:",
      "  choir demo economy    a user's year in credits, CHIP and dollars; no money moves"
    })
final class DemoAction extends Action {
  @Parameters(paramLabel = "NAME", description = "economy.")
  String name = "";

  DemoAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    if (!name.equals("economy")) {
      throw ChoirException.usage(
          "no_such_demo", "there is no demo '" + name + "'", "choose: choir demo economy");
    }
    // Libraries greet at INFO; a story is no place for it.
    Logger.getLogger("").setLevel(Level.WARNING);
    try {
      Path folder = Files.createTempDirectory("choir-demo");
      try {
        EconomyDemo.run(folder.resolve("economy"), context.out());
      } finally {
        remove(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the demo's folder", e);
    }
    return 0;
  }

  private static void remove(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> walk = Files.walk(folder)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
