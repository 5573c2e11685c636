package org.choir.knowledge.web;

import java.time.Duration;

/**
 * How much one search may cost.
 *
 * @param total from the first attempt to the last byte of the last one
 * @param bodyBytes of one answer
 * @param retries after the first attempt, for engines that are busy
 */
public record SearchLimits(Duration total, int bodyBytes, int retries) {
  /** Twenty seconds, two MiB, two retries. */
  public static final SearchLimits DEFAULT = new SearchLimits(Duration.ofSeconds(20), 2 << 20, 2);

  public SearchLimits {
    if (total.isNegative() || total.isZero() || bodyBytes < 1 || retries < 0) {
      throw new IllegalArgumentException("limits must allow something: " + total);
    }
  }

  /** The same within another time. */
  public SearchLimits within(Duration other) {
    return new SearchLimits(other, bodyBytes, retries);
  }
}
