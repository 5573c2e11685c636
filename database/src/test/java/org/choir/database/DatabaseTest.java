package org.choir.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DatabaseTest {
  private final Path folder;
  private final Database database;

  DatabaseTest(@TempDir Path folder) {
    this.folder = folder;
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    database.migrate("room");
  }

  @AfterAll
  void stop() throws Exception {
    database.close();
    assertThat(StalePostgres.find(folder.resolve("postgres/data"))).isEmpty();
  }

  private static int update(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(sql);
    }
  }

  private static long count(Database from, String name) {
    return from.transaction(
        c -> {
          try (var statement =
              c.prepareStatement("select count(*) from room.thing where name = ?")) {
            statement.setString(1, name);
            try (ResultSet rows = statement.executeQuery()) {
              rows.next();
              return rows.getLong(1);
            }
          }
        });
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aTransactionIsWholeOrNotAtAll() {
    database.transaction(c -> update(c, "insert into room.thing values (10, 'whole')"));
    requireFails(
        () ->
            database.transaction(
                c -> {
                  update(c, "insert into room.thing values (11, 'half')");
                  return update(c, "insert into room.thing values (10, 'half')");
                }),
        "database_constraint");
    assertThatThrownBy(
            () ->
                database.transaction(
                    c -> {
                      update(c, "insert into room.thing values (12, 'half')");
                      throw new IllegalStateException("the work");
                    }))
        .hasMessage("the work");
    assertThat(count(database, "whole")).isOne();
    assertThat(count(database, "half")).isZero();
    requireFails(() -> database.transaction(c -> update(c, "nonsense")), "database_failed");
  }

  @Test
  void listensOnLoopbackWithAPasswordThatOnlyItsOwnerReads() throws Exception {
    Path password = folder.resolve("postgres/password");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(password)))
        .isEqualTo("rw-------");
    String url;
    try (Connection connection = database.dataSource().getConnection()) {
      url = connection.getMetaData().getURL();
    }
    assertThat(url).startsWith("jdbc:postgresql://127.0.0.1:");
    assertThatThrownBy(() -> DriverManager.getConnection(url, "choir", "wrong").close())
        .hasMessageContaining("password authentication failed");
    assertThatThrownBy(() -> DriverManager.getConnection(url, "choir", "").close())
        .isInstanceOf(SQLException.class);
    var external = new Database.External(url, "choir", password);
    try (Database other = Database.open(external)) {
      int rows = other.transaction(c -> update(c, "insert into room.thing values (20, 'outside')"));
      assertThat(rows).isOne();
    }
    assertThat(external.toString()).doesNotContain(Files.readString(password).strip());
  }

  @Test
  void oneSessionHoldsALockAndTheEpochGrows() throws Exception {
    long first;
    try (Lease lease = database.lock("one", Duration.ofSeconds(5))) {
      first = lease.epoch();
      lease.requireHeld();
      requireFails(() -> database.lock("one", Duration.ofMillis(50)), "lease_held");
      database.lock("another", Duration.ofSeconds(5)).close();
    }
    try (Lease lease = database.lock("one", Duration.ofSeconds(5))) {
      assertThat(lease.epoch()).isEqualTo(first + 1);
      // Its connection dies, as after a cut of the network: the lock is free at once.
      try (Connection connection = database.dataSource().getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
      }
      await().untilAsserted(() -> requireFails(lease::requireHeld, "lease_lost"));
      try (Lease next = database.lock("one", Duration.ofSeconds(5))) {
        assertThat(next.epoch()).isEqualTo(first + 2);
        requireFails(lease::requireHeld, "lease_lost");
        next.requireHeld();
      }
    }
  }

  @Test
  void aRoomsSchemaIsMigratedOnceAndKeepsItsOwnHistory() {
    database.migrate("room");
    long scripts =
        database.transaction(
            c -> {
              String sql =
                  "select count(*) from room.schema_history where success and version is not null";
              try (Statement statement = c.createStatement();
                  ResultSet rows = statement.executeQuery(sql)) {
                rows.next();
                return rows.getLong(1);
              }
            });
    assertThat(scripts).isOne();
    requireFails(() -> database.migrate("nowhere"), "database_migration_failed");
  }

  @Test
  void aServerThatEndsIsStartedAgain() throws Exception {
    database.transaction(c -> update(c, "insert into room.thing values (1, 'before')"));
    List<ProcessHandle> running = StalePostgres.find(folder.resolve("postgres/data"));
    assertThat(running).hasSize(1);
    running.getFirst().destroyForcibly();
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(count(database, "before")).isOne());
  }

  @Test
  void aSecondServerOnTheSameFolderIsRefused() {
    requireFails(
        () -> Database.open(new Database.Embedded(folder.resolve("postgres"))), "database_in_use");
  }

  @Test
  void whatAKilledServerLeavesBehindIsEndedAndItsDataIsThere() throws Exception {
    Path home = folder.resolve("killed");
    Process parent =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledServer.class.getName(),
                home.toString())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(parent.getInputStream(), StandardCharsets.UTF_8))) {
      String line = out.readLine();
      while (line != null && !line.equals("ready")) {
        line = out.readLine();
      }
      assertThat(line).isEqualTo("ready");
      parent.destroyForcibly().waitFor();
    }
    try (Database again = Database.open(new Database.Embedded(home))) {
      assertThat(count(again, "kept")).isOne();
      assertThat(StalePostgres.find(home.resolve("data"))).hasSize(1);
    }
  }

  @Test
  void refusesAnAddressWithAPasswordInIt() {
    requireFails(
        () -> new Database.External("jdbc:postgresql://h/d?password=x", "u", folder),
        "bad_database_url");
  }
}
