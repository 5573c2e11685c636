package org.choir.knowledge.web;

import java.time.Duration;

/**
 * How much one fetch may cost.
 *
 * @param total from the first name that is resolved to the last byte, redirects included
 * @param bodyBytes of one answer's body
 * @param redirects that are followed
 */
public record WebLimits(Duration total, int bodyBytes, int redirects) {
  /** Twenty seconds, eight MiB, five redirects. */
  public static final WebLimits DEFAULT = new WebLimits(Duration.ofSeconds(20), 8 << 20, 5);

  public WebLimits {
    if (total.isNegative() || total.isZero() || bodyBytes < 1 || redirects < 0) {
      throw new IllegalArgumentException("limits must allow something: " + total);
    }
  }
}
