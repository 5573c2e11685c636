package org.choir.economy;

import java.time.Duration;

/**
 * How a ledger writes.
 *
 * @param shard which one; two writers of a shard exclude each other
 * @param batchMax orders in a batch
 * @param queueMax orders that may wait
 * @param patience how long a caller, a lease and a lost database are waited for
 */
public record LedgerOptions(String shard, int batchMax, int queueMax, Duration patience) {
  /** One shard, batches of up to 5,000. */
  public static final LedgerOptions STANDARD =
      new LedgerOptions("main", 5_000, 50_000, Duration.ofSeconds(30));

  public LedgerOptions {
    if (batchMax < 1 || queueMax < batchMax || !patience.isPositive()) {
      throw new IllegalArgumentException("limits of a ledger");
    }
  }
}
