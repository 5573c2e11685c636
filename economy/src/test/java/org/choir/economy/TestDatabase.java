package org.choir.economy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.choir.database.Database;

/** A PostgreSQL that the test classes of a run share; each takes a database of its own in it. */
public final class TestDatabase {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private TestDatabase() {}

  /** Started with the first use, ended with the run. */
  private static final class Shared {
    static final Path FOLDER = folder();
    static final Database SERVER = Database.open(new Database.Embedded(FOLDER));

    static {
      Runtime.getRuntime().addShutdownHook(new Thread(Shared::end));
    }

    private static Path folder() {
      try {
        return Files.createTempDirectory("economy-test");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void end() {
      SERVER.close();
      try (Stream<Path> all = Files.walk(FOLDER)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Where a new, empty database with the room's schema is. */
  static Database.External place() {
    String name = "test" + NUMBER.incrementAndGet();
    try (Connection c = Shared.SERVER.dataSource().getConnection();
        var s = c.createStatement()) {
      s.execute("create database " + name);
      String url = c.getMetaData().getURL().replaceFirst("/postgres$", "/" + name);
      return new Database.External(url, "choir", Shared.FOLDER.resolve("password"));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A new, empty database with the room's schema; its user closes it. */
  public static Database fresh() {
    Database fresh = Database.open(place());
    fresh.migrate("economy");
    return fresh;
  }
}
