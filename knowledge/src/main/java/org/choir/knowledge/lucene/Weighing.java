package org.choir.knowledge.lucene;

/**
 * BM25 over several fields (BM25F, Robertson and Zaragoza 2009): a term's counts in title, section
 * and body are weighed and summed before they saturate, so that a word in all three counts as one
 * good match, not as three.
 */
final class Weighing {
  static final String[] FIELDS = {"title", "section", "body"};
  private static final double[] WEIGHT = {1.5, 2.5, 1.0};
  // How much a long field dilutes its words; headings hardly.
  private static final double[] LENGTH = {0.3, 0.3, 0.6};
  private static final double K1 = 1.2;

  private Weighing() {}

  /** What one field adds to a term's weighted count. */
  static double count(int field, int frequency, double length, double averageLength) {
    double norm = 1 - LENGTH[field] + LENGTH[field] * length / Math.max(1, averageLength);
    return WEIGHT[field] * frequency / norm;
  }

  /** The saturated count, below 1. */
  static double saturated(double count) {
    return count / (count + K1);
  }

  /** How telling a term is that stands in so many of all passages; above 0. */
  static double rarity(long passagesWith, long passages) {
    return Math.log(1 + (passages - passagesWith + 0.5) / (passagesWith + 0.5));
  }
}
