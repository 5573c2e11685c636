package org.choir.knowledge;

/**
 * One piece of a document in reading order, as a format's reader found it.
 *
 * @param level of a heading: 1 to 6 as in HTML, 7 and more for the terms of definition lists; of a
 *     close, the outermost level that ends; else 0
 * @param text without surrounding blanks; inner line breaks only where they mean something
 * @param locator where a reader finds it, as in {@link SourceDocument.Section#locator()}
 * @param linked the share of the text that is links, 0 to 1
 */
public record TextBlock(Kind kind, int level, String text, String locator, double linked) {

  /** What a block is. */
  public enum Kind {
    /** Opens a section. */
    HEADING,
    /** Opens a section by a name that the text itself does not show: an outline's, a chapter's. */
    SECTION,
    /** A paragraph. */
    TEXT,
    /** An item of a list. */
    ITEM,
    /** A term of a definition list; belongs to the block after it. */
    TERM,
    /** A row of a table. */
    ROW,
    /** Preformatted text. */
    CODE,
    /** Ends the headings of its level and below; carries no text. */
    CLOSE
  }

  /** A block without links. */
  public static TextBlock of(Kind kind, String text, String locator) {
    return new TextBlock(kind, 0, text, locator, 0);
  }

  /** A section that is named outside the text; the title may be empty. */
  public static TextBlock section(String title, String locator) {
    return new TextBlock(Kind.SECTION, 1, title, locator, 0);
  }

  /** A heading. */
  public static TextBlock heading(int level, String text, String locator) {
    return new TextBlock(Kind.HEADING, level, text, locator, 0);
  }
}
