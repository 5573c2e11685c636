package org.choir.knowledge.formats;

import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.UnusableSource;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.parser.ParseSettings;
import org.jsoup.parser.Parser;
import org.jsoup.select.NodeTraversor;

/** HTML and XHTML pages: what a reader of the page sees, without what surrounds every page. */
final class HtmlReader implements FormatReader {
  private final boolean xml;

  private HtmlReader(boolean xml) {
    this.xml = xml;
  }

  static HtmlReader html() {
    return new HtmlReader(false);
  }

  /** For well-formed XHTML, whose self-closing tags an HTML parser misreads. */
  static HtmlReader xhtml() {
    return new HtmlReader(true);
  }

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    String markup = Decoding.markup(file);
    limits.checkText(markup.length() / 4L);
    Document page =
        Jsoup.parse(
            markup,
            "",
            xml ? Parser.xmlParser().settings(ParseSettings.htmlDefault) : Parser.htmlParser());
    Element root = page.selectFirst("body");
    HtmlWalk walk = new HtmlWalk(limits);
    NodeTraversor.filter(walk, root == null ? page : root);
    walk.finish();
    if (walk.blocks().isEmpty()) {
      throw new UnusableSource("empty", "the page shows no text");
    }
    return new Extraction(xml ? "application/xhtml+xml" : "text/html", title(page), walk.blocks());
  }

  private static String title(Document page) {
    for (String where : new String[] {"head > title", "h1", "h2"}) {
      Element element = page.selectFirst(where);
      String title = element == null ? "" : Clean.line(element.text());
      if (!title.isEmpty()) {
        return title;
      }
    }
    return "";
  }
}
