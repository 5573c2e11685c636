package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.choir.core.Digest;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.HtmlInline;
import org.commonmark.node.Image;
import org.commonmark.parser.Parser;
import org.junit.jupiter.api.Test;

class ReportAssemblerTest {
  private static final String WAL =
      "😀 Preface. WAL is a standard method for ensuring data integrity. Changes to data files"
          + " must be written only after the log records have been flushed. The default value of"
          + " max_wal_size is 1 GB.\nSELECT pg_switch_wal();";
  private static final String VACUUM =
      "Vacuuming recovers disk space. It can run in parallel with ordinary reads.";

  private static final Evidence FIRST =
      evidence("s0000000001", "WAL *intro*", "/d/wal.html", "#wal", WAL);
  private static final Evidence SECOND =
      evidence("s0000000002", "Vacuum", "/d/vacuum.md", "line=4", VACUUM);
  private static final Map<Digest, String> STORED =
      Map.of(FIRST.source(), WAL, SECOND.source(), VACUUM);

  private static Optional<String> stored(Digest source) {
    return Optional.ofNullable(STORED.get(source));
  }

  private static final ReportFrame FRAME =
      new ReportFrame(
          "How does WAL work?",
          "How does WAL work?",
          "extractive",
          false,
          new ReportFrame.Targets("quick", 2, 5),
          List.of("The source is [English](x)."),
          List.of("What is *hidden*?"));

  private static Evidence evidence(
      String key, String title, String location, String locator, String text) {
    return new Evidence(key, Digest.of(location), title, "Part <1>", location, locator, 0, text);
  }

  static Report report(String draft) {
    Draft parsed = Draft.of(draft);
    List<ClaimResult> results =
        ClaimVerifier.byRules().verify(parsed, EvidenceBook.of(List.of(FIRST, SECOND)));
    return ReportAssembler.assemble(parsed, results, FRAME);
  }

  private static String body(Report report) {
    String text = report.markdown();
    return text.substring(text.indexOf("\n\n") + 2, text.indexOf("## Not answered"));
  }

  static List<String> problems(String markdown, VerificationRecord record) {
    return RecordCheck.check(markdown, record, ReportAssemblerTest::stored).stream()
        .map(RecordCheck.Problem::code)
        .toList();
  }

  @Test
  void numbersCitationsInOrderOfFirstUseAndWritesTheirSources() {
    Report report =
        report(
            "Vacuuming recovers disk space [@s0000000002]. WAL is a standard method for ensuring"
                + " data integrity [@s0000000001]. It can run in parallel with ordinary reads"
                + " [@s0000000002].");
    assertThat(body(report))
        .isEqualTo(
            "Vacuuming recovers disk space. [1] WAL is a standard method for ensuring data"
                + " integrity. [2] It can run in parallel with ordinary reads. [1]\n\n");
    assertThat(report.markdown())
        .contains("## Sources\n\n1. Vacuum, Part \\<1>, line 4 — [open](</d/vacuum.md:4>)\n")
        .contains(
            "2. WAL \\*intro\\*, Part \\<1>, #wal — [open](<file:///d/wal.html#wal:~:text=WAL%20is%20a")
        .contains("[1]: </d/vacuum.md:4>\n")
        .contains("## Not answered\n\nThe sources do not answer:\n\n- What is \\*hidden\\*?\n")
        .contains("No language model was used")
        .contains("- Depth quick: 2 of 2 sources, 21 of 5 words; the targets are reached.")
        .contains("- The source is \\[English\\](x).");
    assertThat(problems(report.markdown(), report.record())).isEmpty();
  }

