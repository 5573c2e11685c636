package org.choir.vibewriter;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.Image;
import org.commonmark.node.IndentedCodeBlock;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.NodeRenderer;
import org.commonmark.renderer.html.DefaultUrlSanitizer;
import org.commonmark.renderer.html.HtmlNodeRendererContext;
import org.commonmark.renderer.html.HtmlRenderer;
import org.commonmark.renderer.html.HtmlWriter;

/**
 * A report as one HTML file: no scripts, nothing loaded from elsewhere, raw HTML of drafts and
 * sources shown as text. Each citation links to the quoted passage and carries it as a tooltip.
 */
final class ReportPage {
  private static final List<Extension> EXTENSIONS = List.of(TablesExtension.create());
  private static final Pattern NUMBER = Pattern.compile("\\[(\\d{1,5})]");

  /**
   * What follows a claim: after a code block its closing fence, a mark of partial support, numbers.
   */
  private static final Pattern NUMBERS =
      Pattern.compile(
          "(?:\\n[^\\n]*`{3,}\\n[^\\n]*\\n[^\\n]*From the source:)?(?: \\*\\(partly supported\\)\\*)?(?: \\[\\d{1,5}])+");

  /** Private-use characters stand for citations while the text is parsed; the text has none. */
  private static final char OPEN = '\uE000';

  private static final char CLOSE = '\uE001';
  private static final Pattern MARK = Pattern.compile(OPEN + "(\\d+)" + CLOSE);

  private static final Pattern SAFE_LINK = Pattern.compile("(?:file|https?):[^\\s]+");

  private final SubmittedReport report;
  private final List<ReportCitation> citations;

  /** The citations of the text in the order in which {@link #marked} met them. */
  private final Map<Integer, ReportCitation> marks = new HashMap<>();

  private ReportPage(SubmittedReport report) {
    this.report = report;
    this.citations = report.citations();
  }

  static String of(SubmittedReport report) {
    return new ReportPage(report).page();
  }

  private String page() {
    Node document = Parser.builder().extensions(EXTENSIONS).build().parse(marked());
    String body =
        HtmlRenderer.builder()
            .extensions(EXTENSIONS)
            .escapeHtml(true)
            .sanitizeUrls(true)
            // Links to the reader's own files are the point of a source list.
            .urlSanitizer(new DefaultUrlSanitizer(Set.of("http", "https", "mailto", "file")))
            .nodeRendererFactory(Citations::new)
            .attributeProviderFactory(
                context ->
                    (node, tag, attributes) ->
                        attributes.computeIfPresent("href", (name, href) -> openable(href)))
            .build()
            .render(document);
    StringBuilder out = new StringBuilder();
    out.append("<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n")
        .append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';")
        .append(" style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>")
        .append(escaped(report.question()))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n</head>\n<body>\n<main>\n")
        .append(body)
        .append("</main>\n");
    evidence(out);
    return out.append("</body>\n</html>\n").toString();
  }

  /** The report with a mark in the place of each citation number that follows a claim. */
  private String marked() {
    String text = plain(report.markdown());
    StringBuilder out = new StringBuilder();
    int at = 0;
    for (ReportClaim claim : report.claims()) {
      Matcher numbers = NUMBERS.matcher(text).region(claim.end(), text.length());
      if (claim.end() < at || !numbers.lookingAt()) {
        continue;
      }
      out.append(text, at, claim.end());
      out.append(
          NUMBER
              .matcher(numbers.group())
              .replaceAll(n -> Matcher.quoteReplacement(mark(claim, n.group(1)))));
      at = numbers.end();
    }
    return out.append(text, at, text.length()).toString();
  }

  private String mark(ReportClaim claim, String number) {
    for (ReportCitation citation : citations) {
      if (citation.claim().equals(claim.id())
          && Integer.toString(citation.number()).equals(number)) {
        int index = marks.size();
        marks.put(index, citation);
        return OPEN + Integer.toString(index) + CLOSE;
      }
    }
    return "[" + number + "]";
  }

  private static String plain(String text) {
    return text.replace(OPEN, '\uFFFD').replace(CLOSE, '\uFFFD');
  }

  private void evidence(StringBuilder out) {
    if (report.claims().isEmpty()) {
      return;
    }
    out.append("<section class=\"evidence\">\n<h2>Evidence</h2>\n<p>Every claim of the report")
        .append(" with the words of its source.</p>\n");
    for (ReportClaim claim : report.claims()) {
      out.append("<details class=\"")
          .append(verdictClass(claim.verdict()))
          .append("\"><summary>")
          .append(escaped(claim.text()))
          .append(" <span class=\"verdict\">")
          .append(escaped(claim.verdict()))
          .append("</span></summary>\n");
      citations.stream().filter(c -> c.claim().equals(claim.id())).forEach(c -> passage(out, c));
      out.append("</details>\n");
    }
    out.append("</section>\n");
  }

  private static void passage(StringBuilder out, ReportCitation citation) {
    String place =
        citation.locator().isEmpty()
            ? citation.title()
            : citation.title() + ", " + citation.locator();
    out.append("<figure id=\"")
        .append(anchor(citation))
        .append("\"><blockquote>")
        .append(escaped(citation.quote()))
        .append("</blockquote><figcaption>[")
        .append(citation.number())
        .append("] ")
        .append(linked(citation.link(), place))
        .append("</figcaption></figure>\n");
  }

