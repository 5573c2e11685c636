package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Questions over the PostgreSQL 15 manual, where the Debian package postgresql-doc-15 is there. */
@Tag("long")
class ManualTest {
  private static final Path MANUAL = Path.of("/usr/share/doc/postgresql-doc-15/html");

  @TempDir static Path temp;
  private static SourceLibrary library;
  private static SourceSet set;
  private static Duration processorTime;

  @BeforeAll
  static void read() {
    Assumptions.assumeTrue(Files.isDirectory(MANUAL), "postgresql-doc-15 is not installed");
    library = SourceLibrary.open(temp.resolve("home"), new RealEmbedder());
    long before = processorNanos();
    set = library.read(List.of(MANUAL), (done, total) -> {});
    processorTime = Duration.ofNanos(processorNanos() - before);
  }

  @AfterAll
  static void close() {
    if (library != null) {
      library.close();
    }
  }

  private static long processorNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  @Test
  void readsTheManualWithinTwentySecondsOfTwoProcessors() {
    System.out.println("the manual took " + processorTime.toMillis() + " ms of processor time");
    assertThat(set.documents()).hasSizeGreaterThan(1000);
    // Of the processors' time, because a clock on the wall tells what else the machine does.
    assertThat(processorTime).isLessThan(Duration.ofSeconds(40));
  }

  @Test
  void readsTheUnchangedManualAgainWithinASecondOfAProcessor() {
    // What it costs a process that has just been started but for the start itself.
    try (SourceLibrary again = SourceLibrary.open(temp.resolve("home"), new HashedWords())) {
      long before = processorNanos();
      SourceSet same = again.read(List.of(MANUAL), (done, total) -> {});
      Duration taken = Duration.ofNanos(processorNanos() - before);
      System.out.println("the unchanged manual took " + taken.toMillis() + " ms");
      assertThat(same.unchanged()).isEqualTo(set.documents().size());
      assertThat(same.id()).isEqualTo(set.id());
      assertThat(taken).isLessThan(Duration.ofSeconds(2));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "How does PostgreSQL recover after a crash?|wal|runtime-config|kernel-resources",
        "What is the difference between VACUUM and VACUUM FULL?|routine-vacuuming|sql-vacuum|-",
        "How do I restore a single table from a pg_dump archive?|app-pgrestore|app-pgdump|-",
        "When should I increase max_wal_size?|populate|wal-configuration|runtime-config-wal",
        "How does autovacuum decide when to vacuum a table?|routine-vacuuming|runtime-config-autovacuum|-",
        "What isolation levels does PostgreSQL support?|transaction-iso|-|-",
        "How do I set up streaming replication?|warm-standby|-|-",
        "When should I use a GIN index?|indexes-types|textsearch-indexes|gin",
        "How does logical replication handle conflicts?|logical-replication-conflicts|-|-",
        "What happens when transaction IDs wrap around?|routine-vacuuming|-|-",
        "How do I encrypt connections with SSL?|ssl-tcp|encryption-options|libpq-ssl",
        "What does EXPLAIN ANALYZE show?|using-explain|sql-explain|-",
        "How do I upgrade PostgreSQL to a new major version?|upgrading|pgupgrade|-",
        "How does row level security work?|ddl-rowsecurity|-|-",
        "How are JSON and JSONB different?|datatype-json|-|-",
        "How do I create a partitioned table?|ddl-partitioning|sql-createtable|-",
        "What is point-in-time recovery?|continuous-archiving|-|-",
        "How do deadlocks get resolved?|explicit-locking|-|-"
      })
  void findsThePageThatAnswers(String question, String page, String other, String third) {
    List<String> pages = Stream.of(page, other, third).filter(name -> !name.equals("-")).toList();
    List<Passage> found = library.search(set.id(), question, 5);
    assertThat(found.getFirst().location()).containsAnyOf(pages.toArray(String[]::new));
    assertThat(found.getFirst().score()).isGreaterThan(SourceLibrary.ANSWERS);
    assertThat(found).noneMatch(passage -> passage.location().contains("bookindex"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "How do I bake sourdough bread?",
        "Who won the football world cup in 2018?",
        "How does the Kubernetes horizontal pod autoscaler decide to scale?",
        "What are the symptoms of vitamin D deficiency?",
        "How do I file a tax return in Germany?",
        "How do I merge two branches in git?",
        "How do I configure nginx as a reverse proxy?"
      })
  void scoresWhatTheManualDoesNotAnswerBelowTheThreshold(String question) {
    assertThat(library.search(set.id(), question, 1))
        .allSatisfy(passage -> assertThat(passage.score()).isLessThan(SourceLibrary.ANSWERS));
  }
}
