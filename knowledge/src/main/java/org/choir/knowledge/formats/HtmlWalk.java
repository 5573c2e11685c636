package org.choir.knowledge.formats;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.TextBlock.Kind;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;
import org.jspecify.annotations.Nullable;

/**
 * One walk over a page, in document order and without recursion, that collects blocks. A section's
 * anchor is the id of its heading or the nearest one that was opened since the last text: {@code
 * <div id=x><h2>}, {@code <a name=x></a><h2>}, {@code <dt id=x>}.
 */
final class HtmlWalk implements NodeFilter {
  private static final Set<String> DROPPED =
      words(
          "script style noscript template nav header footer aside form button select input textarea"
              + " iframe object embed canvas svg audio video head dialog");
  private static final Set<String> DROPPED_ROLES =
      words("navigation banner contentinfo search menu menubar toolbar");
  private static final Set<String> DROPPED_CLASSES =
      words("navheader navfooter headerlink sphinxsidebar skip-link sr-only visually-hidden");
  // A heading inside one of these names a remark, not a section.
  private static final Set<String> REMARKS =
      words("note tip warning caution important admonition admonitionblock sidebar");
  private static final Set<String> BLOCKS =
      words(
          "p div section article main ul ol li dl dt dd blockquote figure figcaption address"
              + " details summary fieldset hr center caption table thead tbody tfoot tr pre"
              + " listing xmp h1 h2 h3 h4 h5 h6 body");
  private static final Pattern HIDDEN_STYLE =
      Pattern.compile("display\\s*:\\s*none|visibility\\s*:\\s*hidden|font-size\\s*:\\s*0");
  private static final int TERM_LEVEL = 7;
  // Beyond this depth a definition list is no longer an outline.
  private static final int TERM_DEPTH_MAX = 20;

  private final ReadLimits limits;
  private final List<TextBlock> blocks = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private final Deque<Element> remarks = new ArrayDeque<>();
  private long chars;
  private int links;
  private int linkedChars;
  private int plainChars;
  private int preformatted;
  private int rows;
  private int lists;
  private boolean item;
  private @Nullable Element lastTable;
  private boolean lastTableHoldsData;
  private String section = "";
  private String blockAnchor = "";
  private String inlineAnchor = "";

  HtmlWalk(ReadLimits limits) {
    this.limits = limits;
  }

  List<TextBlock> blocks() {
    return blocks;
  }

  /** Takes what stands after the last element. */
  void finish() {
    flush(Kind.TEXT);
  }

  @Override
  public FilterResult head(Node node, int depth) {
    if (node instanceof TextNode words) {
      append(words.getWholeText());
      return FilterResult.CONTINUE;
    }
    if (!(node instanceof Element element)) {
      return FilterResult.SKIP_ENTIRELY;
    }
    if (dropped(element)) {
      return FilterResult.SKIP_ENTIRELY;
    }
    open(element);
    return FilterResult.CONTINUE;
  }

  @Override
  public FilterResult tail(Node node, int depth) {
    if (node instanceof Element element && !dropped(element)) {
      close(element);
    }
    return FilterResult.CONTINUE;
  }

  private void open(Element element) {
    String name = element.normalName();
    boolean block = BLOCKS.contains(name);
    if (block && rows == 0) {
      flush(item ? Kind.ITEM : Kind.TEXT);
    }
    anchor(element, name, block);
    if (any(element, REMARKS)) {
      remarks.push(element);
    }
    switch (name) {
      case "a" -> links += element.hasAttr("href") ? 1 : 0;
      case "br" -> text.append(preformatted > 0 ? "\n" : " ");
      case "pre", "listing", "xmp" -> preformatted += rows == 0 ? 1 : 0;
      case "li" -> item = true;
      case "dl" -> lists++;
      case "tr" -> rows += rows > 0 || dataRow(element) ? 1 : 0;
      default -> {
        if (block && rows > 0) {
          text.append(' ');
        }
      }
    }
  }

