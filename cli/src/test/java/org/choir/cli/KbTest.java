package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The knowledge base through the command line, as a person uses it. */
class KbTest {
  private static final String TEXT =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years.

      Keepers polished each prism with rouge and spirits every morning. They drew curtains around \
      the lantern by day, because the sun shining backwards through the glass could set fire to \
      the oil and crack the burner below it.
      """;

  /** What articles cost and earn is EconomyTest's. */
  private static final Map<String, String> NO_MONEY = Map.of("CHOIR_ECONOMY_ENABLED", "false");

  @TempDir Path temp;

  private JsonNode ok(String... arguments) {
    Command.Ended ended = new Command(temp.resolve("home"), temp, NO_MONEY).run(arguments);
    assertThat(ended.exit()).as(ended.err() + ended.out()).isZero();
    return ended.json();
  }

  @Test
  void anArticleIsPublishedFoundShownReviewedAndItsIndexMadeAnew() throws Exception {
    try {
      Files.writeString(temp.resolve("lens.md"), TEXT);
      JsonNode published = ok("publish", "lens.md", "--field", "Optics", "--json");
      assertThat(published.path("state").asText()).isEqualTo("published");
      assertThat(published.path("review").asText()).isEqualTo("pending");
      String id = published.path("id").asText();
      JsonNode found = ok("kb", "search", "why curtains round the lamp", "--json");
      assertThat(found.path("results").path(0).path("id").asText()).isEqualTo(id);
      assertThat(found.path("facets").path("field").path("optics").asInt()).isEqualTo(1);
      JsonNode reviewed = ok("kb", "review", id, "--accept", "--as", "editor", "--json");
      assertThat(reviewed.path("eligible").asBoolean()).isTrue();
      assertThat(
              ok("publish", "lens.md", "--field", "optics", "--as", "bob", "--json")
                  .path("state")
                  .asText())
          .isEqualTo("rejected");
      assertThat(ok("kb", "rebuild", "--json").path("differing").asInt()).isZero();
      assertThat(ok("kb", "show", id, "--body", "--json").path("body").asText()).isEqualTo(TEXT);
    } finally {
      new Command(temp.resolve("home"), temp, NO_MONEY).run("down");
    }
  }

  private static final String FERRY =
      """
      # The ferry

      ## Winter service

      In winter the ferry crosses the river along a cable, because drifting ice would push it off
      its course. The cable is tightened every morning at six by the ferryman and his eldest son.
      When the ice is thicker than twenty centimetres, the ferry stops and an ice road takes its
      place. The ice road is marked with young spruce trees, which are set every thirty metres.

      The winter crossing of the ferry takes twenty minutes, since the crew must break the new ice
      with poles before the hull can move. Two men stand at the bow with poles for the whole of the
      crossing in winter. The ferry carries no carts in winter when the wind is stronger than a
      fresh breeze, because a cart on the deck would catch the wind and strain the cable.
      """;

  private static final String BRIDGE =
      """
      # The bridge that was never built

      ## Plans for a bridge

      The council asked an engineer for plans of a bridge in the year 1894. No bridge was built,
      because it would have cost forty thousand coins, which was more than the ferry had earned in
      sixty winters. The ferry was kept, and the money went into a stone quay for the winter
      landing. The bridge would have stood on four piers, and the ice of a hard winter would have
      broken against the two in the middle of the river.

      ## The railway bridge

      A second plan for a bridge was made in 1921 by a railway company, which wanted to cross the
      river with a single track. The plan for the railway bridge failed when the company lost its
      loan in the autumn of the same year, and its drawings lie in the archive of the town. The
      railway was built on the other bank instead, where it follows the river to the sea.

      ## The winter landing

