package org.choir.knowledge;

import java.util.List;

/**
 * How new an article is, with its reason.
 *
 * @param score 0 to 100; 0 is rejected, below 20 is published without reward
 * @param reason a stable code, a colon and what it means here
 * @param review whether a person must look before anything is paid
 * @param nearest the passages with their likest ones among earlier articles, the likest first
 */
public record NoveltyScore(int score, String reason, boolean review, List<Pair> nearest) {
  public NoveltyScore {
    nearest = List.copyOf(nearest);
    if (score < 0 || score > 100) {
      throw new IllegalArgumentException("a score of " + score);
    }
  }

  /**
   * Two passages side by side.
   *
   * @param article the id of the earlier article
   * @param distance 1 - cosine, 0 for the same text
   */
  public record Pair(String passage, String article, String theirs, double distance) {}

  /** The part of the reason before the colon. */
  public String code() {
    return reason.substring(0, reason.indexOf(':'));
  }
}
