package org.choir.economy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.choir.database.Database;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** One embedded PostgreSQL for all test classes of this room that ask for it. */
final class OneDatabase implements ParameterResolver {
  private static final class Held implements AutoCloseable {
    private final Path folder;
    private final Database database;

    Held() {
      try {
        folder = Files.createTempDirectory("choir-economy");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      database = Database.open(new Database.Embedded(folder.resolve("postgres")));
      database.migrate("economy");
    }

    @Override
    public void close() throws IOException {
      database.close();
      List<Path> all;
      try (Stream<Path> walk = Files.walk(folder)) {
        all = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : all) {
        Files.deleteIfExists(path);
      }
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Database.class;
  }

  @Override
  public Database resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getRoot()
        .getStore(ExtensionContext.Namespace.create(OneDatabase.class))
        .computeIfAbsent(Held.class)
        .database;
  }
}
