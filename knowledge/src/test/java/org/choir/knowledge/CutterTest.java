package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.choir.core.Digest;
import org.choir.knowledge.TextBlock.Kind;
import org.junit.jupiter.api.Test;

class CutterTest {
  private static final Digest ID = Digest.of("any");

  private static StoredDocument document(List<TextBlock> blocks) {
    return StoredDocument.of(ID, new Extraction("text/plain", "Title", blocks));
  }

  private static List<TextBlock> random(Random random) {
    String[] words = {
      "stone", "river", "𝔘𝔫𝔦", "naïve", "and", "is", "max_wal_size", "水", "e.g.", "🜂"
    };
    List<Kind> kinds = List.of(Kind.values());
    List<TextBlock> blocks = new ArrayList<>();
    int count = 1 + random.nextInt(30);
    for (int i = 0; i < count; i++) {
      Kind kind = kinds.get(random.nextInt(kinds.size()));
      StringBuilder text = new StringBuilder();
      int length = 1 + random.nextInt(random.nextInt(8) == 0 ? 900 : 60);
      for (int j = 0; j < length; j++) {
        text.append(j == 0 ? "" : kind == Kind.CODE && j % 9 == 0 ? "\n" : " ");
        text.append(words[random.nextInt(words.length)]).append(random.nextInt(12) == 0 ? "." : "");
      }
      if (random.nextInt(15) == 0) {
        text = new StringBuilder("x𝔘".repeat(2000));
      }
      switch (kind) {
        case HEADING -> blocks.add(TextBlock.heading(1 + random.nextInt(8), "H" + i, "#" + i));
        case SECTION -> blocks.add(TextBlock.section("S" + i, "#" + i));
        case CLOSE -> blocks.add(new TextBlock(Kind.CLOSE, 1 + random.nextInt(8), "", "", 0));
        default -> blocks.add(new TextBlock(kind, 0, text.toString(), "#b" + i, random.nextInt(2)));
      }
    }
    blocks.add(TextBlock.of(Kind.TEXT, "The end.", "#end"));
    return blocks;
  }

  @Test
  void cutsEveryTextIntoExactPassagesWithinSectionsAndLimits() {
    long seed = new Random().nextLong();
    System.out.println("CutterTest seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 400; round++) {
      StoredDocument document = document(random(random));
      List<Passage> passages = document.passages("/x");
      int end = 0;
      for (int i = 0; i < passages.size(); i++) {
        Passage passage = passages.get(i);
        assertThat(passage.start()).isGreaterThanOrEqualTo(end);
        end = passage.end();
        assertThat(passage.text())
            .isEqualTo(CodePointRange.substring(document.text(), passage.start(), passage.end()))
            .isEqualTo(document.passage(i, "/x", 0).text());
        assertThat(passage.text().codePointCount(0, passage.text().length()))
            .isLessThanOrEqualTo(Cutter.CHARS_MAX);
        assertThat(Cutter.words(passage.text())).isLessThanOrEqualTo(Cutter.WORDS_MAX);
        SourceDocument.Section section = document.sections().get(document.cuts().get(i).section());
        assertThat(passage.start()).isGreaterThanOrEqualTo(section.start());
        assertThat(passage.end()).isLessThanOrEqualTo(section.end());
        assertThat(passage.text()).isEqualTo(passage.text().strip());
      }
    }
  }

  @Test
  void coversTheTextWithSectionsThatDoNotOverlap() {
    long seed = new Random().nextLong();
    System.out.println("CutterTest seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      StoredDocument document = document(random(random));
      int at = 0;
      for (SourceDocument.Section section : document.sections()) {
        assertThat(section.start()).isEqualTo(at);
        assertThat(section.end()).isGreaterThan(section.start());
        at = section.end();
      }
      assertThat(at).isEqualTo(document.length());
      assertThat(document.length()).isEqualTo(CodePointRange.length(document.text()));
    }
  }

  @Test
  void losesNoWordOfTheBlocks() {
    long seed = new Random().nextLong();
    System.out.println("CutterTest seed " + seed);
    List<TextBlock> blocks = random(new Random(seed));
    StringBuilder all = new StringBuilder();
    document(blocks).passages("/x").forEach(passage -> all.append(passage.text()));
    StringBuilder expected = new StringBuilder();
    blocks.stream()
        .filter(block -> !List.of(Kind.HEADING, Kind.SECTION, Kind.CLOSE).contains(block.kind()))
        .forEach(block -> expected.append(block.text()));
    assertThat(all.toString().replaceAll("\\s", ""))
        .isEqualTo(expected.toString().replaceAll("\\s", ""));
  }

  @Test
  void namesASectionByTheHeadingsAboveItAndReturnsAfterAListOfTerms() {
    StoredDocument document =
        document(
            List.of(
                TextBlock.heading(1, "Title", "#t"),
                TextBlock.heading(2, "Settings", "#s"),
                TextBlock.of(Kind.TEXT, "Before.", "#s"),
                TextBlock.heading(7, "max_x", "#x"),
                TextBlock.of(Kind.TEXT, "Inside.", "#x"),
                new TextBlock(Kind.CLOSE, 7, "", "", 0),
                TextBlock.of(Kind.TEXT, "After.", "#s")));
    assertThat(document.passages("/x"))
        .extracting(passage -> passage.section() + ": " + passage.text())
        .containsExactly("Settings: Before.", "Settings › max_x: Inside.", "Settings: After.");
  }

  @Test
  void keepsASmallTableTogether() {
    List<TextBlock> rows = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      rows.add(TextBlock.of(Kind.ROW, "row " + i + " | some value", ""));
    }
    assertThat(document(rows).cuts()).hasSize(1);
  }

  @Test
  void keepsATableOfContentsApartFromTheTextAndRanksItDown() {
    TextBlock link = new TextBlock(Kind.TERM, 0, "Vacuuming basics", "", 1);
    StoredDocument document =
        document(
            List.of(
                link,
                link,
                TextBlock.of(
                    Kind.TEXT,
                    "The space that is held by the dead rows is taken back and it can then be used again by the same table at any time.",
                    "")));
    assertThat(document.cuts()).hasSize(2);
    assertThat(document.cuts().getFirst().prose()).isLessThan(50);
    assertThat(document.cuts().getLast().prose()).isGreaterThan(90);
  }

  @Test
  void givesTheSameKeyToTheSamePassageOnly() {
    assertThat(StoredDocument.key(ID, 0, 10)).matches("s[0-9a-f]{10}");
    assertThat(StoredDocument.key(ID, 0, 10)).isEqualTo(StoredDocument.key(ID, 0, 10));
    assertThat(StoredDocument.key(ID, 0, 10)).isNotEqualTo(StoredDocument.key(ID, 0, 11));
    assertThat(StoredDocument.key(ID, 0, 10))
        .isNotEqualTo(StoredDocument.key(Digest.of("other"), 0, 10));
  }
}
