package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** {@code research --web} from the question to the report, against a web with everything in it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WebResearchTest {
  private static final String QUESTION = "How does the ferry cross the river in winter?";

  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir static Path temp;
  private static final Map<String, String> ENVIRONMENT = new HashMap<>();
  private static SmallWeb web;
  private static Command.Ended ended;
  private static String report = "";
  private static String run = "";

  private static Command.Ended run(String... arguments) {
    return new Command(temp.resolve("home"), temp, ENVIRONMENT).run(arguments);
  }

  @BeforeAll
  static void aRunWithTheWeb() throws Exception {
    web = new SmallWeb();
    ENVIRONMENT.putAll(web.environment());
    ended = run("research", QUESTION, "--web", "--depth", "quick", "--out", "report.md", "--json");
    assertThat(ended.exit()).as(ended.err()).isZero();
    report = Files.readString(temp.resolve("report.md"));
    run = ended.json().path("run").asText();
  }

  @AfterAll
  static void down() {
    run("down");
    web.close();
  }

  private static List<JsonNode> events(String id, String kind) {
    return run("events", id)
        .out()
        .lines()
        .map(l -> Json.parse(l).path("event"))
        .filter(e -> e.path("kind").asText().equals(kind))
        .toList();
  }

  private static JsonNode record() throws Exception {
    return Json.parse(Files.readString(temp.resolve("report.md.verification.json")));
  }

  @Test
  @Order(1)
  void theReportCitesWhatWasReadAndOpensAtThePassage() throws Exception {
    assertThat(ended.err())
        .contains("the words of the question go to 127.0.0.1")
        .contains("read: " + web.url("/ferry"))
        .contains("not readable: " + web.url("/gone"))
        .doesNotContain("words of your files");
    assertThat(report)
        .contains("crosses the river along a cable")
        .contains("The ferry at Lindau")
        .contains("](<" + web.url("/ferry") + "#winter:~:text=");
    assertThat(record().path("claims")).isNotEmpty();
    List<String> readable =
        List.of(web.url("/ferry"), web.url("/river"), web.url("/ice"), web.url("/poison"));
    for (JsonNode source : record().path("sources")) {
      assertThat(source.path("location").asText()).isIn(readable);
    }
    assertThat(record().path("targets").path("sources").path("reached").asBoolean())
        .as(report)
        .isTrue();
    assertThat(
            record().path("summary").path("unsupported").asInt()
                + record().path("summary").path("contradicted").asInt())
        .isEqualTo(
            record().path("dropped").size()
                - record().path("summary").path("fabricated").asInt()
                - record().path("summary").path("unreachable").asInt());
  }

  @Test
  @Order(2)
  void theReportNamesWhatCouldNotBeReadAndWhy() {
    assertThat(report)
        .contains("pages of the web were read")
        .contains(
            "Pages with sentences that speak to programs, which are no evidence: "
                + web.url("/poison"))
        .contains("could not be read and are no evidence")
        .contains(web.url("/gone") + " (no such page)")
        .contains(web.closed() + " (not reachable)")
        .contains(web.url("/paid") + " (behind a paywall)")
        .contains(web.url("/402") + " (behind a paywall)")
        .contains(web.url("/soft") + " (an error page that claims success)")
        .contains(web.url("/inner") + " (not a public address)")
        .contains(web.url("/slow") + " (not reachable)")
        .contains(web.url("/endless") + " (not reachable)")
        .doesNotContain("runners of steel");
  }

  @Test
  @Order(3)
  void nothingThatThePoisonedPageWantsIsDone() throws Exception {
    assertThat(web.fetched).as("the page was met").contains("/poison");
    String all = report + record();
    assertThat(record().path("claims").toString() + report)
        .doesNotContain("whales", "balloon", "submarine", "catapult", "zeppelin", "previous instr");
    assertThat(all).doesNotContain("/collect");
    assertThat(web.reached).hasValue(0);
    assertThat(web.fetched).noneMatch(path -> path.contains("collect"));
    // Every call of a tool is one that the program makes of itself.
    assertThat(events(run, "intended"))
        .extracting(e -> e.path("tool").asText() + " " + e.path("verdict").asText())
        .containsOnly(
            "write_todos ALLOW",
            "task ALLOW",
            "web_search ALLOW",
            "fetch_source ALLOW",
            "search_sources ALLOW",
            "read_source ALLOW",
            "write_file ALLOW",
            "verify_draft ALLOW",
            "submit_report ALLOW");
  }

  @Test
  @Order(4)
  void theKeyIsNowhereAndEveryConnectionIsInTheChain() throws Exception {
    assertThat(web.queries).isNotEmpty().allMatch(q -> q.contains("ferry"));
    Path logs = temp.resolve("home/logs");
    StringBuilder said = new StringBuilder(run("events", run).out()).append(ended.err());
    try (var files = Files.list(logs)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        said.append(Files.readString(file));
      }
    }
    assertThat(said.toString()).doesNotContain(SmallWeb.KEY);
    List<String> dials = new ArrayList<>();
    for (String line : run("audit", "log", "--json").out().lines().toList()) {
      JsonNode leaf = Json.parse(line);
      assertThat(line).doesNotContain(SmallWeb.KEY);
      if (leaf.path("event").path("kind").asText().equals("egress.dialed")) {
        dials.add(line);
      }
    }
    assertThat(dials).isNotEmpty();
    assertThat(dials).anyMatch(d -> d.contains("private_address") && d.contains("DENY"));
    assertThat(events(run, "egress")).isNotEmpty();
    Command.Ended replayed = run("audit", "replay", "--run", run, "--json");
    assertThat(replayed.exit()).as(replayed.out() + replayed.err()).isZero();
    assertThat(run("audit", "verify").exit()).isZero();
  }

  @Test
  @Order(5)
  void verifyConfirmsTheReportAndNoticesLaterWhatHasChangedAndWhatIsGone() {
    Command.Ended fresh = run("verify", "report.md", "--json");
    assertThat(fresh.exit()).as(fresh.out() + fresh.err()).isZero();
    assertThat(fresh.json().path("record").path("fits").asBoolean()).isTrue();
    assertThat(fresh.json().path("record").path("changed")).isEmpty();

    String ferry = web.pages.getOrDefault("/ferry", "");
    web.pages.put(
        "/ferry",
        "<title>The ferry at Lindau</title><p>The ferry was sold and became a restaurant.</p>");
    web.pages.remove("/river");
    Command.Ended later = run("verify", "report.md");
    assertThat(later.exit()).as(later.out()).isEqualTo(1);
    assertThat(later.out())
        .contains("source changed since the report was written: The ferry at Lindau");
    assertThat(report).contains(web.url("/river"));
    assertThat(later.out())
        .contains("source gone since the report was written: The river")
        .contains("checked against the copy of before");
    web.pages.put("/ferry", ferry);
  }

  @Test
  @Order(6)
  void anInvalidKeyIsToldOfAndNotShown() {
    Map<String, String> none = new HashMap<>(ENVIRONMENT);
    none.keySet().removeIf(name -> name.startsWith("TAVILY"));
    Command.Ended refused =
        new Command(temp.resolve("other"), temp, none).run("research", QUESTION, "--web");
    try {
      assertThat(refused.exit()).isEqualTo(2);
      assertThat(refused.err())
          .contains("no search engine for the web is configured")
          .contains("TAVILY_API_KEY")
          .contains("web.searxng");
    } finally {
      new Command(temp.resolve("other"), temp, none).run("down");
    }
  }

  @Test
  @Order(8)
  @Tag("long")
  void aKilledRunGoesOnFromThePagesThatItHadRead() throws Exception {
    String ferry = web.pages.getOrDefault("/ferry", "");
    Path err = temp.resolve("err");
    Process process =
        new Command(temp.resolve("home"), temp, ENVIRONMENT)
            .start(err, "research", QUESTION, "--web", "--depth", "quick");
    await().atMost(SOON).until(() -> Files.readString(err).contains("read: " + web.url("/ferry")));
    long pid = run("status", "--json").json().path("server").path("pid").asLong();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    await().atMost(SOON).until(() -> !process.isAlive());
    web.pages.put("/ferry", "<title>Sold</title><p>The ferry became a restaurant in winter.</p>");
    web.fetched.clear();
    String id = Files.readString(err).replaceAll("(?s).*choir resume (r[a-z0-9]+).*", "$1");
    Command.Ended resumed = run("resume", id, "--json");
    assertThat(resumed.exit()).as(resumed.err()).isZero();
    assertThat(web.fetched).doesNotContain("/ferry");
    assertThat(Files.readString(Path.of(resumed.json().path("report").asText())))
        .contains("along a cable")
        .doesNotContain("restaurant");
    web.pages.put("/ferry", ferry);
  }

  @Test
  @Order(7)
  @Tag("long")
  void aRunWithoutTheWebHasNoToolsForIt() throws Exception {
    Files.writeString(
        Files.createDirectories(temp.resolve("sources")).resolve("ferry.md"),
        "# The ferry\n\nIn winter the ferry crosses the river along a rope of hemp.\n");
    int before = web.queries.size();
    Command.Ended plain =
        run("research", QUESTION, "--sources", "sources", "--depth", "quick", "--json");
    assertThat(plain.exit()).as(plain.err()).isZero();
    assertThat(web.queries).hasSize(before);
    String id = plain.json().path("run").asText();
    assertThat(events(id, "intended"))
        .noneMatch(e -> e.path("tool").asText().matches("web_search|fetch_source"));
    Command.Ended both =
        run("research", QUESTION, "--sources", "sources", "--web", "--out", "both.md", "--json");
    assertThat(both.exit()).as(both.err()).isZero();
    assertThat(Files.readString(temp.resolve("both.md")))
        .contains("rope of hemp")
        .contains("along a cable");
  }
}
