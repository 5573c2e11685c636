package org.choir.economy;

import java.time.Duration;

/**
 * How a ledger writes.
 *
 * @param batchMax orders in a batch
 * @param queueMax orders that may wait
 * @param patience how long a caller, a lease and a lost database are waited for
 */
public record LedgerOptions(int batchMax, int queueMax, Duration patience) {
  /** Batches of up to 5,000. */
  public static final LedgerOptions STANDARD =
      new LedgerOptions(5_000, 50_000, Duration.ofSeconds(30));

  public LedgerOptions {
    if (batchMax < 1 || queueMax < batchMax || !patience.isPositive()) {
      throw new IllegalArgumentException("limits of a ledger");
    }
  }
}
