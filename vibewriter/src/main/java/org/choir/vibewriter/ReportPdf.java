package org.choir.vibewriter;

import com.openhtmltopdf.extend.FSSupplier;
import com.openhtmltopdf.outputdevice.helper.BaseRendererBuilder.FontStyle;
import com.openhtmltopdf.outputdevice.helper.ExternalResourceControlPriority;
import com.openhtmltopdf.pdfboxout.PdfRendererBuilder;
import com.openhtmltopdf.util.XRLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.choir.core.ChoirException;
import org.jsoup.Jsoup;
import org.jsoup.helper.W3CDom;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * A report as a PDF: the page of {@link ReportPage} on paper, every piece of evidence open, each
 * citation a link to it. Loads nothing from anywhere; its letters come along, so that it looks the
 * same on every machine.
 */
final class ReportPdf {
  private static final String STYLE =
      """
      @page{size:A4;margin:22mm 20mm 24mm;@bottom-center{content:counter(page) " / " counter(pages);font:8pt 'Liberation Sans';color:#5a5a62}}
      body{font:10.5pt/1.5 'Liberation Serif';color:#1b1b1f;margin:0;-fs-page-break-min-height:2cm}
      h1,h2,h3,h4{font-family:'Liberation Sans';line-height:1.25;margin:1.6em 0 .5em;page-break-after:avoid}h1{margin-top:0;font-size:19pt}h2{font-size:14pt}h3{font-size:12pt}
      a{color:#1b1b1f;text-decoration:none;word-wrap:break-word}
      a.cite{font:7.5pt 'Liberation Sans';color:#1f6f43;vertical-align:super}a.cite.partial{color:#96590a}
      table{border-collapse:collapse;-fs-table-paginate:paginate}th,td{border:0.5pt solid #b9b9b2;padding:2pt 5pt;text-align:left}
      pre{border:0.5pt solid #d9d9d2;padding:6pt;font-size:8.5pt;white-space:pre-wrap;word-wrap:break-word}code,pre code{font-family:'Liberation Mono';font-size:8.5pt}
      blockquote{margin:3pt 0;padding-left:9pt;border-left:2pt solid #d9d9d2;color:#5a5a62}
      .evidence{page-break-before:always}.claim{border-bottom:0.5pt solid #d9d9d2;padding:5pt 0}.claim p{margin:0;page-break-after:avoid}
      .verdict{font:8pt 'Liberation Sans';color:#1f6f43}.partial .verdict{color:#96590a}
      figure{margin:4pt 0 4pt 9pt}figcaption{font:8pt 'Liberation Sans';color:#5a5a62}
      """;

  static {
    XRLog.setLoggingEnabled(false); // it would write to this process's standard error
  }

  private ReportPdf() {}

  /**
   * @throws ChoirException {@code cannot_render}
   */
  static byte[] of(SubmittedReport report) {
    Document page = Jsoup.parse(report.html());
    page.select("style,meta[http-equiv],meta[name=viewport]").remove();
    page.head().appendElement("style").text(STYLE);
    page.select("html").attr("lang", "en");
    for (Element claim : page.select("details")) {
      claim.tagName("div").addClass("claim");
    }
    page.select("summary").tagName("p");
    page.select("a[href=\"\"]").unwrap();
    PdfRendererBuilder builder = new PdfRendererBuilder();
    builder.useExternalResourceAccessControl(
        (address, type) -> false, ExternalResourceControlPriority.RUN_BEFORE_RESOLVING_URI);
    builder.useExternalResourceAccessControl(
        (address, type) -> false, ExternalResourceControlPriority.RUN_AFTER_RESOLVING_URI);
    for (String family : new String[] {"Serif", "Sans", "Mono"}) {
      font(builder, family, "Regular", 400, FontStyle.NORMAL);
      font(builder, family, "Bold", 700, FontStyle.NORMAL);
      font(builder, family, "Italic", 400, FontStyle.ITALIC);
      font(builder, family, "BoldItalic", 700, FontStyle.ITALIC);
    }
    builder.withProducer("Choir");
    builder.withW3cDocument(new W3CDom().fromJsoup(page), "about:blank");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    builder.toStream(out);
    try {
      builder.run();
    } catch (IOException | RuntimeException e) {
      // The library reports what it cannot lay out with exceptions of many kinds.
      throw ChoirException.fatal(
          "cannot_render",
          "the report cannot be made a PDF: " + e.getMessage(),
          "export it as html and print that",
          e);
    }
    return out.toByteArray();
  }

  private static void font(
      PdfRendererBuilder builder, String family, String cut, int weight, FontStyle style) {
    FSSupplier<InputStream> letters =
        () ->
            Objects.requireNonNull(
                ReportPdf.class.getResourceAsStream(
                    "/liberation/Liberation" + family + "-" + cut + ".ttf"));
    builder.useFont(letters, "Liberation " + family, weight, style, true);
  }
}
