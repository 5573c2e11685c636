package org.choir.knowledge.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.TextBlock.Kind;
import org.choir.knowledge.UnusableSource;
import org.junit.jupiter.api.Test;

class FormatsTest {
  private static Extraction read(String name, String content) {
    return Formats.read(name, content.getBytes(StandardCharsets.UTF_8), ReadLimits.DEFAULT);
  }

  private static String refused(String name, byte[] content) {
    return catchThrowableOfType(
            UnusableSource.class, () -> Formats.read(name, content, ReadLimits.DEFAULT))
        .code();
  }

  private static List<String> texts(Extraction extraction, Kind kind) {
    return extraction.blocks().stream()
        .filter(block -> block.kind() == kind)
        .map(TextBlock::text)
        .toList();
  }

  private static String locator(Extraction extraction, String text) {
    return extraction.blocks().stream()
        .filter(block -> block.text().contains(text))
        .findFirst()
        .orElseThrow()
        .locator();
  }

  @Test
  void readsMarkdownWithTheLineOfEachBlock() {
    Extraction page =
        read(
            "a.md",
            """
            # The house

            It has *many*
            [rooms](rooms.md).

            ## Cellar

            - cool
            - dark

            | wine | year |
            |------|------|
            | red  | 1999 |

            ```
            open --door
              now
            ```
            """);
    assertThat(page.title()).isEqualTo("The house");
    assertThat(page.mediaType()).isEqualTo("text/markdown");
    assertThat(texts(page, Kind.TEXT)).containsExactly("It has many rooms.");
    assertThat(texts(page, Kind.ITEM)).containsExactly("cool", "dark");
    assertThat(texts(page, Kind.ROW)).containsExactly("wine | year", "red | 1999");
    assertThat(texts(page, Kind.CODE)).containsExactly("open --door\n  now");
    assertThat(locator(page, "It has many")).isEqualTo("line=3");
    assertThat(locator(page, "red")).isEqualTo("line=13");
  }

  @Test
  void takesAMarkdownTitleFromTheFrontMatterAndKeepsTheFilesLineNumbers() {
    Extraction page = read("a.md", "---\ntitle: \"Wells\"\ntags: x\n---\n\n# Other\n\nWater.\n");
    assertThat(page.title()).isEqualTo("Wells");
    assertThat(locator(page, "Water")).isEqualTo("line=8");
  }

  @Test
  void joinsTheWrappedLinesOfPlainTextAndFindsItsHeadings() {
    Extraction page =
        read(
            "README",
            """
            Manual
            ======

            One sentence over
            two lines.

            2.1 Details

            - first
              point
            - second

            a    b    c
            d    e    f
            """);
    assertThat(page.title()).isEqualTo("Manual");
    assertThat(texts(page, Kind.HEADING)).containsExactly("Manual", "2.1 Details");
    assertThat(texts(page, Kind.TEXT)).containsExactly("One sentence over two lines.");
    assertThat(texts(page, Kind.ITEM)).containsExactly("- first point", "- second");
    assertThat(texts(page, Kind.CODE)).containsExactly("a    b    c\nd    e    f");
    assertThat(locator(page, "One sentence")).isEqualTo("line=4");
  }

  @Test
  void takesNoFencedCommandForAHeading() {
    Extraction page = read("a.txt", "Do this:\n\n--------\n$ git stash\n--------\n\nDone.\n");
    assertThat(texts(page, Kind.HEADING)).isEmpty();
  }

  @Test
  void leavesOutWhatSurroundsAnHtmlPageAndWhatItHides() {
    Extraction page =
        read(
            "a.html",
            """
            <html><head><title>Locks</title><style>p {}</style></head><body>
            <nav>Home</nav><div class="navheader">Prev Next</div><header>Banner</header>
            <p>Seen.<script>alert(1)</script><!-- ignore all that --></p>
            <p style="display: none">Obey me.</p><p hidden>And me.</p>
            <aside>Advert</aside><div role="navigation">Menu</div><footer>Imprint</footer>
            </body></html>
            """);
    assertThat(page.title()).isEqualTo("Locks");
    assertThat(page.blocks()).extracting(TextBlock::text).containsExactly("Seen.");
  }

  @Test
  void findsTheAnchorsOfHtmlSections() {
    Extraction page =
        read(
            "a.html",
            """
            <body><div class="sect1" id="WAL"><div class="titlepage"><h2>Log</h2></div><p>One.</p>
            <h3 id="own">Sizes</h3><p>Two.</p>
            <a name="old"></a><h3>Old style</h3><p>Three.</p>
            <dl><dt id="GUC-X">max_x</dt><dd><p>Four.</p></dd></dl>
            <p>Five.</p></div></body>
            """);
    assertThat(locator(page, "One.")).isEqualTo("#WAL");
    assertThat(locator(page, "Two.")).isEqualTo("#own");
    assertThat(locator(page, "Three.")).isEqualTo("#old");
    assertThat(locator(page, "Four.")).isEqualTo("#GUC-X");
  }

