package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;

class DraftTest {
  private static List<String> texts(String markdown) {
    return Draft.of(markdown).claims().stream().map(Claim::text).toList();
  }

  private static List<String> keys(Claim claim) {
    return claim.citations().stream().map(Citation::target).toList();
  }

  private static Claim only(String markdown) {
    List<Claim> claims = Draft.of(markdown).claims();
    assertThat(claims).hasSize(1);
    return claims.getFirst();
  }

  @Test
  void cutsAParagraphIntoSentencesWithTheirOwnCitations() {
    Draft draft = Draft.of("One is so [@s1]. Two is so. [@s2; @s3] Three is not [@s4][@s5].");
    assertThat(draft.claims()).extracting(Claim::id).containsExactly("c1", "c2", "c3");
    assertThat(draft.claims())
        .extracting(Claim::text)
        .containsExactly("One is so.", "Two is so.", "Three is not.");
    assertThat(draft.claims())
        .map(DraftTest::keys)
        .containsExactly(List.of("s1"), List.of("s2", "s3"), List.of("s4", "s5"));
  }

  @Test
  void givesACitationAtTheEndToTheLastSentenceOnly() {
    Draft draft = Draft.of("The first is bare. The second is cited. [@s1]");
    assertThat(draft.claims().get(0).citations()).isEmpty();
    assertThat(keys(draft.claims().get(1))).containsExactly("s1");
  }

  @Test
  void acceptsCitationsInParenthesesAndWithCommas() {
    Claim claim = only("Water boils ([@s1, @s2]) at sea level.");
    assertThat(claim.text()).isEqualTo("Water boils at sea level.");
    assertThat(keys(claim)).containsExactly("s1", "s2");
  }

  @Test
  void takesNoCitationFromCodeCommentsTitlesOrImages() {
    for (String markdown :
        List.of(
            "It is so `[@s1]`.",
            "It is so <!-- [@s1] -->.",
            "It is so [here](http://x \"[@s1]\").",
            "It is so ![[@s1]](x.png).",
            "It is so.\n\n<!-- [@s1] -->")) {
      assertThat(Draft.of(markdown).claims()).as(markdown).hasSize(1);
      assertThat(only(markdown).citations()).as(markdown).isEmpty();
    }
  }

  @Test
  void keepsAKeyAKeyWhenADefinitionTriesToMakeItALink() {
    Claim claim = only("It is so [@s1].\n\n[@s1]: http://evil.example \"title\"");
    assertThat(claim.citations()).containsExactly(new Citation(Citation.Kind.KEY, "s1"));
    assertThat(claim.text()).isEqualTo("It is so.");
  }

  @Test
  void keepsAKeyWithHiddenOrForeignLettersAsItIs() {
    assertThat(keys(only("It is so [@s0\u200b1]."))).containsExactly("s0\u200b1");
    assertThat(keys(only("It is so [@ѕ01]."))).containsExactly("ѕ01");
  }

  @Test
  void readsAFootnoteAsTheKeyItHolds() {
    Claim claim = only("It is so.[^1]\n\n[^1]: [@s1]");
    assertThat(keys(claim)).containsExactly("s1");
    assertThat(texts("Fine.[^a]\n\n[^a]: Nobody checks this sentence.")).containsExactly("Fine.");
  }

  @Test
  void findsClaimsInListsQuotesAndTables() {
    String markdown =
        """
        - First item [@s1].
          - Nested item [@s2].

            A second paragraph [@s3].
        1. Numbered item [@s4].

        > Quoted words [@s5].

        | Name | Value |
        |------|-------|
        | wal_level | replica [@s6] |
        """;
    assertThat(texts(markdown))
        .containsExactly(
            "First item.",
            "Nested item.",
            "A second paragraph.",
            "Numbered item.",
            "Quoted words.",
            "wal_level | replica");
    assertThat(Draft.of(markdown).claims()).allMatch(claim -> claim.citations().size() == 1);
  }

