package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.interactive.action.PDActionURI;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotation;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationLink;
import org.apache.pdfbox.text.PDFTextStripper;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;

/** What a reader takes away: the PDF, read back, and the entries for reference managers. */
class ReportExportTest {
  private static SubmittedReport withSource(String title, String link) {
    SubmittedReport old = ReportPageTest.report();
    String markdown =
        old.markdown().replace("[1]: <file:///docs/log.html#order>", "[1]: <" + link + ">");
    ObjectNode record = old.record();
    record.putObject("report").put("sha256", org.choir.core.Digest.of(markdown).hex());
    ((ObjectNode) record.path("claims").get(0).path("evidence").get(0)).put("title", title);
    ArrayNode sources = (ArrayNode) record.path("sources");
    ((ObjectNode) sources.get(0)).put("sha256", "a".repeat(64));
    return new SubmittedReport(
        markdown.getBytes(StandardCharsets.UTF_8),
        Json.write(record).getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void thePdfHoldsTheReportAndTheWordsOfItsSources() throws IOException {
    try (PDDocument pdf = Loader.loadPDF(ReportPageTest.report().pdf())) {
      PDFTextStripper reader = new PDFTextStripper();
      reader.setSortByPosition(true);
      String text = reader.getText(pdf).replaceAll("\\s+", " ");
      assertThat(text)
          .contains("Why <script>alert(1)</script>?")
          .contains("log is written first, in a[1] too. [1]")
          .contains("The log \"is\" written <first>")
          .contains("Commits may wait")
          .contains("2 / 2");
      assertThat(pdf.getDocumentInformation().getTitle()).isEqualTo("Why <b>?");
    }
  }

  @Test
  void thePdfOpensSourcesRunsNothingAndBringsItsLetters() throws IOException {
    try (PDDocument pdf = Loader.loadPDF(ReportPageTest.report().pdf())) {
      List<String> opened = new ArrayList<>();
      int jumps = 0;
      for (PDPage page : pdf.getPages()) {
        for (PDAnnotation annotation : page.getAnnotations()) {
          PDAnnotationLink link = (PDAnnotationLink) annotation;
          if (link.getAction() instanceof PDActionURI address) {
            opened.add(address.getURI());
          } else {
            jumps++;
          }
        }
        for (COSName name : page.getResources().getFontNames()) {
          PDFont font = page.getResources().getFont(name);
          assertThat(font.isEmbedded()).as(font.getName()).isTrue();
        }
        assertThat(page.getResources().getXObjectNames()).isEmpty();
      }
      assertThat(opened).contains("file:///docs/log.html#order", "file:///docs/commit.md");
      assertThat(opened).allMatch(address -> address.startsWith("file:"));
      assertThat(jumps).as("citations that lead to their evidence").isEqualTo(2);
      assertThat(pdf.getDocumentCatalog().getOpenAction()).isNull();
      assertThat(pdf.getDocumentCatalog().getNames()).isNull();
    }
  }

  @Test
  void aReferenceManagerGetsEachCitedSourceOnce() {
    JsonNode items = Json.parse(withSource("The log", "https://log.example/order").csl());
    assertThat(items).hasSize(2);
    assertThat(items.get(0).path("type").asText()).isEqualTo("webpage");
    assertThat(items.get(0).path("title").asText()).isEqualTo("The log");
    assertThat(items.get(0).path("URL").asText()).isEqualTo("https://log.example/order");
    assertThat(items.get(0).path("citation-number").asInt()).isEqualTo(1);
    assertThat(items.get(0).path("note").asText()).contains("a".repeat(64));
    assertThat(items.get(1).path("type").asText()).isEqualTo("document");
    assertThat(items.get(1).path("title").asText()).isEqualTo("Commit");
  }

  @Test
  void aTitleCannotForgeARisRecord() {
    String ris = withSource("The log\r\nER  - \r\nTY  - BOOK\u2028", "https://log.example/").ris();
    assertThat(ris.split("\r\n"))
        .containsSubsequence(
            "TY  - ELEC",
            "TI  - The log ER  -  TY  - BOOK",
            "UR  - https://log.example/",
            "ER  - ");
    assertThat(ris).doesNotContain("javascript:");
    assertThat(ris.lines().filter(line -> line.startsWith("TY  - "))).hasSize(2);
    assertThat(ris.lines().filter(line -> line.startsWith("ER  - "))).hasSize(2);
  }
}