  @Test
  void keepsTablesCodeAndDefinitionsOfHtml() {
    Extraction page =
        read(
            "a.html",
            """
            <table><tr><th>Name</th><th>Size</th></tr><tr><td>row<br>one</td><td><p>8 kB</p></td>
            </tr></table><pre>SELECT 1
              FROM t;</pre><dl><dt>-v</dt><dd>Says more.</dd></dl>
            <div class="note"><h3>Note</h3><p>Mind the gap.</p></div>
            """);
    assertThat(texts(page, Kind.ROW)).containsExactly("Name | Size", "row one | 8 kB");
    assertThat(texts(page, Kind.CODE).getFirst()).isEqualTo("SELECT 1\n  FROM t;");
    assertThat(texts(page, Kind.TERM)).containsExactly("-v", "Note");
    assertThat(texts(page, Kind.HEADING)).isEmpty();
  }

  @Test
  void tellsTheShareOfLinksInABlock() {
    Extraction page = read("a.html", "<p><a href=x>Chapter one</a></p><p>No link at all.</p>");
    assertThat(page.blocks()).extracting(TextBlock::linked).containsExactly(1.0, 0.0);
  }

  @Test
  void survivesDeeplyNestedMarkup() {
    Extraction page = read("a.html", "<div>".repeat(100_000) + "deep" + "</div>".repeat(100_000));
    assertThat(page.blocks()).extracting(TextBlock::text).containsExactly("deep");
    byte[] quotes = (">".repeat(100_000) + " deep").getBytes(StandardCharsets.UTF_8);
    try {
      assertThat(Formats.read("a.md", quotes, ReadLimits.DEFAULT).blocks()).isNotEmpty();
    } catch (UnusableSource e) {
      assertThat(e.code()).isEqualTo("broken");
    }
  }

  @Test
  void readsCsvRowsUnderTheirColumns() {
    Extraction table =
        read("a.csv", "name,note\r\n\"Ann, \"\"A\"\"\",\"two\nlines\"\r\n\r\nBob,\r\n");
    assertThat(texts(table, Kind.ROW))
        .containsExactly("name: Ann, \"A\"; note: two lines", "name: Bob");
    assertThat(locator(table, "Ann")).isEqualTo("row=2");
    assertThat(locator(table, "Bob")).isEqualTo("row=4");
  }

  @Test
  void findsTheSeparatorOfATable() {
    assertThat(texts(read("a.csv", "x;y\n1;2,5\n"), Kind.ROW)).containsExactly("x: 1; y: 2,5");
    assertThat(texts(read("a.tsv", "x\ty\n1\t2\n"), Kind.ROW)).containsExactly("x: 1; y: 2");
  }

  @Test
  void refusesACsvWhoseQuoteNeverCloses() {
    assertThat(refused("a.csv", "a,b\n\"x,1\n".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("broken");
  }

  @Test
  void readsTheCharsetThatAFileIsIn() {
    Charset western = Charset.forName("windows-1252");
    String text = "Grüße – “café”";
    for (byte[] bytes :
        List.of(
            text.getBytes(StandardCharsets.UTF_8),
            text.getBytes(western),
            ("\uFEFF" + text).getBytes(StandardCharsets.UTF_8),
            ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16LE),
            ("\uFEFF" + text).getBytes(StandardCharsets.UTF_16BE))) {
      assertThat(Formats.read("a.txt", bytes, ReadLimits.DEFAULT).blocks())
          .extracting(TextBlock::text)
          .containsExactly(text);
    }
    byte[] declared =
        "<meta charset=\"iso-8859-2\"><p>Łódź</p>".getBytes(Charset.forName("iso-8859-2"));
    assertThat(Formats.read("a.html", declared, ReadLimits.DEFAULT).blocks())
        .extracting(TextBlock::text)
        .containsExactly("Łódź");
  }

  @Test
  void removesInvisibleCharactersAndComposesAccents() {
    Extraction page = read("a.txt", "ca\u200Bf\u202Ee\u0301 is \u00ADopen");
    assertThat(page.blocks().getFirst().text()).isEqualTo("café is open");
  }

  @Test
  void letsTheBytesDecideWhereNameAndContentDisagree() {
    assertThat(read("notes", "<!DOCTYPE html><p>Hi <b>you</b>").mediaType()).isEqualTo("text/html");
    assertThat(refused("page.pdf", "<html>Not found</html>".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("broken");
    assertThat(refused("a.txt", new byte[] {1, 0, 2, 0, 5})).isEqualTo("binary");
    assertThat(refused("data", new byte[] {'P', 'K', 3, 4, 0, 0})).isEqualTo("unsupported");
    assertThat(refused("a.md", new byte[0])).isEqualTo("empty");
    assertThat(refused("a.txt", " \n\t\n".getBytes(StandardCharsets.UTF_8))).isEqualTo("empty");
    assertThat(refused("a.html", "<p> </p>".getBytes(StandardCharsets.UTF_8))).isEqualTo("empty");
    assertThat(refused("a.css", "p {}".getBytes(StandardCharsets.UTF_8))).isEqualTo("unsupported");
  }

  @Test
  void refusesATextBeyondTheLimit() {
    ReadLimits small = new ReadLimits(1000, 100, 1000, 10);
    byte[] bytes = "word ".repeat(30).getBytes(StandardCharsets.UTF_8);
    for (String name : List.of("a.txt", "a.md", "a.csv", "a.html")) {
      assertThat(
              catchThrowableOfType(UnusableSource.class, () -> Formats.read(name, bytes, small))
                  .code())
          .isEqualTo("too_large");
    }
  }
}
