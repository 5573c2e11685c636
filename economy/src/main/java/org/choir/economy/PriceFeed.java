package org.choir.economy;

import java.time.Instant;
import java.util.List;

/**
 * A market in which CHIP has a price: the treasury's own sales, or a pool on a chain. It only tells
 * what it saw; {@link PriceRule} decides what of it counts.
 */
public interface PriceFeed {
  /** A short name, for example {@code treasury-sales}. */
  String source();

  /**
   * What the market told after this moment, oldest first; empty if nothing.
   *
   * @param limit the largest number of points
   * @throws org.choir.core.ChoirException retryable, if the market does not answer
   */
  List<PricePoint> after(Instant after, int limit);
}
