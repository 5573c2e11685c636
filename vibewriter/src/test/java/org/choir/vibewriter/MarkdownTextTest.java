package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MarkdownTextTest {
  private static final String PIECES = "ab 1.)-+=*_`[]()<>#|~&!$\\\"':;/?{}^%@,é漢";

  private static String read(String markdown) {
    Node document = Parser.builder().build().parse(markdown);
    assertThat(document.getFirstChild()).as("%s", markdown).isInstanceOf(Paragraph.class);
    assertThat(document.getFirstChild().getNext()).isNull();
    StringBuilder out = new StringBuilder();
    document.accept(
        new AbstractVisitor() {
          @Override
          public void visit(Text text) {
            out.append(text.getLiteral());
          }
        });
    return out.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "What does `SELECT *` do?",
        "1. Is this a list?",
        "- or this",
        "# heading <script>alert(1)</script> &amp; [link](x) ![i](y)",
        "snake_case and **bold** ~~no~~ | a | b",
        "=== \\ back"
      })
  void isReadBackAsTheSameWords(String words) {
    assertThat(read(MarkdownText.literal(words))).isEqualTo(words);
  }

  @Test
  void isReadBackAsTheSameWordsWhateverTheyAre() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      StringBuilder words = new StringBuilder("x");
      int[] points = PIECES.codePoints().toArray();
      for (int n = random.nextInt(12); n >= 0; n--) {
        words.appendCodePoint(points[random.nextInt(points.length)]);
      }
      String line = words.substring(random.nextInt(2)).strip().replaceAll("\\s+", " ");
      if (!line.isEmpty()) {
        assertThat(read(MarkdownText.literal(line)))
            .as("seed %d, words %s", seed, line)
            .isEqualTo(line);
      }
    }
  }
}
