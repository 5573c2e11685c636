package org.choir.knowledge;

/**
 * Citations from one author (or journal) to another.
 *
 * @param weight how many; above 0, not necessarily whole
 */
public record CitationEdge(String source, String target, double weight) {
  public CitationEdge {
    if (!(weight > 0) || Double.isInfinite(weight)) {
      throw new IllegalArgumentException("a weight of " + weight);
    }
  }
}
