package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A run, what the audit chain says of it, and what a stranger can check of that. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AuditTest {
  @TempDir static Path temp;
  private static final Map<String, String> ENVIRONMENT = new HashMap<>();
  private static String run = "";

  private static Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, ENVIRONMENT).run(arguments);
  }

  @BeforeAll
  static void aRun() throws Exception {
    Path sources = Files.createDirectories(temp.resolve("sources"));
    Files.writeString(
        sources.resolve("ferry.md"),
        """
        # The ferry

        In winter the ferry crosses the river along a cable, because drifting ice would push it off
        its course. The cable is tightened every morning at six. When the ice is thicker than
        twenty centimetres, the ferry stops and an ice road takes its place.
        """);
    Command.Ended ended =
        run(
            "research",
            "How does the ferry cross the river in winter?",
            "--depth",
            "quick",
            "--json",
            "--sources",
            "sources");
    assertThat(ended.exit()).as(ended.err()).isZero();
    run = ended.json().path("run").asText();
  }

  @AfterAll
  static void down() {
    run("down");
  }

  private static List<JsonNode> log(String... more) {
    List<String> line = new ArrayList<>(List.of("audit", "log", "--json"));
    line.addAll(List.of(more));
    Command.Ended ended = run(line.toArray(String[]::new));
    assertThat(ended.exit()).as(ended.err()).isZero();
    return ended.out().lines().map(Json::parse).toList();
  }

  @Test
  @Order(1)
  void everyStepOfTheRunIsAnEventInOrder() {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> kinds(log("--run", run)).contains("vm.ended"));
    List<String> kinds = kinds(log("--run", run));
    assertThat(kinds)
        .startsWith("run.created", "run.state", "gate.configured")
        .containsSubsequence("agent.started", "vm.started", "action.observed", "vm.ended")
        .containsSubsequence(
            "agent.started",
            "model.called",
            "action.decided",
            "action.observed",
            "source.read",
            "report.submitted",
            "run.state",
            "vm.ended");
    List<JsonNode> decided =
        log().stream()
            .filter(e -> e.path("event").path("kind").asText().equals("action.decided"))
            .toList();
    assertThat(decided)
        .isNotEmpty()
        .allSatisfy(
            e -> {
              assertThat(e.path("event").path("verdict").asText()).isEqualTo("ALLOW");
              assertThat(e.path("personal").path("arguments").isObject()).isTrue();
              assertThat(e.path("event").path("template").asText()).contains("@");
            });
    assertThat(log("--since", "1h")).hasSameSizeAs(log());
    assertThat(log("--since", "2999-01-01")).isEmpty();
  }

  private static List<String> kinds(List<JsonNode> events) {
    return events.stream().map(e -> e.path("event").path("kind").asText()).toList();
  }

  @Test
  @Order(2)
  void tellsTheDayAndTheRunInPlainWords() {
    Command.Ended today = run("audit", "show", "--zone", "UTC");
    assertThat(today.exit()).as(today.err()).isZero();
    assertThat(today.out())
        .contains("Audit story of local, ")
        .contains("Nothing was denied, held or failed.")
        .contains("Run " + run + ": “How does the ferry cross the river in winter?”")
        .contains("local began it with the model extractive.")
        .contains("submitted a report of")
        .contains("The run was completed.");
    assertThat(today.out().lines().count()).isLessThan(40);
    assertThat(run("audit", "show", "--run", run, "--locale", "de").out())
        .contains("Der Lauf ist fertig.");
    assertThat(run("audit", "show", "0").out()).contains("#0 ").contains("leaf hash");
    assertThat(run("audit", "show", "99999").err()).contains("there is no event 99999");
    assertThat(run("audit", "show", "--as", "ada").out()).contains("Nothing was recorded.");
    assertThat(run("audit", "show", "--locale", "xx").exit()).isEqualTo(2);
    assertThat(run("audit", "show", "--zone", "Mars/Base").err()).contains("no time zone");
  }

  @Test
  @Order(3)
  void verifiesItselfAndReplaysWithoutADifference() throws Exception {
    Command.Ended verified = run("audit", "verify", "--json");
    assertThat(verified.exit()).as(verified.out() + verified.err()).isZero();
    assertThat(verified.json().path("size").asLong()).isPositive();
    Command.Ended replayed = run("audit", "replay", "--run", run, "--json");
    assertThat(replayed.exit()).as(replayed.out() + replayed.err()).isZero();
    assertThat(replayed.json().path("same").asLong())
        .isPositive()
        .isEqualTo(
            replayed.json().path("decisions").asLong() - replayed.json().path("unasked").asLong());
    Path log = temp.resolve("home/audit/local/log");
    String vkey = Files.readString(log.resolve("log.vkey")).strip();
    Command.Ended other = run("audit", "verify", "--log", log.toString(), "--key", vkey);
    assertThat(other.exit()).as(other.out() + other.err()).isZero();
    assertThat(other.out()).contains("OK");
    assertThat(run("audit", "verify", "--log", log.toString()).exit()).isEqualTo(2);
  }

  @Test
  @Order(4)
  void provesOneEvent() throws Exception {
    Command.Ended proved = run("audit", "prove", "0", "--out", "first.tlog-proof");
    assertThat(proved.exit()).as(proved.err()).isZero();
    assertThat(temp.resolve("first.tlog-proof")).content().startsWith("c2sp.org/tlog-proof@v1\n");
    assertThat(
            Json.parse(Files.readString(temp.resolve("first.tlog-proof.event.json")))
                .path("kind")
                .asText())
        .isEqualTo("run.created");
  }

  @Test
  @Order(5)
  void aStrangerChecksTheRunFromTheFolderAlone() throws Exception {
    for (String[] more : new String[][] {{"whole"}, {"one", "--run", run}}) {
      List<String> line = new ArrayList<>(List.of("audit", "export"));
      line.addAll(List.of(more));
      Command.Ended exported = run(line.toArray(String[]::new));
      assertThat(exported.exit()).as(exported.err()).isZero();
      Path folder = temp.resolve(more[0]);
      assertThat(folder.resolve("README.txt")).content().contains("java -jar verify.jar");
      assertThat(folder.resolve("story.md")).content().contains("How does the ferry cross");
      assertThat(withTheJar(folder)).endsWith("OK\n");
      Path leaf = folder.resolve("leaves/3.json");
      Files.writeString(leaf, Files.readString(leaf).replace("\"seq\":3", "\"seq\":4"));
      assertThat(withTheJar(folder)).contains("PROBLEM").contains("NOT OK");
    }
    assertThat(run("audit", "export", "whole").err()).contains("is not empty");
  }

  private static String withTheJar(Path folder) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                "verify.jar",
                ".")
            .redirectErrorStream(true);
    builder.environment().clear();
    builder.directory(folder.toFile());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return out;
  }

  @Test
  @Order(6)
  void erasesWordsAndKeepsProofs() throws Exception {
    long size = log().size();
    Command.Ended erased = run("audit", "erase", "--run", run);
    assertThat(erased.exit()).as(erased.err()).isZero();
    assertThat(erased.out()).contains("erased the personal fields of");
    assertThat(log()).hasSizeGreaterThan((int) size);
    assertThat(run("audit", "log").out()).contains("[erased]").doesNotContain("ferry cross");
    try (Stream<Path> files = Files.walk(temp.resolve("home/audit/local/payloads"))) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
    assertThat(run("audit", "verify").exit()).isZero();
    Command.Ended replayed = run("audit", "replay", "--json");
    assertThat(replayed.exit()).isZero();
    assertThat(replayed.json().path("unreadable").asLong()).isPositive();
    assertThat(run("audit", "erase").exit()).isEqualTo(2);
  }

  @Test
  @Order(7)
  void aRestartedServerGoesOnAndFindsADamagedLog() throws Exception {
    run("down");
    assertThat(run("audit", "verify").exit()).isZero();
    assertThat(run("audit", "verify").out()).contains("Anchors at file").contains("the last one");
    run("down");
    Path bundles = temp.resolve("home/audit/local/log/tile/entries");
    try (Stream<Path> files = Files.walk(bundles)) {
      Path bundle = files.filter(Files::isRegularFile).sorted().toList().getLast();
      byte[] bytes = Files.readAllBytes(bundle);
      bytes[40] ^= 1;
      Files.write(bundle, bytes);
    }
    Command.Ended found = run("audit", "verify", "--json");
    assertThat(found.exit()).as(found.out() + found.err()).isEqualTo(1);
  }
}
