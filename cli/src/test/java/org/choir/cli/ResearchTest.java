package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job through the command line, with the real server, nats-server and VM. */
class ResearchTest {
  private static final String QUESTION = "How does the ferry cross the river in winter?";
  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir static Path temp;
  private static final Map<String, String> ENVIRONMENT = new HashMap<>();
  private static JsonNode first;

  private static Path home() {
    return temp.resolve("home");
  }

  private static Command.Ended run(String... arguments) {
    return new Command(home(), temp, ENVIRONMENT).run(arguments);
  }

  private static Command.Ended research(String... arguments) {
    List<String> line = new ArrayList<>(List.of("research", "--depth", "quick", "--json"));
    line.addAll(List.of(arguments));
    return run(line.toArray(String[]::new));
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
    Files.writeString(
        sources.resolve("river.md"),
        """
        # The river

        The river is four hundred metres wide at the ferry's landing. It freezes in most winters
        from January to March. The harbour master measures the ice each day.
        """);
    Files.writeString(sources.resolve("empty.txt"), "");
    Command.Ended ended = research(QUESTION, "--sources", "sources");
    assertThat(ended.exit()).as(ended.err()).isZero();
    first = ended.json();
  }

  @AfterAll
  static void down() {
    run("down");
  }

  private static String report(JsonNode outcome) throws Exception {
    return Files.readString(Path.of(outcome.path("report").asText()));
  }

  @Test
  void endsWithACitedReportAndItsRecord() throws Exception {
    assertThat(first.path("state").asText()).isEqualTo("completed");
    String report = report(first);
    assertThat(report).contains(QUESTION).contains("cable").contains("[1]").contains("ferry.md");
    JsonNode record = Json.parse(Files.readString(Path.of(first.path("verification").asText())));
    assertThat(record.path("schema").asText()).isEqualTo("choir.verification/1");
    assertThat(record.path("report").path("sha256").asText()).isEqualTo(Digest.of(report).hex());
    assertThat(first.path("verification").asText())
        .isEqualTo(first.path("report").asText() + ".verification.json");
    assertThat(first.path("counts").path("documents").asInt()).isEqualTo(2);
    assertThat(first.path("counts").path("skipped").asInt()).isEqualTo(1);
    assertThat(first.path("counts").path("claims").path("supported").asInt()).isPositive();
    assertThat(first.has("cost")).isTrue();
  }

  @Test
  void theSameQuestionGivesTheSameReportWhereItWasAskedFor() throws Exception {
    Command.Ended again = research(QUESTION, "--sources", "sources", "--out", "out/report.md");
    assertThat(again.exit()).as(again.err()).isZero();
    assertThat(again.json().path("report").asText())
        .isEqualTo(temp.resolve("out/report.md").toString());
    assertThat(temp.resolve("out/report.md")).hasContent(report(first));
    assertThat(temp.resolve("out/report.md.verification.json")).exists();
  }

