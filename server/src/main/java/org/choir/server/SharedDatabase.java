package org.choir.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.choir.database.Database;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL that all rooms of a server share: its own in the home, or the one that the
 * configuration names. Opened by the first room that needs it and not with the server, because
 * starting one takes seconds. Thread-safe.
 */
final class SharedDatabase implements AutoCloseable {
  private final Path folder;
  private final Optional<Database.External> external;
  private @Nullable Database opened;
  private boolean closed;

  /**
   * @param folder where the server's own lies
   * @param external takes its place
   */
  SharedDatabase(Path folder, Optional<Database.External> external) {
    this.folder = folder;
    this.external = external;
  }

  /**
   * The database; the first call starts it.
   *
   * @throws org.choir.core.ChoirException {@code database_not_started}, {@code database_in_use},
   *     {@code database_unreachable}, {@code database_password_unreadable}
   */
  synchronized Database open() {
    if (closed) {
      throw new IllegalStateException("the server is ending");
    }
    Database there = opened;
    if (there == null) {
      there =
          external.isPresent()
              ? Database.open(external.get())
              : Database.open(new Database.Embedded(folder));
      opened = there;
    }
    return there;
  }

  /** Whether it may hold anything: one in the home that never ran does not. */
  boolean exists() {
    return external.isPresent() || Files.isDirectory(folder.resolve("data"));
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (opened != null) {
      opened.close();
      opened = null;
    }
  }
}