  private void close(Element element) {
    String name = element.normalName();
    switch (name) {
      case "a" -> links -= element.hasAttr("href") ? 1 : 0;
      case "td", "th" -> text.append(rows > 0 ? " | " : "");
      case "tr" -> {
        if (rows == 1) {
          flush(Kind.ROW);
        }
        rows = Math.max(0, rows - 1);
      }
      case "pre", "listing", "xmp" -> {
        if (rows == 0) {
          flush(Kind.CODE);
          preformatted = Math.max(0, preformatted - 1);
        }
      }
      case "li" -> {
        endBlock(Kind.ITEM);
        item = false;
      }
      case "dt" -> term(element);
      case "dl" -> {
        endBlock(Kind.TEXT);
        if (rows == 0 && lists <= TERM_DEPTH_MAX) {
          blocks.add(new TextBlock(Kind.CLOSE, TERM_LEVEL + lists - 1, "", "", 0));
        }
        lists = Math.max(0, lists - 1);
      }
      case "h1", "h2", "h3", "h4", "h5", "h6" -> heading(element, name.charAt(1) - '0');
      default -> {
        if (BLOCKS.contains(name)) {
          endBlock(item ? Kind.ITEM : Kind.TEXT);
        }
      }
    }
    if (element.equals(remarks.peek())) {
      remarks.pop();
    }
  }

  private void endBlock(Kind kind) {
    if (rows == 0) {
      flush(kind);
    } else {
      text.append(' ');
    }
  }

  private void heading(Element element, int level) {
    if (rows > 0 || !remarks.isEmpty()) {
      endBlock(Kind.TERM);
      return;
    }
    openSection(level, element.id());
  }

  private void term(Element element) {
    if (rows > 0 || element.id().isEmpty() || lists == 0 || lists > TERM_DEPTH_MAX) {
      endBlock(Kind.TERM);
      return;
    }
    openSection(TERM_LEVEL + lists - 1, element.id());
  }

  private void openSection(int level, String ownId) {
    String title = Clean.line(text);
    text.setLength(0);
    linkedChars = 0;
    plainChars = 0;
    if (title.isEmpty()) {
      return;
    }
    String id = !ownId.isEmpty() ? ownId : !blockAnchor.isEmpty() ? blockAnchor : inlineAnchor;
    section = id.isEmpty() ? section : "#" + id;
    add(TextBlock.heading(level, title, section));
  }

  private void anchor(Element element, String name, boolean block) {
    String id = element.id();
    if (id.isEmpty() && name.equals("a")) {
      id = element.attr("name");
    }
    if (id.isEmpty() || name.equals("body") || name.equals("main")) {
      return;
    }
    if (block) {
      blockAnchor = id;
    } else {
      inlineAnchor = id;
    }
  }

  private void append(String words) {
    text.append(words);
    int visible = 0;
    for (int i = 0; i < words.length(); i++) {
      visible += Character.isWhitespace(words.charAt(i)) ? 0 : 1;
    }
    plainChars += visible;
    linkedChars += links > 0 ? visible : 0;
  }

  private void flush(Kind kind) {
    Kind actual = preformatted > 0 ? Kind.CODE : kind;
    String clean = actual == Kind.CODE ? Clean.lines(text) : Clean.line(text);
    if (actual == Kind.ROW) {
      clean = clean.replaceAll("(?: ?\\| ?)+$", "");
    }
    double linked = plainChars == 0 ? 0 : (double) linkedChars / plainChars;
    text.setLength(0);
    linkedChars = 0;
    plainChars = 0;
    if (!clean.isBlank()) {
      add(new TextBlock(actual, 0, clean, section, linked));
    }
  }

  private void add(TextBlock block) {
    limits.checkText(chars += block.text().length());
    blocks.add(block);
    blockAnchor = "";
    inlineAnchor = "";
  }

  private static boolean dropped(Element element) {
    return DROPPED.contains(element.normalName())
        || element.hasAttr("hidden")
        || element.attr("aria-hidden").equals("true")
        || DROPPED_ROLES.contains(element.attr("role"))
        || any(element, DROPPED_CLASSES)
        || (element.hasAttr("style")
            && HIDDEN_STYLE.matcher(element.attr("style").toLowerCase(Locale.ROOT)).find());
  }

  private static boolean any(Element element, Set<String> classes) {
    if (!element.hasAttr("class")) {
      return false;
    }
    for (String name : element.classNames()) {
      if (classes.contains(name)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the row's table holds data; one with headings or tables inside lays out a page. */
  private boolean dataRow(Element row) {
    Element table = row.closest("table");
    if (table == null || !table.equals(lastTable)) {
      lastTable = table;
      lastTableHoldsData =
          table == null || table.selectFirst("td h1, td h2, td h3, td table, td pre") == null;
    }
    return lastTableHoldsData;
  }

  private static Set<String> words(String list) {
    return Set.of(list.split(" "));
  }
}
