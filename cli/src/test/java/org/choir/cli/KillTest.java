package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real {@code kill -9} of the server, of nats-server and of QEMU at seeded moments of a run: it
 * ends with the same report as an undisturbed one, byte for byte.
 */
class KillTest {
  private static final String QUESTION = "How does the ferry cross the river in winter?";
  private static final Duration SOON = Duration.ofMinutes(3);

  /** Progress lines that an undisturbed quick run prints between its start and its end. */
  private static final int MOMENTS = 14;

  @TempDir static Path temp;
  private static String undisturbed;

  private enum Victim {
    SERVER,
    NATS,
    HYPERVISOR
  }

  private static Command command() {
    return new Command(temp.resolve("home"), temp, Map.of());
  }

  @BeforeAll
  static void aRunThatNobodyDisturbs() throws Exception {
    Path sources = Files.createDirectories(temp.resolve("sources"));
    Files.writeString(
        sources.resolve("ferry.md"),
        """
        # The ferry

        ## Winter service

        In winter the ferry crosses the river along a cable, because drifting ice would push it off
        its course. The cable is tightened every morning at six. When the ice is thicker than
        twenty centimetres, the ferry stops and an ice road takes its place.

        ## Summer service

        In summer the ferry crosses under its own engine and needs eight minutes.
        """);
    Command.Ended ended =
        command().run("research", QUESTION, "--sources", "sources", "--depth", "quick", "--json");
    assertThat(ended.exit()).as(ended.err()).isZero();
    undisturbed = Files.readString(Path.of(ended.json().path("report").asText()));
  }

  @AfterAll
  static void down() {
    command().run("down");
  }

  @Test
  void endsWithTheSameReportAfterTenSeededKills() throws Exception {
    long seed = System.nanoTime();
    System.out.println("KillTest seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 10; i++) {
      Victim victim = Victim.values()[i % Victim.values().length];
      kill(victim, 1 + random.nextInt(MOMENTS));
    }
  }

  @Test
  @Tag("long")
  void endsWithTheSameReportWhereverAnyPartIsKilled() throws Exception {
    for (Victim victim : Victim.values()) {
      for (int moment = 1; moment <= MOMENTS; moment++) {
        kill(victim, moment);
      }
    }
  }

  private static void kill(Victim victim, int moment) throws Exception {
    Path err = temp.resolve("err");
    Process process =
        command().start(err, "research", QUESTION, "--sources", "sources", "--depth", "quick");
    await()
        .atMost(SOON)
        .until(
            () ->
                lines(err).stream().anyMatch(l -> l.contains("choir: run r"))
                    || !process.isAlive());
    String run = String.join("\n", lines(err)).replaceAll("(?s).*choir: run (r[a-z0-9]+).*", "$1");
    int before = lines(err).size();
    await().atMost(SOON).until(() -> lines(err).size() >= before + moment || !process.isAlive());
    pid(victim).ifPresent(KillTest::destroy);
    await().atMost(SOON).until(() -> !process.isAlive());
    String what = victim + " killed at moment " + moment + " of run " + run;
    if (process.exitValue() != 0) {
      assertThat(process.exitValue()).as(what + "\n" + Files.readString(err)).isEqualTo(3);
      Command.Ended resumed = command().run("resume", run);
      assertThat(resumed.exit()).as(what + "\n" + resumed.err()).isZero();
    }
    Path report = temp.resolve("home").resolve("runs").resolve(run).resolve("report.md");
    assertThat(Files.readString(report)).as(what).isEqualTo(undisturbed);
  }

  private static Optional<Long> pid(Victim victim) {
    JsonNode status = command().run("status", "--json").json();
    return switch (victim) {
      case SERVER -> Optional.of(status.path("server").path("pid").asLong());
      case NATS -> Optional.of(status.path("nats").path("pid").asLong());
      case HYPERVISOR ->
          status.path("vms").findValues("pid").stream().map(JsonNode::asLong).findFirst();
    };
  }

  private static void destroy(long pid) {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
  }

  private static List<String> lines(Path err) throws IOException {
    if (!Files.exists(err)) {
      return List.of();
    }
    try (Stream<String> all = Files.lines(err)) {
      return new ArrayList<>(all.toList());
    }
  }
}
