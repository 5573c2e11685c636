package org.choir.knowledge;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses that open a source at the words that were quoted. */
final class SourceLinks {
  /** Words on each side of a longer quote; enough to be found, few enough to stay in one line. */
  private static final int EDGE_WORDS = 6;

  private static final Pattern LOCATOR = Pattern.compile("(page|line|row)=(\\d+)");
  private static final String UNRESERVED = "-._~";

  private SourceLinks() {}

  /**
   * The address: {@code file:///x.html#anchor:~:text=...} (HTML), {@code #page=N} (PDF), {@code
   * path:line} (text), else the file itself.
   */
  static String link(Quote quote) {
    String location = quote.location();
    boolean web = location.startsWith("http://") || location.startsWith("https://");
    String base = web ? webBase(location) : "file://" + encoded(location, UNRESERVED + "/");
    Matcher locator = LOCATOR.matcher(quote.locator());
    if (locator.matches() && (!web || locator.group(1).equals("page"))) {
      return locator.group(1).equals("page")
          ? base + "#page=" + locator.group(2)
          : encoded(location, UNRESERVED + "/") + ":" + locator.group(2);
    }
    String name = location.toLowerCase(Locale.ROOT);
    boolean html =
        web || name.endsWith(".html") || name.endsWith(".htm") || name.endsWith(".xhtml");
    String anchor = quote.locator().startsWith("#") ? quote.locator().substring(1) : "";
    if (html) {
      return base + "#" + encoded(anchor, UNRESERVED) + ":~:text=" + fragment(quote.text());
    }
    boolean text = name.endsWith(".txt") || name.endsWith(".md") || name.endsWith(".markdown");
    return text ? encoded(location, UNRESERVED + "/") : base;
  }

  /** For people: {@code page 12}, {@code line 40}, {@code #anchor}. */
  static String spoken(String locator) {
    return locator.replaceFirst("^(page|line|row)=", "$1 ");
  }

  private static String webBase(String location) {
    int hash = location.indexOf('#');
    return encoded(
        hash < 0 ? location : location.substring(0, hash), UNRESERVED + "/:?&=%+,;@!$*'");
  }

  /** A text directive (WICG scroll-to-text-fragment): its own signs {@code - , &} are encoded. */
  private static String fragment(String quote) {
    String[] lines = quote.strip().split("\\s*\\R\\s*", -1);
    String[] first = lines[0].strip().split("\\s+", -1);
    String[] last = lines[lines.length - 1].strip().split("\\s+", -1);
    if (lines.length == 1 && first.length <= 2 * EDGE_WORDS) {
      return encoded(String.join(" ", first), "._~");
    }
    String start = join(first, 0, Math.min(EDGE_WORDS, first.length));
    String end = join(last, Math.max(0, last.length - EDGE_WORDS), last.length);
    return encoded(start, "._~") + "," + encoded(end, "._~");
  }

  private static String join(String[] words, int from, int to) {
    return String.join(" ", Arrays.copyOfRange(words, from, to));
  }

  private static String encoded(String text, String kept) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || kept.indexOf(c) >= 0);
      if (plain) {
        out.append(c);
      } else {
        out.append('%').append(Character.toUpperCase(Character.forDigit(c >> 4, 16)));
        out.append(Character.toUpperCase(Character.forDigit(c & 15, 16)));
      }
    }
    return out.toString();
  }
}
