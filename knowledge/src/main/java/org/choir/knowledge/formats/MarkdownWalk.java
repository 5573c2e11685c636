package org.choir.knowledge.formats;

import java.util.ArrayList;
import java.util.List;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.TextBlock.Kind;
import org.commonmark.ext.footnotes.FootnoteDefinition;
import org.commonmark.ext.gfm.tables.TableRow;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Code;
import org.commonmark.node.CustomBlock;
import org.commonmark.node.CustomNode;
import org.commonmark.node.FencedCodeBlock;
import org.commonmark.node.HardLineBreak;
import org.commonmark.node.Heading;
import org.commonmark.node.HtmlBlock;
import org.commonmark.node.Image;
import org.commonmark.node.IndentedCodeBlock;
import org.commonmark.node.Link;
import org.commonmark.node.ListItem;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.node.SoftLineBreak;
import org.commonmark.node.Text;
import org.jsoup.Jsoup;

/** Collects the blocks of a Markdown document with the line each begins at. */
final class MarkdownWalk extends AbstractVisitor {
  private final ReadLimits limits;
  private final List<TextBlock> blocks = new ArrayList<>();
  private final StringBuilder text = new StringBuilder();
  private String title = "";
  private int titleLevel = 7;
  private long chars;
  private int items;
  private int linkedChars;
  private int links;

  MarkdownWalk(ReadLimits limits) {
    this.limits = limits;
  }

  List<TextBlock> blocks() {
    return blocks;
  }

  /** The first heading of the highest level, which must open the outline. */
  String title() {
    return title;
  }

  @Override
  public void visit(Heading heading) {
    String words = inline(heading);
    if (words.isEmpty()) {
      return;
    }
    if (heading.getLevel() < titleLevel) {
      titleLevel = heading.getLevel();
      title = words;
    }
    add(TextBlock.heading(heading.getLevel(), words, line(heading)));
  }

  @Override
  public void visit(Paragraph paragraph) {
    paragraph(paragraph, items > 0 ? Kind.ITEM : Kind.TEXT);
  }

  @Override
  public void visit(ListItem item) {
    items++;
    visitChildren(item);
    items--;
  }

  @Override
  public void visit(FencedCodeBlock code) {
    code(code, code.getLiteral());
  }

  @Override
  public void visit(IndentedCodeBlock code) {
    code(code, code.getLiteral());
  }

  @Override
  public void visit(HtmlBlock html) {
    String words = Clean.line(Jsoup.parseBodyFragment(html.getLiteral()).text());
    add(TextBlock.of(Kind.TEXT, words, line(html)));
  }

  @Override
  public void visit(CustomBlock block) {
    if (block instanceof FootnoteDefinition) {
      visitChildren(block);
    } else {
      super.visit(block);
    }
  }

  @Override
  public void visit(CustomNode node) {
    if (node instanceof TableRow row) {
      List<String> cells = new ArrayList<>();
      for (Node cell = row.getFirstChild(); cell != null; cell = cell.getNext()) {
        cells.add(inline(cell));
      }
      add(TextBlock.of(Kind.ROW, String.join(" | ", cells), line(row)));
    } else {
      super.visit(node);
    }
  }

  @Override
  public void visit(Text words) {
    text.append(words.getLiteral());
    linkedChars += links > 0 ? words.getLiteral().length() : 0;
  }

  @Override
  public void visit(Code code) {
    text.append(code.getLiteral());
  }

  @Override
  public void visit(Link link) {
    links++;
    visitChildren(link);
    links--;
  }

  @Override
  public void visit(Image image) {
    visitChildren(image);
  }

  @Override
  public void visit(SoftLineBreak lineBreak) {
    text.append(' ');
  }

  @Override
  public void visit(HardLineBreak lineBreak) {
    text.append(' ');
  }

  private void paragraph(Node node, Kind kind) {
    int before = linkedChars;
    String words = inline(node);
    double linked =
        words.isEmpty() ? 0 : Math.min(1, (double) (linkedChars - before) / words.length());
    add(new TextBlock(kind, 0, words, line(node), linked));
  }

  private void code(Node node, String literal) {
    add(TextBlock.of(Kind.CODE, Clean.lines(literal), line(node)));
  }

  private String inline(Node node) {
    text.setLength(0);
    visitChildren(node);
    return Clean.line(text);
  }

  private void add(TextBlock block) {
    if (!block.text().isBlank()) {
      limits.checkText(chars += block.text().length());
      blocks.add(block);
    }
  }

  private static String line(Node node) {
    return node.getSourceSpans().isEmpty()
        ? ""
        : "line=" + (node.getSourceSpans().getFirst().getLineIndex() + 1);
  }
}
