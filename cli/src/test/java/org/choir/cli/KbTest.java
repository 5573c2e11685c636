package org.choir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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

  @TempDir Path temp;

  private JsonNode ok(String... arguments) {
    Command.Ended ended = new Command(temp.resolve("home"), temp, Map.of()).run(arguments);
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
      new Command(temp.resolve("home"), temp, Map.of()).run("down");
    }
  }
}
