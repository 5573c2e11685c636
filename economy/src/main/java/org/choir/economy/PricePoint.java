package org.choir.economy;

import java.time.Instant;
import org.choir.core.ChoirException;

/**
 * What a market told about CHIP at one moment.
 *
 * @param micros micro-dollars for one whole CHIP, more than 0
 * @param depth how much CHIP the market bears, in its smallest unit: whoever sells this much at
 *     once gets half the price for each, as from a constant-product pool that holds it; 0 if nobody
 *     is known to buy
 */
public record PricePoint(Instant at, long micros, long depth) {
  /** Ten thousand dollars; a larger price is an error of the market's. */
  static final long MICROS_MAX = 10_000_000_000L;

  public PricePoint {
    if (micros <= 0 || micros > MICROS_MAX || depth < 0) {
      throw ChoirException.usage(
          "bad_price",
          "a price of " + micros + " micro-dollars with a depth of " + depth,
          "a price lies between 1 and " + MICROS_MAX + " micro-dollars");
    }
  }
}
