package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.choir.audit.AuditCheck;
import org.choir.audit.Leaf;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A chain that is not what its anchors saw takes no event, so that nothing happens outside. */
class AuditsTest {
  private static final String RUN = "r0abc12345";
  private final AtomicLong nowMillis = new AtomicLong();
  private final InstantSource clock = () -> Instant.ofEpochMilli(nowMillis.get());
  @TempDir Path temp;
  private SharedDatabase database;
  private Audits audits;

  @BeforeEach
  void open() {
    open(false);
  }

  private void open(boolean postgres) {
    database = new SharedDatabase(temp.resolve("database"), Optional.empty());
    audits =
        new Audits(
            temp.resolve("audit"),
            FileDataKeys.open(temp.resolve("keys")),
            clock,
            false,
            new AuditAnchors(database, AuditSettings.local(false, postgres), clock));
  }

  @AfterEach
  void close() {
    audits.close();
    database.close();
  }

  private static AuditEvent note(String text) {
    ObjectNode data = Json.object().put("run", RUN).put("by", "user:local").put("text", text);
    return new AuditEvent(TenantId.LOCAL, Instant.EPOCH, "note.given", new AgentId(RUN), data);
  }

  private void assertRefuses(String code) {
    assertThatThrownBy(() -> audits.record(note("more")))
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.failure().message()).contains("nothing is done outside");
              assertThat(e.failure().remedy()).contains("backup").contains("choir audit restart");
            });
  }

  @Test
  void aRolledBackChainIsRefusedAtOnceAndSetAsideByAPerson() throws IOException {
    audits.record(note("one"));
    close();
    Path chain = temp.resolve("audit/local");
    copy(chain.resolve("log"), temp.resolve("older"));
    open(false);
    audits.record(note("two"));
    close();
    delete(chain.resolve("log"));
    Files.deleteIfExists(chain.resolve("index.json"));
    copy(temp.resolve("older"), chain.resolve("log"));

    open(false);
    assertRefuses("log_rolled_back");
    assertRefuses("log_rolled_back");
    ChoirException why = refusal();
    AuditCheck.Found found = AuditCheck.checkClosed(chain, audits.anchors(TenantId.LOCAL), why);
    assertThat(found.problems()).extracting(p -> p.kind()).contains("log_rolled_back");
    assertThat(found.size()).isPositive();

    Path aside = audits.restart(TenantId.LOCAL, "an old backup", "user:local");
    assertThat(aside).isDirectory();
    audits.record(note("three"));
    Leaf first = audits.chain(TenantId.LOCAL).leaf(0);
    assertThat(first.kind()).isEqualTo("chain.begun");
    assertThat(first.data().path("reason").asText()).isEqualTo("an old backup");
    assertThat(first.data().path("code").asText()).isEqualTo("log_rolled_back");
    assertThat(audits.chain(TenantId.LOCAL).shown().name()).endsWith("/local/2");
    assertThatThrownBy(() -> audits.restart(TenantId.LOCAL, "again", "user:local"))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("chain_is_sound"));
    close();
    open(false);
    audits.record(note("four"));
    assertThat(audits.chain(TenantId.LOCAL).shown().name()).endsWith("/local/2");
  }

  private ChoirException refusal() {
    try {
      audits.chain(TenantId.LOCAL);
      throw new AssertionError("it opened");
    } catch (ChoirException e) {
      return e;
    }
  }

  @Test
  void aChainRolledBackWithItsFilesIsRefusedWhenTheDatabaseHasAnswered() throws IOException {
    close();
    open(true);
    audits.record(note("one"));
    close();
    assertThat(temp.resolve("database/data")).doesNotExist(); // not started for so little
    copy(temp.resolve("audit/local"), temp.resolve("older"));
    open(true);
    audits.record(note("two"));
    nowMillis.addAndGet(Duration.ofMinutes(11).toMillis());
    audits.look();
    assertThat(audits.anchors(TenantId.LOCAL)).extracting(s -> s.kind()).contains("postgres");
    close();
    delete(temp.resolve("audit/local"));
    copy(temp.resolve("older"), temp.resolve("audit/local"));

    open(true);
    audits.record(note("before anybody has looked"));
    audits.look();
    assertRefuses("log_rolled_back");
    assertThat(audits.chain(TenantId.LOCAL).refusal()).isPresent();
    audits.restart(TenantId.LOCAL, "an old backup", "user:local");
    audits.look();
    audits.record(note("three"));
  }

  @Test
  void withoutAPlaceForTheChainNothingIsRecordedAndThatIsSaid() throws IOException {
    Files.writeString(temp.resolve("audit"), "a file where a folder must be");
    assertThatThrownBy(() -> audits.record(note("one")))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("audit_unavailable"));
    assertThatThrownBy(() -> audits.submit(List.of(note("one"))))
        .isInstanceOf(ChoirException.class);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