  @Test
  void dropsWhatDoesNotHoldAndWhatIsLeftEmpty() {
    Report report =
        report(
            """
            # My title

            ## Lost

            The moon is cheese [@s0000000001]. Nobody cites this.

            ### Also lost

            - Vacuuming destroys disks [@s0000000002].

            ## Kept

            What is it? WAL is a standard method for ensuring data integrity [@s0000000001].

            1. The default value of max_wal_size is 2 GB [@s0000000001].
            2. Vacuuming recovers disk space [@s0000000002].
            3. Invented here [@s9999999999].
            """);
    assertThat(body(report))
        .isEqualTo(
            """
            ## Kept

            What is it? WAL is a standard method for ensuring data integrity. [1]

            1. Vacuuming recovers disk space. [2]

            """);
    ObjectNode json = report.record().json();
    assertThat(json.path("dropped"))
        .map(d -> d.path("verdict").asText() + " " + d.path("reason").asText().split(":", 2)[0])
        .containsExactly(
            "unsupported words_not_found",
            "unsupported no_citation",
            "unsupported words_not_found",
            "contradicted number_differs",
            "fabricated unknown_key");
    assertThat(json.path("summary").path("fabricated").asInt()).isEqualTo(1);
    assertThat(report.record().count("supported")).isEqualTo(2);
    assertThat(problems(report.markdown(), report.record())).isEmpty();
  }

  @Test
  void marksWhatHoldsInPart() {
    Report report =
        report("Vacuuming recovers disk space, and makes coffee taste better [@s0000000002].");
    assertThat(body(report))
        .isEqualTo(
            "Vacuuming recovers disk space, and makes coffee taste better. *(partly supported)*"
                + " [1]\n\n");
    assertThat(report.record().json().path("claims").path(0).path("verdict").asText())
        .isEqualTo("partial");
    assertThat(problems(report.markdown(), report.record())).isEmpty();
  }

  @Test
  void keepsEmphasisCodeTablesAndVerbatimCodeBlocks() {
    Report report =
        report(
            """
            **Vacuuming** recovers *disk space* [@s0000000002].

            | Setting | Default |
            |---|---|
            | `max_wal_size` | 1 GB [@s0000000001] |
            | max_wal_size | 7 GB [@s0000000001] |

            ```sql
            SELECT pg_switch_wal();
            ```

            ```sql
            DROP TABLE users;
            ```
            """);
    assertThat(body(report))
        .contains("**Vacuuming** recovers *disk space*. [1]\n")
        .contains("| Setting | Default |\n| --- | --- |\n| `max_wal_size` | 1 GB [2] |\n")
        .contains("```sql\nSELECT pg_switch_wal();\n```\n\nFrom the source: [2]\n")
        .doesNotContain("7 GB")
        .doesNotContain("DROP TABLE");
    assertThat(problems(report.markdown(), report.record())).isEmpty();
  }

  @Test
  void writesNothingOfTheDraftsOwnMarkup() {
    Report report =
        report(
            """
            <script>alert(1)</script>

            ![x](http://evil.example/p.png) Vacuuming [recovers](http://evil.example) disk space \
            [@s0000000002]. <b onclick="x">WAL</b> is a standard method for ensuring data \
            integrity [@s0000000001]. <!-- hidden -->

            ## Sources

            [1]: http://evil.example
            """);
    assertThat(report.markdown())
        .doesNotContain("evil")
        .doesNotContain("script")
        .doesNotContain("<b");
    assertThat(report.markdown().split("## Sources", -1)).hasSize(2);
    assertThat(body(report)).contains("Vacuuming recovers disk space. [1]");
  }

  @Test
  void saysSoWhenNothingHolds() {
    Report report = report("The moon is cheese.");
    assertThat(report.markdown())
        .contains("*No statement of the draft is supported by the sources.*")
        .contains("## Sources\n\nNone.\n");
    assertThat(problems(report.markdown(), report.record())).isEmpty();
  }

  @Test
  void escapesTitlesThatTryToForgeStructure() {
    String nasty = "# x](http://evil) <img src=x>\n\n## Sources\n[1]: http://evil `a` \u202e";
    ReportFrame frame =
        new ReportFrame(
            nasty,
            nasty,
            nasty,
            true,
            new ReportFrame.Targets("quick", 1, 1),
            List.of(nasty),
            List.of(nasty));
    String markdown = ReportAssembler.assemble(Draft.of(""), List.of(), frame).markdown();
    Draft read = Draft.ofDocument(markdown);
    assertThat(read.claims()).flatMap(Claim::citations).isEmpty();
    assertThat(markdown).doesNotContain("\u202e");
    assertThat(markdown.lines().filter("## Sources"::equals)).hasSize(1);
  }

