package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TextPageTest {

  private static String numbered(int lines) {
    return IntStream.rangeClosed(1, lines)
        .mapToObj(i -> "line " + i)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  @Test
  void numbersTheLinesInAnAlignedGutter() {
    assertThat(TextPage.of(numbered(10), 0, 100).text())
        .startsWith(" 1  line 1\n 2  line 2\n")
        .endsWith("\n10  line 10");
  }

  @Test
  void saysWhatRemainsAndFromWhere() {
    assertThat(TextPage.of(numbered(1000), 5, 5).text())
        .startsWith(" 6  line 6")
        .endsWith(
            "10  line 10\n[Read 5 lines (lines 6-10 of 1000 total). 990 lines remaining from offset"
                + " 10.]");
    assertThat(TextPage.of(numbered(10), 8, 100).text())
        .endsWith("[Read 2 lines (lines 9-10 of 10 total).]");
  }

  @Test
  void clampsANegativeOffsetAndSaysSo() {
    assertThat(TextPage.of("a\nb", -3, 10).text())
        .isEqualTo("1  a\n2  b\n[The negative offset -3 was taken as 0]");
  }

  @Test
  void readsNothingWithALimitOfZero() {
    ToolOutput output = TextPage.of("secret", 0, 0);
    assertThat(output.failed()).isFalse();
    assertThat(output.text())
        .contains("no lines were read", "not inspected")
        .doesNotContain("secret");
  }

  @Test
  void remindsOfAnEmptyFile() {
    assertThat(TextPage.of("", 0, 0).text())
        .isEqualTo("System reminder: File exists but has empty contents");
  }

  @Test
  void refusesAnOffsetAtOrBeyondTheEnd() {
    for (int offset : new int[] {3, 4, 900}) {
      ToolOutput output = TextPage.of("a\nb\nc\n", offset, 10);
      assertThat(output.failed()).isTrue();
      assertThat(output.text())
          .startsWith("Line offset " + offset + " exceeds file length (3 lines)");
    }
  }

  @Test
  void showsALongLineInPiecesThatCountOnce() {
    String text = "x".repeat(12_000) + "\nshort";
    String page = TextPage.of(text, 0, 2).text();
    assertThat(page.lines().map(l -> l.strip().split(" ", -1)[0]))
        .containsExactly("1", "1.1", "1.2", "2");
  }

  @Test
  void takesCrlfAndLoneCrAsLineEnds() {
    assertThat(TextPage.of("a\r\nb\rc", 0, 9).text()).isEqualTo("1  a\n2  b\n3  c");
  }

  @Test
  void endsAFullPageAtAWholeLineAndGoesOnThereWithoutALoss() {
    int lines = 2_500;
    String content =
        IntStream.range(0, lines)
            .mapToObj(i -> i + ":" + "y".repeat(200))
            .collect(Collectors.joining("\n"));
    Pattern rest = Pattern.compile("remaining from offset (\\d+)");
    List<String> read = new ArrayList<>();
    int offset = 0;
    while (true) {
      String page = TextPage.of(content, offset, 10_000).text();
      assertThat(page.length()).isLessThan(TextPage.PAGE_MAX + 500);
      page.lines()
          .filter(l -> !l.startsWith("["))
          .forEach(l -> read.add(l.strip().replaceFirst("^\\d+  ", "")));
      Matcher more = rest.matcher(page);
      if (!more.find()) {
        break;
      }
      offset = Integer.parseInt(more.group(1));
    }
    assertThat(String.join("\n", read)).isEqualTo(content);
  }

  @Test
  void advancesOverALineLongerThanAPage() {
    String page = TextPage.of("z".repeat(200_000) + "\nnext", 0, 10).text();
    assertThat(page).contains("remaining from offset 1.");
  }
}
