package org.choir.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.core.ChoirException;
import org.choir.core.RunId;

/**
 * The runs a person has removed, one id per line. Their histories cannot be deleted (the stream
 * denies it), so they are hidden.
 */
final class Removed {
  private final Path file;
  private final Set<String> ids = ConcurrentHashMap.newKeySet();

  Removed(Path file) {
    this.file = file;
    try {
      if (Files.exists(file)) {
        ids.addAll(Files.readAllLines(file));
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  boolean contains(RunId run) {
    return ids.contains(run.value());
  }

  synchronized void add(RunId run) {
    try {
      Files.writeString(
          file, run.value() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      ids.add(run.value());
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private ChoirException failed(IOException e) {
    return ChoirException.fatal(
        "cannot_write",
        "cannot use " + file + ": " + e.getMessage(),
        "check its permissions and whether the disk is full",
        e);
  }
}