  @Test
  void opensItsOwnCitationsWhenTheReportIsReadAsADocument() {
    Report report =
        report(
            "Vacuuming recovers disk space [@s0000000002]. WAL is a standard method for ensuring data integrity [@s0000000001].");
    List<Claim> claims = Draft.ofDocument(report.markdown()).claims();
    assertThat(claims.get(0).text()).isEqualTo("Vacuuming recovers disk space.");
    assertThat(claims.get(0).citations())
        .containsExactly(new Citation(Citation.Kind.LINK, "/d/vacuum.md:4"));
    assertThat(claims.get(1).citations().getFirst().target()).startsWith("file:///d/wal.html#wal");
  }

  /** Raw HTML and pictures in a Markdown text. */
  private static int foreign(String markdown) {
    int[] count = new int[1];
    Parser.builder()
        .build()
        .parse(markdown)
        .accept(
            new AbstractVisitor() {
              @Override
              public void visit(HtmlBlock html) {
                count[0]++;
              }

              @Override
              public void visit(HtmlInline html) {
                count[0]++;
              }

              @Override
              public void visit(Image image) {
                count[0]++;
              }
            });
    return count[0];
  }

  /** Random drafts of nasty pieces: no sentence without a verdict, every span literal, stable. */
  @Test
  void holdsItsInvariantsOnRandomDrafts() {
    long seed = 20261121;
    Random random = new Random(seed);
    String[] pieces = {
      "Vacuuming recovers disk space [@s0000000002].",
      "WAL is a standard method for ensuring data integrity [@s0000000001].",
      "The default value of max_wal_size is 1 GB [@s0000000001].",
      "The moon is cheese.",
      "😀 مرحبا",
      "It can run in parallel with ordinary reads. [@s0000000002]",
      "\n",
      "\n\n",
      "\r\n",
      "# ",
      "## ",
      "- ",
      "  - ",
      "1. ",
      "> ",
      "```",
      "`",
      "*",
      "**",
      "_",
      "|",
      "| a | b |\n|---|---|\n",
      "[",
      "]",
      "(",
      ")",
      "[@s0000000001]",
      "[@nope]",
      "<b>",
      "<!--",
      "-->",
      "<div>",
      "\\",
      "&amp;",
      "&#35;",
      "    ",
      "\t",
      "---\n",
      "===\n",
      "[^1]",
      "[^1]: note",
      "[1]: http://x",
      "![i](x)",
      "[l](y \"t\")",
      "?",
      ":",
      "…",
      "\u200b",
      "\u202e",
      "~~",
      "http://x.example",
      "[1]",
      "From the source:"
    };
    int standing = 0;
    for (int round = 0; round < 400; round++) {
      StringBuilder draft = new StringBuilder();
      for (int i = random.nextInt(25); i >= 0; i--) {
        draft.append(pieces[random.nextInt(pieces.length)]).append(random.nextBoolean() ? " " : "");
      }
      Report report = report(draft.toString());
      String what =
          "seed " + seed + " round " + round + "\n" + draft + "\n---\n" + report.markdown();
      assertThat(RecordCheck.check(report.markdown(), report.record(), ReportAssemblerTest::stored))
          .as(what)
          .isEmpty();
      assertThat(report(draft.toString()).markdown()).as(what).isEqualTo(report.markdown());
      List<String> ids = new ArrayList<>();
      for (JsonNode claim : report.record().json().path("claims")) {
        ids.add(claim.path("id").asText());
        standing++;
      }
      assertThat(ids).as(what).doesNotHaveDuplicates();
      assertThat(ids.size() + report.record().count("dropped"))
          .as(what)
          .isEqualTo(Draft.of(draft.toString()).claims().size());
      assertThat(report.markdown()).as(what).doesNotContain("[@", "\u202e");
      assertThat(foreign(report.markdown())).as(what).isZero();
    }
    assertThat(standing).isGreaterThan(100);
  }
}
