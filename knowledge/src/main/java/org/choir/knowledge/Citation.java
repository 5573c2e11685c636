package org.choir.knowledge;

/**
 * What a sentence names as its ground.
 *
 * @param target an evidence key, an address or path as written, or a footnote's text
 */
public record Citation(Kind kind, String target) {
  /** How a citation is written. */
  public enum Kind {
    /** {@code [@key]}: an evidence key issued by the host. */
    KEY,
    /** A Markdown link or autolink. */
    LINK,
    /** A footnote that holds neither a key nor a link. */
    FOOTNOTE
  }
}