  @Test
  void theVmOfACompletedRunIsEnded() {
    String run = first.path("run").asText();
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(run("status", "--json").json().path("vms").findValuesAsText("id"))
                    .doesNotContain(run));
  }

  @Test
  void showsListsAndExportsWhatIsThere() throws Exception {
    String run = first.path("run").asText();
    assertThat(run("show", run).out()).contains("# " + QUESTION);
    Command.Ended citation = run("show", run, "--citation", "1", "--json");
    assertThat(citation.json().path("passages").path(0).path("quote").asText()).isNotEmpty();
    Command.Ended none = run("show", run, "--citation", "99");
    assertThat(none.exit()).isEqualTo(2);
    assertThat(none.err()).contains("no citation [99]");
    assertThat(run("export", run, "--format", "html").out()).startsWith("<!DOCTYPE html>");
    assertThat(run("export", run, "--format", "pdf").err()).contains("--out FILE");
    assertThat(run("export", run, "--format", "pdf", "--out", "report.pdf").exit()).isZero();
    assertThat(Files.readString(temp.resolve("report.pdf"), StandardCharsets.ISO_8859_1))
        .startsWith("%PDF-");
    assertThat(Json.parse(run("export", run, "--format", "csl").out())).isNotEmpty();
    assertThat(run("export", run, "--format", "ris").out()).startsWith("TY  - GEN");
    assertThat(run("export", run, "--format", "doc").err()).contains("choose md, html, pdf");
    assertThat(run("export", run).out()).contains("# " + QUESTION);
    assertThat(run("runs", "--state", "completed").out()).contains(run).contains(QUESTION);
    assertThat(run("runs", "--state", "failed", "--json").out().strip()).isEqualTo("[]");
    assertThat(run("runs", "--as", "ada", "--json").out().strip()).isEqualTo("[]");
    assertThat(run("show", run, "--as", "ada").err()).contains("there is no run");
    assertThat(run("note", run, "too late").exit()).isEqualTo(2);
  }

  @Test
  void eventsAreJsonLinesThatCanBeTakenUpAnywhere() {
    String run = first.path("run").asText();
    List<JsonNode> all = run("events", run).out().lines().map(l -> Json.parse(l)).toList();
    assertThat(all.getFirst().path("event").path("kind").asText()).isEqualTo("run_started");
    assertThat(all.getLast().path("event").path("state").asText()).isEqualTo("completed");
    assertThat(all)
        .extracting(e -> e.path("event").path("kind").asText())
        .contains("source_skipped");
    long middle = all.get(all.size() / 2).path("sequence").asLong();
    String from = run("events", run, "--from", String.valueOf(middle), "--follow").out();
    assertThat(from.lines().map(l -> Json.parse(l).path("sequence").asLong()))
        .allMatch(s -> s >= middle)
        .hasSize((int) all.stream().filter(e -> e.path("sequence").asLong() >= middle).count());
  }

  @Test
  void aRunThatIsPausedByCtrlCSaysHowToResumeAndEndsWithTheSameReport() throws Exception {
    Path err = temp.resolve("err");
    Process process =
        new Command(home(), temp, Map.of("TERM", "xterm", "NO_COLOR", "1"))
            .startOnTerminal(err, "research", QUESTION, "--sources", "sources", "--json");
    await().atMost(SOON).until(() -> Files.readString(err).contains("plan → search"));
    new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
    await().atMost(SOON).until(() -> !process.isAlive());
    assertThat(process.exitValue()).isEqualTo(130);
    String said = String.join("\n", PaintedScreen.of(Files.readString(err)));
    assertThat(said)
        .containsOnlyOnce("plan → search")
        .containsPattern("choir: pausing r[a-z0-9]+ after the step it is at")
        .containsPattern("run r[a-z0-9]+ is paused\\R +continue it with: choir resume r");
    String run = said.replaceAll("(?s).*choir resume (r[a-z0-9]+).*", "$1");
    assertThat(run("runs", "--state", "paused").out()).contains(run);

    Command.Ended resumed = run("resume", run, "--json");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    assertThat(report(resumed.json())).isEqualTo(report(first));
  }

  @Test
  void aKilledServerLosesNothingAndTheRunEndsWithTheSameReport() throws Exception {
    Process process = start("research", QUESTION, "--sources", "sources", "--depth", "quick");
    Path err = temp.resolve("err");
    await().atMost(SOON).until(() -> Files.readString(err).contains("stage: search"));
    long pid = run("status", "--json").json().path("server").path("pid").asLong();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await().atMost(SOON).until(() -> !process.isAlive());
    assertThat(process.exitValue()).isEqualTo(3);
    String said = Files.readString(err);
    assertThat(said).contains("nothing recorded is lost");
    String run = said.replaceAll("(?s).*choir resume (r[a-z0-9]+).*", "$1");

    JsonNode runs = run("runs", "--state", "paused", "--json").json();
    assertThat(runs.path(0).path("run").asText()).isEqualTo(run);
    assertThat(runs.path(0).path("reason").asText()).isEqualTo("interrupted");
    Command.Ended resumed = run("resume", run, "--json");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    assertThat(report(resumed.json())).isEqualTo(report(first));
  }

  private static Process start(String... arguments) throws Exception {
    return new Command(home(), temp, Map.of()).start(temp.resolve("err"), arguments);
  }

  @Test
  void aRemovedRunIsGone() throws Exception {
    Command.Ended other =
        research("How wide is the river at the landing?", "--continue", first.path("run").asText());
    assertThat(other.exit()).as(other.err()).isZero();
    String run = other.json().path("run").asText();
    assertThat(report(other.json())).contains("four hundred metres");
    assertThat(run("rm", run).exit()).isZero();
    assertThat(run("runs").out()).doesNotContain(run);
    assertThat(run("show", run).exit()).isEqualTo(2);
    assertThat(home().resolve("runs").resolve(run)).doesNotExist();
  }

  @Test
  void asksForSourcesWhereThereAreNoneAndNoArticles() {
    Command.Ended ended = research(QUESTION);
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.json().path("error").path("code").asText()).isEqualTo("no_sources");
    assertThat(ended.json().path("error").path("remedy").asText())
        .contains("--sources DIR")
        .contains("--web");
  }

  @Test
  void refusesAFolderWithoutReadableDocuments() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("nothing"));
    Files.write(folder.resolve("noise.bin"), new byte[] {0, 1, 2, 3});
    Files.writeString(folder.resolve("scan.pdf"), blankPdf(), StandardCharsets.ISO_8859_1);
    Command.Ended ended = research(QUESTION, "--sources", "nothing");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.json().path("error").path("code").asText()).isEqualTo("no_documents");
    assertThat(ended.json().path("error").path("remedy").asText()).isNotEmpty();
  }

  /** One page with nothing on it, as a scanner without text recognition would write. */
  private static String blankPdf() {
    return """
        %PDF-1.4
        1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
        2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
        3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
        trailer<</Root 1 0 R>>
        %%EOF
        """;
  }

  @Test
  void refusesAModelThatNobodyKnowsAndNamesTheNearest() {
    Command.Ended ended = research(QUESTION, "--sources", "sources", "--model", "antropic:x");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.json().path("error").path("code").asText()).isEqualTo("unknown_provider");
    assertThat(ended.json().path("error").path("remedy").asText()).contains("anthropic:x");
  }

  @Test
  void refusesABudgetThatIsNone() {
    Command.Ended ended = research(QUESTION, "--sources", "sources", "--budget", "lots");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err()).contains("'lots' is not a budget").contains("2usd");
  }

  @Test
  void asksBeforePrivateFilesGoToAnOutsideService() {
    Map<String, String> keyed = new HashMap<>(ENVIRONMENT);
    keyed.put("ANTHROPIC_API_KEY", "sk-test");
    Command command = new Command(home(), temp, keyed);
    Command.Ended ended =
        command.run("research", QUESTION, "--sources", "sources", "--model", "anthropic:claude-x");
    assertThat(ended.exit()).isEqualTo(2);
    assertThat(ended.err())
        .contains("would be sent to api.anthropic.com")
        .contains("--yes")
        .contains("consent.anthropic: true");
  }

  @Test
  void aWrongKeyStopsTheRunResumablyAndIsNeverShown() throws Exception {
    HttpServer provider =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    provider.createContext(
        "/",
        exchange -> {
          byte[] body =
              "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}"
                  .getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("content-type", "application/json");
          exchange.sendResponseHeaders(401, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    provider.start();
    try {
      Map<String, String> keyed = new HashMap<>(ENVIRONMENT);
      keyed.put("ANTHROPIC_API_KEY", "sk-very-secret");
      keyed.put("ANTHROPIC_BASE_URL", "http://127.0.0.1:" + provider.getAddress().getPort());
      Command.Ended ended =
          new Command(home(), temp, keyed)
              .run(
                  "research",
                  QUESTION,
                  "--sources",
                  "sources",
                  "--model",
                  "anthropic:claude-x",
                  "--json");
      assertThat(ended.exit()).isNotZero();
      assertThat(ended.out() + ended.err())
          .contains("ANTHROPIC_API_KEY")
          .doesNotContain("sk-very-secret");
      String run = ended.json().path("run").asText();
      assertThat(run("events", run).out()).doesNotContain("sk-very-secret");
    } finally {
      provider.stop(0);
    }
  }

  @Test
  void saysThatAQuestionIsNotInEnglish() throws Exception {
    Command.Ended ended =
        research("Wie überquert die Fähre im Winter den Fluss?", "--sources", "sources");
    assertThat(ended.exit()).as(ended.err()).isZero();
    assertThat(report(ended.json())).contains("German");
  }

  @Test
  void verifiesAnyMarkdownFile() throws Exception {
    Files.writeString(
        temp.resolve("good.md"),
        "In winter the ferry crosses the river along a cable [1].\n\n[1]: sources/ferry.md\n");
    Command.Ended good = run("verify", "good.md", "--json");
    assertThat(good.exit()).as(good.out() + good.err()).isZero();
    assertThat(good.json().path("verified").asBoolean()).isTrue();
    Files.writeString(
        temp.resolve("bad.md"),
        "In winter the ferry crosses the river along nine cables [1].\n\n[1]: sources/ferry.md\n");
    Command.Ended bad = run("verify", "bad.md");
    assertThat(bad.exit()).isEqualTo(1);
    assertThat(bad.out()).contains("bad.md:1:");
    assertThat(run("verify", "none.md").exit()).isEqualTo(2);
  }

  @Test
  void verifiesItsOwnReportByTheRecordBesideItAndNoticesWhatChangedSince() throws Exception {
    Path sources = Files.createDirectories(temp.resolve("mill"));
    Path source = sources.resolve("mill.md");
    Files.writeString(
        source, "# The mill\n\nThe mill grinds forty sacks of rye on a windy day in autumn.\n");
    String report = temp.resolve("mill-report.md").toString();
    assertThat(
            research(
                    "How much does the mill grind on a windy day?",
                    "--sources",
                    "mill",
                    "--out",
                    report)
                .exit())
        .isZero();
    Command.Ended whole = run("verify", report, "--json");
    assertThat(whole.exit()).as(whole.out()).isZero();
    assertThat(whole.json().path("record").path("fits").asBoolean()).isTrue();
    assertThat(whole.json().path("record").path("changed")).isEmpty();

    Files.writeString(source, "# The mill\n\nThe mill grinds ten sacks of rye on a windy day.\n");
    Command.Ended changed = run("verify", report);
    assertThat(changed.exit()).isEqualTo(1);
    assertThat(changed.out()).contains("source changed since the report was written: The mill");

    Files.writeString(
        Path.of(report), Files.readString(Path.of(report)).replace("forty", "ninety"));
    Command.Ended forged = run("verify", report);
    assertThat(forged.exit()).isEqualTo(1);
    assertThat(forged.out()).contains("record: report_changed");
  }
}
