package org.choir.knowledge;

import java.util.List;

/** The parts of a draft that can reach a report: everything else of Markdown is left behind. */
sealed interface Block {

  /** The place of no claim. */
  int NONE = -1;

  record Heading(int level, Prose prose) implements Block {}

  record Paragraph(Prose prose) implements Block {}

  record Listing(boolean ordered, List<List<Block>> items) implements Block {}

  record Quote(List<Block> blocks) implements Block {}

  /** The header is never empty; a header's claim is {@link #NONE} if it only names columns. */
  record Table(List<Row> rows) implements Block {}

  record Row(List<Prose> cells, int claim) {}

  record Code(String language, String text, int claim) implements Block {}
}
