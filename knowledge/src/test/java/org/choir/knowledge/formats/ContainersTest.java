package org.choir.knowledge.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDDocumentInformation;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.encryption.AccessPermission;
import org.apache.pdfbox.pdmodel.encryption.StandardProtectionPolicy;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.TextBlock.Kind;
import org.choir.knowledge.UnusableSource;
import org.junit.jupiter.api.Test;

class ContainersTest {
  private static final String WORD =
      "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";

  private static UnusableSource refused(String name, byte[] content) {
    return catchThrowableOfType(
        UnusableSource.class, () -> Formats.read(name, content, ReadLimits.DEFAULT));
  }

  private static byte[] zip(Map<String, String> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  /** A PDF with these lines on its pages. */
  static byte[] pdf(String title, String password, List<List<String>> pages) throws IOException {
    try (PDDocument document = new PDDocument()) {
      for (List<String> lines : pages) {
        PDPage page = new PDPage();
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          content.beginText();
          content.setFont(new PDType1Font(Standard14Fonts.FontName.HELVETICA), 11);
          content.setLeading(14);
          content.newLineAtOffset(70, 700);
          for (String line : lines) {
            content.showText(line);
            content.newLine();
          }
          content.endText();
        }
      }
      PDDocumentInformation information = new PDDocumentInformation();
      information.setTitle(title);
      document.setDocumentInformation(information);
      if (!password.isEmpty()) {
        document.protect(new StandardProtectionPolicy(password, password, new AccessPermission()));
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      document.save(bytes);
      return bytes.toByteArray();
    }
  }

  @Test
  void readsAPdfPageByPageAndJoinsDividedWords() throws IOException {
    byte[] file =
        pdf(
            "On bridges",
            "",
            List.of(
                List.of(
                    "A bridge carries a road over a river, and it must be care-",
                    "fully built to last for many years."),
                List.of("The second page speaks of tunnels.")));
    Extraction read = Formats.read("b.pdf", file, ReadLimits.DEFAULT);
    assertThat(read.title()).isEqualTo("On bridges");
    List<TextBlock> text = read.blocks().stream().filter(b -> b.kind() == Kind.TEXT).toList();
    assertThat(text.getFirst().text())
        .isEqualTo(
            "A bridge carries a road over a river, and it must be carefully built to last for many"
                + " years.");
    assertThat(text.getFirst().locator()).isEqualTo("page=1");
    assertThat(text.getLast().locator()).isEqualTo("page=2");
  }

  @Test
  void dropsTheRunningHeadsAndNumbersOfPdfPages() throws IOException {
    List<List<String>> pages = new java.util.ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      pages.add(
          List.of(
              "Annual report " + i,
              "Page body number " + "xyzabc".charAt(i - 1) + " is here.",
              String.valueOf(i)));
    }
    Extraction read = Formats.read("b.pdf", pdf("", "", pages), ReadLimits.DEFAULT);
    assertThat(read.blocks())
        .filteredOn(block -> block.kind() == Kind.TEXT)
        .extracting(TextBlock::text)
        .hasSize(6)
        .allMatch(text -> text.startsWith("Page body number"));
  }

  @Test
  void namesWhyAPdfCannotBeUsed() throws IOException {
    byte[] scan = pdf("Scan", "", List.of(List.of(""), List.of("")));
    assertThat(refused("scan.pdf", scan).code()).isEqualTo("no_text");
    byte[] locked = pdf("Secret", "s3cret", List.of(List.of("Hidden words are here.")));
    UnusableSource secret = refused("locked.pdf", locked);
    assertThat(secret.code()).isEqualTo("unreadable");
    assertThat(secret).hasMessageContaining("password");
    byte[] cut = Arrays.copyOf(locked, 300);
    assertThat(refused("cut.pdf", cut).code()).isEqualTo("broken");
  }

  @Test
  void readsHeadingsListsAndTablesOfAWordDocument() throws IOException {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put(
        "word/styles.xml",
        "<w:styles "
            + WORD
            + "><w:style w:styleId=\"berschrift1\"><w:name w:val=\"heading 1\"/></w:style>"
            + "<w:style w:styleId=\"T\"><w:name w:val=\"Title\"/></w:style></w:styles>");
    parts.put(
        "word/document.xml",
        "<w:document "
            + WORD
            + "><w:body>"
            + "<w:p><w:pPr><w:pStyle w:val=\"T\"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>"
            + "<w:p><w:pPr><w:pStyle w:val=\"berschrift1\"/></w:pPr><w:r><w:t>Aims</w:t></w:r></w:p>"
            + "<w:p><w:r><w:t>We want </w:t></w:r><w:del><w:r><w:delText>less</w:delText></w:r>"
            + "</w:del><w:r><w:t>more.</w:t></w:r></w:p>"
            + "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>May</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>"
            + "<w:t>10</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>");
    Extraction read = Formats.read("plan.docx", zip(parts), ReadLimits.DEFAULT);
    assertThat(read.title()).isEqualTo("Plan");
    assertThat(read.blocks())
        .extracting(block -> block.kind() + " " + block.text())
        .containsExactly("HEADING Plan", "HEADING Aims", "TEXT We want more.", "ROW May | 10");
  }

