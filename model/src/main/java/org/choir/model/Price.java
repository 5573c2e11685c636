package org.choir.model;

import java.math.BigInteger;
import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * What a provider charges, in micro-dollars for a million tokens.
 *
 * @param input tokens that were not in the provider's cache; where a provider charges for writing
 *     its cache this is that price, because the adapter marks the whole request for caching
 * @param cached tokens read from the provider's cache
 * @param output tokens written by the model
 */
public record Price(long input, long cached, long output) {
  private static final BigInteger MILLION = BigInteger.valueOf(1_000_000);

  /** For models that run on the user's own machine. */
  public static final Price FREE = new Price(0, 0, 0);

  public Price {
    if (input < 0 || cached < 0 || output < 0) {
      throw new IllegalArgumentException("a price below nothing");
    }
  }

  /** The cost of this use, rounded up to a whole micro-dollar. */
  public Money cost(ModelAnswer.Usage usage) {
    long fresh = Math.max(0, usage.inputTokens() - usage.cachedInputTokens());
    BigInteger sum =
        times(fresh, input)
            .add(times(usage.cachedInputTokens(), cached))
            .add(times(usage.outputTokens(), output))
            .add(MILLION.subtract(BigInteger.ONE));
    return new Money(sum.divide(MILLION).longValueExact(), Currency.USD);
  }

  private static BigInteger times(long tokens, long price) {
    return BigInteger.valueOf(tokens).multiply(BigInteger.valueOf(price));
  }
}