  @Test
  void takesTopicsQuestionsAndAnnouncementsForNoClaims() {
    assertThat(
            texts(
                """
                # How WAL works

                Setext topic
                ============

                What is a checkpoint?

                The main points are the following:

                ---
                """))
        .isEmpty();
  }

  @Test
  void takesAHeadingThatAssertsForAClaim() {
    assertThat(only("# The vendor has never lost data").kind()).isEqualTo(Claim.Kind.HEADING);
    assertThat(texts("## Everything burns.")).containsExactly("Everything burns.");
  }

  @Test
  void isNotFooledByAQuestionMarkBehindAStatement() {
    assertThat(texts("The vendor lost all data?")).containsExactly("The vendor lost all data?");
    assertThat(texts("The vendor lost all of our data:")).hasSize(1);
  }

  @Test
  void readsTheWordsOfHtmlBlocksAsClaims() {
    assertThat(texts("<div><p>The moon is <b>cheese</b>.</p></div>"))
        .containsExactly("The moon is cheese.");
    assertThat(texts("<!-- choir:meta -->\n\nThe moon is cheese.")).hasSize(1);
  }

  @Test
  void checksCodeBlocksAgainstEverythingTheDraftCites() {
    Draft draft = Draft.of("Use it [@s1].\n\n```sql\nSELECT 1;\n```\n\nOr not [@s2].");
    Claim code = draft.claims().get(1);
    assertThat(code.kind()).isEqualTo(Claim.Kind.CODE);
    assertThat(code.text()).isEqualTo("SELECT 1;");
    assertThat(keys(code)).containsExactly("s1", "s2");
  }

  @Test
  void countsSpansInCodePointsOfTheDraft() {
    String markdown = "😀 It *works* well [@s1].\r\n\r\nمرحبا بالعالم. Fine\r\nhere [@s2].";
    int[] points = markdown.codePoints().toArray();
    List<String> spans =
        Draft.of(markdown).claims().stream()
            .map(c -> new String(points, c.start(), c.end() - c.start()))
            .toList();
    assertThat(spans)
        .containsExactly("😀 It *works* well [@s1].", "مرحبا بالعالم.", "Fine\r\nhere [@s2].");
  }

  @Test
  void joinsSoftBreaksAndReadsEscapesAndEntities() {
    Claim claim = only("Fish &amp; chips cost\n5 \\* 3 dollars [@s1].");
    assertThat(claim.text()).isEqualTo("Fish & chips cost 5 * 3 dollars.");
    assertThat(claim.end()).isEqualTo("Fish &amp; chips cost\n5 \\* 3 dollars [@s1].".length());
  }

  @Test
  void readsLinksAndFootnotesOfADocumentAsCitations() {
    Draft draft =
        Draft.ofDocument(
            """
            WAL is safe [1](docs/wal.html). See [the manual](docs/m.html) on this.
            It is written first <http://x.example/wal>. It is old.[^1] It is new.[^2]

            - [Only a link](docs/a.html)

            [^1]: See [here](docs/old.html).
            [^2]: Smith, A book, 2020.
            """);
    assertThat(draft.claims())
        .map(DraftTest::keys)
        .containsExactly(
            List.of("docs/wal.html"),
            List.of("docs/m.html"),
            List.of("http://x.example/wal"),
            List.of("docs/old.html"),
            List.of("Smith, A book, 2020."));
    assertThat(draft.claims().get(0).text()).isEqualTo("WAL is safe.");
    assertThat(draft.claims().get(2).text()).isEqualTo("It is written first.");
  }

  @Test
  void survivesDeepNestingAndRefusesWhatIsTooLarge() {
    assertThat(texts(">".repeat(3000) + " Deep words.")).containsExactly("Deep words.");
    assertThat(texts("*a **b ".repeat(3000))).isNotEmpty();
    assertThatThrownBy(() -> Draft.of("a".repeat(Draft.MAX_CHARS + 1)))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("draft_too_large"));
  }
}