      The winter landing lies two hundred metres upstream, where the ice breaks last. The winter
      landing has a stone quay with a shed, in which passengers wait beside an iron stove. A bell
      on the quay of the winter landing is rung when the ferry leaves in fog. The keeper of the
      landing lives above the shed and lights two lanterns at dusk.
      """;

  /** Whether the stored stream of public events has a word, which is plain there by contract. */
  private boolean onTheBus(String word) throws Exception {
    try (Stream<Path> files = Files.walk(temp.resolve("home").resolve("nats"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".blk")).toList()) {
        if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(word)) {
          return true;
        }
      }
      return false;
    }
  }

  private List<String> chain(String user) {
    Command.Ended ended =
        new Command(temp.resolve("home"), temp, NO_MONEY).run("audit", "log", "--as", user);
    assertThat(ended.exit()).as(ended.err()).isZero();
    return ended.out().lines().toList();
  }

  @Test
  void aReportIsPublishedFoundByAnotherRunAndCitedByItWithAVerifiedClaim() throws Exception {
    try {
      Files.writeString(Files.createDirectories(temp.resolve("one")).resolve("ferry.md"), FERRY);
      Files.writeString(Files.createDirectories(temp.resolve("two")).resolve("bridge.md"), BRIDGE);
      String question = "How does the ferry cross the river in winter?";
      ok("research", question, "--sources", "one", "--out", "a.md", "--as", "ada", "--json");
      JsonNode first = ok("publish", "a.md", "--field", "transport", "--as", "ada", "--json");
      assertThat(first.path("state").asText()).isEqualTo("published");
      String cited = first.path("id").asText();
      ok("kb", "review", cited, "--accept", "--as", "editor", "--json");

      ok(
          "research",
          "Why was no bridge built, why did the railway bridge fail, what does the winter landing"
              + " have, and why does the ferry cross along a cable?",
          "--sources",
          "two",
          "--out",
          "b.md",
          "--as",
          "bob",
          "--json");
      String report = Files.readString(temp.resolve("b.md"));
      assertThat(report).contains(cited + "-1.md").contains("along a cable").contains("bridge.md");
      JsonNode second = ok("publish", "b.md", "--field", "transport", "--as", "bob", "--json");
      assertThat(second.path("state").asText()).as(second.toString()).isEqualTo("published");
      String citing = second.path("id").asText();
      if (second.path("review").asText().equals("pending")) {
        ok("kb", "review", citing, "--accept", "--as", "editor", "--json");
      }

      JsonNode citations = ok("kb", "show", cited, "--json").path("citations");
      assertThat(citations).hasSize(1);
      assertThat(citations.path(0).path("citing").asText()).isEqualTo(citing);
      assertThat(citations.path(0).path("supported").asBoolean()).isTrue();
      assertThat(citations.path(0).path("claim").asText()).contains("cable");
      assertThat(citations.path(0).path("weight").asInt()).isEqualTo(1);
      ok("kb", "account", "bob", "--owner", "ada", "--as", "editor", "--json");
      assertThat(ok("kb", "show", cited, "--json").findValuesAsText("reason").getLast())
          .startsWith("same_owner");
      ok("kb", "account", "bob", "--as", "editor", "--json");
      ok("kb", "uncite", citations.path(0).path("id").asText(), "--as", "bob", "--json");
      assertThat(ok("kb", "show", cited, "--json").findValuesAsText("reason").getLast())
          .startsWith("withdrawn");
      assertThat(chain("ada")).anyMatch(l -> l.contains("ada published the article " + cited));
      assertThat(chain("bob"))
          .anyMatch(l -> l.contains("bob published the article " + citing))
          .anyMatch(l -> l.contains("cited the article " + cited + " from " + citing));
      JsonNode verified = ok("audit", "verify", "--as", "bob", "--json");
      assertThat(verified.toString()).doesNotContain("\"ok\":false");
      new Command(temp.resolve("home"), temp, NO_MONEY).run("down");
      assertThat(onTheBus("\"article\":\"" + cited)).isTrue();
      assertThat(onTheBus("\"citing\":\"" + citing)).isTrue();

      // Without sources and the web, the knowledge base is what is searched.
      JsonNode third = ok("research", question, "--out", "c.md", "--as", "cleo", "--json");
      assertThat(third.path("state").asText()).isEqualTo("completed");
      assertThat(Files.readString(temp.resolve("c.md"))).contains(cited + "-1.md");
    } finally {
      new Command(temp.resolve("home"), temp, NO_MONEY).run("down");
    }
  }
}
