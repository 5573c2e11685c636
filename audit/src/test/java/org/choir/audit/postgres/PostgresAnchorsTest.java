package org.choir.audit.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.choir.audit.Anchor;
import org.choir.audit.AnchorCheck;
import org.choir.audit.AnchorException;
import org.choir.audit.AnchorKeeper;
import org.choir.audit.AnchorProofs;
import org.choir.audit.LogException;
import org.choir.audit.LogKey;
import org.choir.audit.LogOptions;
import org.choir.audit.TenantLog;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresAnchorsTest {
  private static final String ORIGIN = "choir.test/acme";
  private final LogKey key = LogKey.generate(ORIGIN, new SecureRandom());
  private final AnchorKeeper keeper = new AnchorKeeper(() -> Instant.ofEpochSecond(1_800_000_000L));
  private final Path folder;
  private final Database database;
  private final PostgresAnchors anchors;

  PostgresAnchorsTest(@TempDir Path folder) {
    this.folder = folder;
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    this.anchors = new PostgresAnchors(database);
  }

  @AfterAll
  void stop() {
    database.close();
  }

  private TenantLog open(String name, LogOptions options) {
    return TenantLog.open(folder.resolve(name), new TenantId("acme"), ORIGIN, key, options);
  }

  private static LogOptions options() {
    return LogOptions.of(Thread.ofPlatform().daemon().factory());
  }

  @Test
  void keepsAChainThatNobodyMayChangeAndThatALogMustExtend() {
    try (TenantLog log = open("log", options().withAnchors(List.of(anchors)))) {
      for (int i = 0; i < 3; i++) {
        log.append(new byte[] {(byte) i});
        keeper.anchor(log, anchors);
      }
    }
    List<Anchor> all = anchors.all(ORIGIN);
    assertThat(all).extracting(Anchor::size).containsExactly(1L, 2L, 3L);
    assertThat(anchors.last(ORIGIN)).map(Anchor::number).contains(2L);
    var report = AnchorCheck.check(folder.resolve("log"), key.shown().vkey(), List.of(anchors));
    assertThat(report.findings()).isEmpty();
    assertThatThrownBy(() -> anchors.put(all.get(1), noProofs()))
        .isInstanceOfSatisfying(
            AnchorException.class, e -> assertThat(e.code()).isEqualTo("anchor_exists"));
    for (String change :
        List.of(
            "update audit.anchor set note = 'x'",
            "delete from audit.anchor where size = 2",
            "truncate audit.anchor")) {
      assertThatThrownBy(() -> execute(change))
          .isInstanceOf(ChoirException.class)
          .hasMessageContaining("never changed");
    }
    assertThat(anchors.all(ORIGIN))
        .extracting(Anchor::note)
        .isEqualTo(all.stream().map(Anchor::note).toList());
    assertThatThrownBy(() -> open("fresh", options().withAnchors(List.of(anchors))))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("log_rolled_back"));
    // Whoever may drop the trigger is found out by the chain.
    execute("alter table audit.anchor disable trigger never_changed");
    execute("delete from audit.anchor where size = 2");
    assertThat(
            AnchorCheck.check(folder.resolve("log"), key.shown().vkey(), List.of(anchors))
                .findings())
        .extracting(AnchorCheck.Finding::kind)
        .containsExactly("anchor_missing");
  }

  private void execute(String sql) {
    int done =
        database.transaction(
            c -> {
              try (Statement statement = c.createStatement()) {
                statement.execute(sql);
                return 1;
              }
            });
    assertThat(done).isOne();
  }

  private static AnchorProofs noProofs() {
    return new AnchorProofs() {
      @Override
      public String checkpoint() {
        throw new IllegalStateException("a table needs none");
      }

      @Override
      public List<Digest> consistencyFrom(long size) {
        throw new IllegalStateException("a table needs none");
      }
    };
  }

  @Test
  void aWriterThatLostItsLeaseIsFencedBeforeItAcknowledges() {
    PostgresFence fence = PostgresFence.take(database, ORIGIN, Duration.ofSeconds(5));
    assertThatThrownBy(() -> PostgresFence.take(database, ORIGIN, Duration.ofMillis(50)))
        .isInstanceOfSatisfying(
            LogException.class, e -> assertThat(e.code()).isEqualTo("log_fenced"));
    try (TenantLog log = open("fenced", options().withFences(List.of(fence)))) {
      assertThat(log.append(new byte[1])).isZero();
      execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'");
      assertThatThrownBy(() -> log.append(new byte[2]))
          .isInstanceOfSatisfying(
              LogException.class, e -> assertThat(e.code()).isEqualTo("log_fenced"));
    }
    try (TenantLog log =
        open(
            "fenced",
            options()
                .withFences(
                    List.of(PostgresFence.take(database, ORIGIN, Duration.ofSeconds(5)))))) {
      assertThat(log.size()).isOne();
    }
  }
}
