package org.choir.knowledge.formats;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLStreamReader;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.TextBlock.Kind;

/** Collects the blocks of a Word document's body. A table inside a cell becomes part of its row. */
final class DocxBody implements Xml.Handler {
  // Word nests headings nine deep, the house six.
  private static final int LEVEL_MAX = 6;

  private final Map<String, Integer> levels;
  private final ReadLimits limits;
  private final List<TextBlock> blocks = new ArrayList<>();
  private final StringBuilder paragraph = new StringBuilder();
  private final StringBuilder row = new StringBuilder();
  private String title = "";
  private String style = "";
  private boolean listed;
  private int tables;
  private boolean run;
  private int deleted;
  private long chars;

  DocxBody(Map<String, Integer> levels, ReadLimits limits) {
    this.levels = levels;
    this.limits = limits;
  }

  List<TextBlock> blocks() {
    return blocks;
  }

  /** The paragraph in the style Title, else the first heading; empty if there is neither. */
  String title() {
    return title;
  }

  @Override
  public void open(String name, XMLStreamReader element) {
    switch (name) {
      case "tbl" -> tables++;
      case "p" -> {
        style = "";
        listed = false;
      }
      case "pStyle" -> style = Xml.attribute(element, "val");
      case "numPr" -> listed = true;
      case "t" -> run = true;
      case "tab", "br", "cr" -> paragraph.append(' ');
      case "noBreakHyphen" -> paragraph.append('-');
      case "del", "moveFrom" -> deleted++;
      default -> {}
    }
  }

  @Override
  public void text(String text) {
    if (run && deleted == 0) {
      limits.checkText(chars += text.length());
      paragraph.append(text);
    }
  }

  @Override
  public void close(String name) {
    switch (name) {
      case "t" -> run = false;
      case "del", "moveFrom" -> deleted--;
      case "p" -> endParagraph();
      case "tc" -> {
        if (tables == 1) {
          row.append(" | ");
        }
      }
      case "tr" -> {
        if (tables == 1) {
          add(TextBlock.of(Kind.ROW, Clean.line(row).replaceAll("(?: ?\\| ?)+$", ""), ""));
          row.setLength(0);
        }
      }
      case "tbl" -> tables--;
      default -> {}
    }
  }

  private void endParagraph() {
    String text = Clean.line(paragraph);
    paragraph.setLength(0);
    if (tables > 0) {
      row.append(text).append(' ');
      return;
    }
    Integer level = levels.get(style);
    if (level == null) {
      add(TextBlock.of(listed ? Kind.ITEM : Kind.TEXT, text, ""));
      return;
    }
    if (title.isEmpty()) {
      title = text;
    }
    add(TextBlock.heading(Math.clamp(level, 1, LEVEL_MAX), text, ""));
  }

  private void add(TextBlock block) {
    if (!block.text().isEmpty()) {
      blocks.add(block);
    }
  }
}
