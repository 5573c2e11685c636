package org.choir.knowledge;

/**
 * Tells text that says something from text that only points elsewhere. Two signs, neither of which
 * looks at names: how much of it is links, and how few of the small words it has that every
 * sentence needs.
 */
final class ProseScore {
  // Share of links: an ordinary paragraph of a manual stays under a third, a table of contents or
  // an index is links but for numbers.
  private static final double LINKED_FINE = 0.4;
  private static final double LINKED_INDEX = 0.85;
  private static final double LINKED_COST = 0.6;
  // Share of function words: about a third in English sentences, under a tenth in lists of names.
  private static final double FUNCTION_FINE = 0.16;
  private static final double FUNCTION_NONE = 0.04;
  private static final double FUNCTION_COST = 0.35;

  // A line or two name a thing more often than they explain it.
  private static final double BRIEF_FINE = 25;
  private static final double BRIEF_NONE = 5;
  private static final double BRIEF_COST = 0.15;

  private ProseScore() {}

  /**
   * 0 to 100.
   *
   * @param linked share of the text that is links
   * @param running whether it is running text, of which small words may be expected: code and
   *     tables have none
   */
  static int score(double linked, String text, boolean running) {
    double score = 1 - BRIEF_COST * ramp(-Cutter.words(text), -BRIEF_FINE, -BRIEF_NONE);
    score *= 1 - LINKED_COST * ramp(linked, LINKED_FINE, LINKED_INDEX);
    if (running && Languages.spaced(text)) {
      double share = Languages.functionWordShare(text);
      score *= 1 - FUNCTION_COST * ramp(-share, -FUNCTION_FINE, -FUNCTION_NONE);
    }
    return (int) Math.round(100 * score);
  }

  private static double ramp(double value, double from, double to) {
    return Math.clamp((value - from) / (to - from), 0.0, 1.0);
  }
}
