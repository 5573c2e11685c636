package org.choir.backbone;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * The folder of the JetStream store. nats-server before 2.10 acknowledges a message when the
 * operating system has it and flushes later; the file attribute {@code S} (chattr(1)) makes every
 * write to the store wait for the disk. New files inherit it from their folder, so it must be there
 * before the first start.
 */
final class StoreFolder {
  private static final Pattern LINE = Pattern.compile("([-a-zA-Z]{10,}) (/.*)");

  private StoreFolder() {}

  /**
   * Makes the folder if it is missing and sees to its durability.
   *
   * @throws ChoirException {@code no_power_durability} if the file system cannot, {@code
   *     store_not_synchronous} if an existing store lacks the attribute
   */
  static void prepare(Path store, Backbone.Durability durability) throws IOException {
    PrivateFiles.folder(store);
    if (durability == Backbone.Durability.CRASH) {
      return;
    }
    if (isEmpty(store)) {
      Command.Outcome outcome = run(List.of("chattr", "+S", store.toString()), store);
      if (outcome.exit() != 0) {
        throw impossible(store, outcome.output(), null);
      }
    }
    Path first = firstWithout(store);
    if (first != null) {
      throw ChoirException.fatal(
          "store_not_synchronous",
          first + " does not wait for the disk, so backbone.durability: power does not hold",
          "while Choir is down: chattr -R +S " + store);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  private static @Nullable Path firstWithout(Path store) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String how : List.of("-d", "-Ra")) {
      Command.Outcome outcome = run(List.of("lsattr", how, store.toString()), store);
      if (outcome.exit() != 0) {
        throw impossible(store, outcome.output(), null);
      }
      outcome.output().lines().forEach(lines::add);
    }
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()
          && !matcher.group(2).endsWith("/..")
          && matcher.group(1).indexOf('S') < 0) {
        return Path.of(matcher.group(2));
      }
    }
    return null;
  }

  private static Command.Outcome run(List<String> command, Path store) {
    try {
      return Command.run(command);
    } catch (IOException e) {
      throw impossible(store, String.valueOf(e.getMessage()), e);
    }
  }

  private static ChoirException impossible(Path store, String why, @Nullable Throwable cause) {
    return ChoirException.fatal(
        "no_power_durability",
        "backbone.durability: power needs the attribute S on " + store + ": " + why,
        "put CHOIR_HOME on ext4 or XFS, install e2fsprogs, or set backbone.durability: crash",
        cause);
  }
}