  @Test
  void refusesEntitiesAndDeepNestingInXml() throws IOException {
    String entity =
        "<?xml version=\"1.0\"?><!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
            + "<w:document "
            + WORD
            + "><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:document>";
    assertThat(refused("a.docx", zip(Map.of("word/document.xml", entity))).code())
        .isEqualTo("broken");
    String deep = "<a>".repeat(5000) + "</a>".repeat(5000);
    assertThat(refused("a.docx", zip(Map.of("word/document.xml", deep))).code())
        .isEqualTo("broken");
    assertThat(refused("a.docx", zip(Map.of("other.xml", "<a/>"))).code()).isEqualTo("broken");
  }

  @Test
  void refusesAContainerThatUnpacksToTooMuch() throws IOException {
    byte[] bomb = zip(Map.of("word/media/big", " ".repeat(3_000_000)));
    ReadLimits limits = new ReadLimits(1 << 20, 1 << 20, 1 << 20, 10);
    assertThat(bomb.length).isLessThan(10_000);
    assertThat(
            catchThrowableOfType(UnusableSource.class, () -> Formats.read("a.docx", bomb, limits))
                .code())
        .isEqualTo("too_large");
    byte[] whole = zip(Map.of("word/document.xml", "<a>" + "text ".repeat(1000) + "</a>"));
    assertThat(refused("a.docx", Arrays.copyOf(whole, 60)).code()).isEqualTo("broken");
  }

  private static Map<String, String> book() {
    Map<String, String> parts = new LinkedHashMap<>();
    parts.put("mimetype", "application/epub+zip");
    parts.put(
        "META-INF/container.xml",
        "<container><rootfiles><rootfile full-path=\"OEBPS/book.opf\"/></rootfiles></container>");
    parts.put(
        "OEBPS/book.opf",
        "<package xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><metadata><dc:title>Sea</dc:title>"
            + "</metadata><manifest><item id=\"n\" href=\"nav.xhtml\" properties=\"nav\""
            + " media-type=\"application/xhtml+xml\"/><item id=\"two\" href=\"c%202.xhtml\""
            + " media-type=\"application/xhtml+xml\"/><item id=\"one\" href=\"c1.xhtml\""
            + " media-type=\"application/xhtml+xml\"/></manifest><spine><itemref idref=\"one\"/>"
            + "<itemref idref=\"two\"/></spine></package>");
    parts.put("OEBPS/nav.xhtml", "<html><body><p>Contents</p></body></html>");
    parts.put(
        "OEBPS/c1.xhtml",
        "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/></head>"
            + "<body><h1 id=\"tide\">Tides</h1><p>The moon.</p></body></html>");
    parts.put(
        "OEBPS/c 2.xhtml",
        "<html><head><title>Salt</title></head><body><p>Of rivers.</p></body></html>");
    return parts;
  }

  @Test
  void readsTheChaptersOfABookInTheirOrder() throws IOException {
    Extraction read = Formats.read("sea.epub", zip(book()), ReadLimits.DEFAULT);
    assertThat(read.title()).isEqualTo("Sea");
    assertThat(read.blocks())
        .extracting(block -> block.text() + " @ " + block.locator())
        .containsExactly(
            "Tides @ c1.xhtml#tide",
            "The moon. @ c1.xhtml#tide",
            "Salt @ c 2.xhtml",
            "Of rivers. @ c 2.xhtml");
  }

  @Test
  void refusesABookThatLacksAChapterOrIsLocked() throws IOException {
    Map<String, String> torn = book();
    torn.remove("OEBPS/c1.xhtml");
    assertThat(refused("sea.epub", zip(torn)).code()).isEqualTo("broken");
    Map<String, String> locked = book();
    locked.put("META-INF/rights.xml", "<rights/>");
    assertThat(refused("sea.epub", zip(locked)).code()).isEqualTo("unreadable");
  }
}
