package org.choir.knowledge;

import java.util.List;

/**
 * A piece of a text that asserts something and has to be checked.
 *
 * @param id {@code c1}, {@code c2}, ... in the order of the text
 * @param text the words, without Markdown and without citation markers
 * @param start of the place in the text, in code points, inclusive
 * @param end exclusive
 * @param citations in their order, without repetition
 * @param code the inline code in it, which must stand in the evidence literally
 */
public record Claim(
    String id,
    Kind kind,
    String text,
    int start,
    int end,
    List<Citation> citations,
    List<String> code) {
  public Claim {
    citations = List.copyOf(citations);
    code = List.copyOf(code);
  }

  /** What kind of place the claim stands in. */
  public enum Kind {
    /** A sentence of a paragraph, list item or block quote. */
    SENTENCE,
    /** A heading that says more than a topic. */
    HEADING,
    /** A table row, its cells joined. */
    ROW,
    /** A code block; it is checked line by line as a quotation. */
    CODE
  }
}
