package org.choir.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.choir.core.ChoirException;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/** One PostgreSQL, embedded or another's, with its pool. Thread-safe; closed with the server. */
public final class Database implements AutoCloseable {
  private static final int CONNECTIONS_MAX = 16;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** Which database to use. */
  public sealed interface Options permits Embedded, External {}

  /**
   * A server of our own, started in this folder and stopped with this object; its data stays there.
   */
  public record Embedded(Path folder) implements Options {}

  /**
   * Another's server.
   *
   * @param url a JDBC address, {@code jdbc:postgresql://host/name}, without a password
   * @param passwordFile a file that only its owner reads
   */
  public record External(String url, String user, Path passwordFile) implements Options {
    public External {
      if (!url.startsWith("jdbc:postgresql:") || url.contains("password=")) {
        throw ChoirException.usage(
            "bad_database_url",
            "a database address begins with jdbc:postgresql: and holds no password",
            "put the password into a file of its own");
      }
    }
  }

  /** Work that runs in one transaction. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object> {
    /** Does it; whatever it throws rolls everything back. */
    T run(Connection connection) throws SQLException;
  }

  private final @Nullable EmbeddedServer server;
  private final String url;
  private final Properties login;
  private final HikariDataSource pool;

  private Database(@Nullable EmbeddedServer server, String url, String user, String password) {
    this.server = server;
    this.url = url;
    this.login = new Properties();
    login.setProperty("user", user);
    login.setProperty("password", password);
    login.setProperty("tcpKeepAlive", "true");
    login.setProperty("ApplicationName", "choir");
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setDataSourceProperties(login);
    config.setPoolName("choir");
    config.setMaximumPoolSize(CONNECTIONS_MAX);
    config.setMinimumIdle(0);
    config.setConnectionTimeout(CONNECT_TIMEOUT.toMillis());
    // The first use tells whether it answers, with a failure of our own.
    config.setInitializationFailTimeout(-1);
    this.pool = new HikariDataSource(config);
  }

  /**
   * Starts the embedded server, or takes the address of another's, and makes sure that it answers.
   *
   * @throws DatabaseException {@code database_not_started}, {@code database_in_use}, {@code
   *     database_unreachable}
   */
  public static Database open(Options options) {
    Database database =
        switch (options) {
          case Embedded(Path folder) -> embedded(EmbeddedServer.start(folder));
          case External(String url, String user, Path file) ->
              new Database(null, url, user, password(file));
        };
    try {
      database.migrate("database");
      return database;
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private static Database embedded(EmbeddedServer server) {
    return new Database(server, server.url(), EmbeddedServer.USER, password(server.passwordFile()));
  }

  private static String password(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw DatabaseException.of(
          "database_password_unreadable",
          "the password of the database cannot be read from " + file + ": " + e.getMessage(),
          "make the file readable for its owner alone",
          false,
          e);
    }
  }

  /** Connections from the pool, committed statement by statement unless told otherwise. */
  public DataSource dataSource() {
    return pool;
  }

  /**
   * Runs the work in one transaction and commits it.
   *
   * @throws DatabaseException {@code database_conflict} if the same may succeed again, {@code
   *     database_constraint}, {@code database_unreachable} or {@code database_failed}
   */
  public <T extends @Nullable Object> T transaction(Work<T> work) {
    try (Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      try {
        T result = work.run(connection);
        connection.commit();
        return result;
      } catch (SQLException | RuntimeException | Error e) {
        rollBack(connection, e);
        throw e;
      }
    } catch (SQLException e) {
      throw DatabaseException.of("the database did not do it", e);
    }
  }

  private static void rollBack(Connection connection, Throwable cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      // The connection is gone, and the transaction with it.
      cause.addSuppressed(e);
    }
  }

  /**
   * Brings a room's schema, which has the room's name, up to the newest of its scripts in {@code
   * db/<room>} on the class path. It keeps its own history.
   *
   * @throws DatabaseException {@code database_migration_failed}, {@code database_unreachable}
   */
  public void migrate(String room) {
    if (!room.matches("[a-z][a-z_]{0,30}")) {
      throw new IllegalArgumentException("not a room: " + room);
    }
    try (Connection connection = pool.getConnection()) {
      connection.isValid(1);
    } catch (SQLException e) {
      throw DatabaseException.of("the database does not answer", e);
    }
    try {
      Flyway.configure()
          .dataSource(pool)
          .schemas(room)
          .defaultSchema(room)
          .table("schema_history")
          .locations("classpath:db/" + room)
          .failOnMissingLocations(true)
          .validateMigrationNaming(true)
          .load()
          .migrate();
    } catch (FlywayException e) {
      throw DatabaseException.of(
          "database_migration_failed",
          "the schema of " + room + " cannot be brought up to date: " + e.getMessage(),
          "restore the schema, or use the Choir that wrote it",
          false,
          e);
    }
  }

  /**
   * Takes the lock of this name for as long as the lease is open and its connection lives, and
   * raises its epoch.
   *
   * @throws DatabaseException {@code lease_held} if another holds it for all of this time
   */
  public Lease lock(String name, Duration patience) {
    return Lease.take(this::connect, name, patience);
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(url, login);
  }

  @Override
  public void close() {
    pool.close();
    if (server != null) {
      server.close();
    }
  }
}
