package org.choir.knowledge.web;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Text;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;

/**
 * What a page says about itself: not its text, but who wrote it, when, and whether it can be read
 * at all. The page's own word, so it is only ever shown or compared, never trusted.
 *
 * @param author empty if it names none
 * @param published as the page writes it, ISO 8601 as a rule; empty if it says nothing
 */
public record PageFacts(String author, String published, Access access) {

  /** What stands at an address that answered. */
  public enum Access {
    /** A page that can be read. */
    READABLE,
    /** It says that there is no such page, with a status that says there is. */
    ABSENT,
    /** A part at most; the rest is for those who pay or register. */
    PAYWALLED
  }

  private static final int VALUE_MAX = 120;

  /** A page of more words than this is not an error page, whatever it says in between. */
  private static final int ERROR_PAGE_WORDS = 220;

  private static final int TEASER_WORDS = 420;

  private static final Pattern ABSENT =
      Pattern.compile(
          "\\b404\\b|\\bnot found\\b|page (?:you (?:requested|are looking for|were looking for)|does"
              + " not exist|doesn.t exist|cannot be found|can.t be found|could not be found|no longer"
              + " exists|has been removed)|no longer available|nothing (?:was )?found|seite nicht"
              + " gefunden|page introuvable|p[aá]gina no encontrada");

  private static final Pattern PAYWALL =
      Pattern.compile(
          "subscribe (?:now )?to (?:continue|read|keep reading|unlock)|to (?:continue|keep) reading"
              + "|(?:for|only for|exclusive to) subscribers|subscribers only|already a subscriber"
              + "|(?:log|sign) in to (?:continue|read)|register to (?:continue|read)|this (?:article"
              + "|content) is (?:reserved for|available to) (?:subscribers|members)|start your (?:free"
              + " )?trial");

  private static final Pattern NOT_FREE =
      Pattern.compile("\"isAccessibleForFree\"\\s*:\\s*\"?(?:false|False)\"?");

  private static final Pattern LD_AUTHOR =
      Pattern.compile(
          "\"author\"\\s*:\\s*(?:\\[\\s*)?\\{[^{}]*?\"name\"\\s*:\\s*\"([^\"]{2,100})\"");
  private static final Pattern LD_DATE =
      Pattern.compile("\"datePublished\"\\s*:\\s*\"([^\"]{4,40})\"");

  /** Reads an HTML page's facts. */
  public static PageFacts ofHtml(byte[] html) {
    Document page;
    try {
      page = Jsoup.parse(new ByteArrayInputStream(html), null, "");
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory cannot fail", e);
    }
    StringBuilder data = new StringBuilder();
    page.select("script[type=application/ld+json]")
        .forEach(s -> data.append(s.data()).append('\n'));
    String author =
        first(
            page,
            List.of(
                "meta[name=author]",
                "meta[property=article:author]",
                "meta[name=citation_author]",
                "meta[name=dc.creator]"));
    String published =
        first(
            page,
            List.of(
                "meta[property=article:published_time]",
                "meta[name=citation_publication_date]",
                "meta[name=date]",
                "meta[name=dc.date]",
                "meta[itemprop=datePublished]"));
    Element time = page.selectFirst("article time[datetime], time[pubdate]");
    if (published.isEmpty() && time != null) {
      published = time.attr("datetime");
    }
    if (author.isEmpty()) {
      author = found(LD_AUTHOR, data);
    }
    if (author.startsWith("http")) {
      author = "";
    }
    if (published.isEmpty()) {
      published = found(LD_DATE, data);
    }
    return new PageFacts(
        Text.visible(author.strip(), VALUE_MAX),
        Text.visible(published.strip(), VALUE_MAX),
        access(page, data));
  }

  private static Access access(Document page, CharSequence data) {
    Element body = page.body();
    String text = body == null ? "" : body.text().toLowerCase(Locale.ROOT);
    int words = text.isBlank() ? 0 : text.split("\\s+", -1).length;
    Element heading = page.selectFirst("h1");
    String head =
        (page.title() + " " + (heading == null ? "" : heading.text())).toLowerCase(Locale.ROOT);
    boolean error = ABSENT.matcher(head).find() || (words < 60 && ABSENT.matcher(text).find());
    if (error && words < ERROR_PAGE_WORDS) {
      return Access.ABSENT;
    }
    boolean wall =
        NOT_FREE.matcher(data).find() || !page.select("[class*=paywall], [id*=paywall]").isEmpty();
    return words < TEASER_WORDS && (wall || PAYWALL.matcher(text).find())
        ? Access.PAYWALLED
        : Access.READABLE;
  }

  private static String first(Document page, List<String> selectors) {
    for (String selector : selectors) {
      Element element = page.selectFirst(selector);
      if (element != null && !element.attr("content").isBlank()) {
        return element.attr("content");
      }
    }
    return "";
  }

  private static String found(Pattern pattern, CharSequence data) {
    Matcher matcher = pattern.matcher(data);
    return matcher.find() ? matcher.group(1) : "";
  }
}