  private static String linked(String link, String words) {
    String address = address(link);
    return address.isEmpty()
        ? escaped(words)
        : "<a href=\"" + escaped(address) + "\">" + escaped(words) + "</a>";
  }

  /** A link as a browser opens it; empty for one that is neither of the web nor of a file. */
  static String address(String link) {
    String address = openable(link);
    return SAFE_LINK.matcher(address).matches() ? address : "";
  }

  /** A path with a line number, as editors take it, becomes an address that a browser takes. */
  private static String openable(String link) {
    return link.startsWith("/") && !link.startsWith("//")
        ? "file://" + link.replaceFirst(":\\d+$", "")
        : link;
  }

  private static String anchor(ReportCitation citation) {
    return "e-" + citation.claim().replaceAll("[^a-z0-9]", "") + "-" + citation.number();
  }

  private static String verdictClass(String verdict) {
    return verdict.equals("supported") ? "supported" : "partial";
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** Writes citation marks as links, inside code as the numbers they were, and no images. */
  private final class Citations implements NodeRenderer {
    private final HtmlWriter html;

    Citations(HtmlNodeRendererContext context) {
      this.html = context.getWriter();
    }

    @Override
    public Set<Class<? extends Node>> getNodeTypes() {
      return Set.of(
          Text.class, Code.class, FencedCodeBlock.class, IndentedCodeBlock.class, Image.class);
    }

    @Override
    public void render(Node node) {
      switch (node) {
        case Text text -> words(text.getLiteral());
        case Code code -> {
          html.tag("code");
          html.text(numbers(code.getLiteral()));
          html.tag("/code");
        }
        case FencedCodeBlock code -> block(code.getLiteral());
        case IndentedCodeBlock code -> block(code.getLiteral());
        default -> node.accept(new AltText());
      }
    }

    private void block(String literal) {
      html.line();
      html.tag("pre");
      html.tag("code");
      html.text(numbers(literal));
      html.tag("/code");
      html.tag("/pre");
      html.line();
    }

    private void words(String literal) {
      Matcher found = MARK.matcher(literal);
      int at = 0;
      while (found.find()) {
        html.text(literal.substring(at, found.start()));
        link(citation(found));
        at = found.end();
      }
      html.text(literal.substring(at));
    }

    private void link(ReportCitation citation) {
      html.tag(
          "a",
          Map.of(
              "class", "cite " + verdictClass(citation.verdict()),
              "href", "#" + anchor(citation),
              "title", "“" + citation.quote() + "” — " + citation.title()));
      html.text("[" + citation.number() + "]");
      html.tag("/a");
    }

    private String numbers(String literal) {
      return MARK.matcher(literal).replaceAll(m -> "[" + citation(m).number() + "]");
    }

    private ReportCitation citation(MatchResult found) {
      return Objects.requireNonNull(marks.get(Integer.valueOf(found.group(1))));
    }

    private final class AltText extends AbstractVisitor {
      @Override
      public void visit(Text text) {
        words(text.getLiteral());
      }
    }
  }

  private static final String STYLE =
      """
      :root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fdfdfb;--soft:#5a5a62;--line:#d9d9d2;--ok:#1f6f43;--part:#96590a}
      @media (prefers-color-scheme:dark){:root{--ink:#e6e6e3;--paper:#18191b;--soft:#a5a5ad;--line:#3a3b40;--ok:#7fcf9f;--part:#e8b46a}}
      body{margin:0 auto;max-width:44rem;padding:2rem 1.25rem 4rem;font:1.0625rem/1.6 Georgia,"Times New Roman",serif;color:var(--ink);background:var(--paper)}
      h1,h2,h3,h4{font-family:system-ui,sans-serif;line-height:1.25;margin:2em 0 .6em}h1{margin-top:0;font-size:1.8rem}h2{font-size:1.3rem}
      a{color:inherit;text-decoration-color:var(--soft);overflow-wrap:anywhere}
      a.cite{font:.78em/1 system-ui,sans-serif;text-decoration:none;vertical-align:.25em;color:var(--ok)}a.cite.partial{color:var(--part)}
      a:focus-visible,summary:focus-visible{outline:2px solid var(--ok);outline-offset:2px}
      table{border-collapse:collapse;display:block;overflow-x:auto}th,td{border:1px solid var(--line);padding:.3em .6em;text-align:left}
      pre{overflow-x:auto;border:1px solid var(--line);padding:.8em;font-size:.875em}code{font-size:.9em}
      blockquote{margin:.4em 0;padding-left:1em;border-left:3px solid var(--line);color:var(--soft)}
      .evidence{border-top:1px solid var(--line);margin-top:3rem}
      details{border-bottom:1px solid var(--line);padding:.4em 0}summary{cursor:pointer}
      .verdict{font:.8em system-ui,sans-serif;color:var(--ok);white-space:nowrap}.partial .verdict{color:var(--part)}
      figure{margin:.6em 0 .6em 1em}figure:target{background:color-mix(in srgb,var(--ok) 12%,transparent)}figcaption{font:.85em system-ui,sans-serif;color:var(--soft)}
      @media print{body{max-width:none;padding:0;font-size:10.5pt;color:#000;background:#fff}a{text-decoration:none}details::details-content{content-visibility:visible;block-size:auto}h2,h3,figure{break-inside:avoid;break-after:avoid}}
      """;
}
