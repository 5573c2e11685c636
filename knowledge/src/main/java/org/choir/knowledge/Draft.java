package org.choir.knowledge;

import java.util.List;

/**
 * A Markdown text taken apart into what it claims. Parsing is total: any text is a draft. Structure
 * comes from the syntax tree; HTML comments, link titles and images say nothing, and there is no
 * way for a text to exempt a part of itself.
 */
public final class Draft {
  private final String text;
  private final List<Claim> claims;
  private final List<Block> blocks;

  Draft(String text, List<Claim> claims, List<Block> blocks) {
    this.text = text;
    this.claims = List.copyOf(claims);
    this.blocks = List.copyOf(blocks);
  }

  /**
   * A writer's draft, which cites evidence keys as {@code [@key]}. Everything in it that could
   * reach a report and asserts something is a claim: sentences, table rows, code blocks, and
   * headings that say more than a topic. Links are not citations here.
   *
   * @throws org.choir.core.ChoirException {@code draft_too_large} beyond {@link #MAX_CHARS}
   */
  public static Draft of(String markdown) {
    return new DraftParser(markdown, false).parse();
  }

  /**
   * Anybody's document: keys, links, autolinks and footnotes are citations; only sentences and
   * table rows are claims.
   *
   * @throws org.choir.core.ChoirException {@code draft_too_large} beyond {@link #MAX_CHARS}
   */
  public static Draft ofDocument(String markdown) {
    return new DraftParser(markdown, true).parse();
  }

  /** The longest text that is taken apart, in chars. */
  public static final int MAX_CHARS = 4 << 20;

  /** The Markdown as it was given. */
  public String text() {
    return text;
  }

  /** The claims in the order of the text; the n-th has the id {@code c<n>}. */
  public List<Claim> claims() {
    return claims;
  }

  List<Block> blocks() {
    return blocks;
  }
}
