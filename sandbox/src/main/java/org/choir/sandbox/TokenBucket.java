package org.choir.sandbox;

/**
 * A rate with a burst: so many tokens a second, at most {@code burst} saved up. Time is handed in
 * ({@link System#nanoTime} of the caller). Thread-safe.
 */
final class TokenBucket {
  private static final double NANOS = 1e9;

  private final double perSecond;
  private final double burst;
  private double tokens;
  private long then;

  TokenBucket(double perSecond, double burst, long now) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.tokens = burst;
    this.then = now;
  }

  /** Takes one token if there is one. */
  synchronized boolean take(long now) {
    fill(now);
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }

  /**
   * Takes tokens now and tells how long to wait until they are there; who comes later waits longer.
   *
   * @return nanoseconds, or -1 if it were more than {@code waitMax}, and then nothing is taken
   */
  synchronized long reserve(double count, long now, long waitMax) {
    fill(now);
    double missing = count - tokens;
    long wait = missing <= 0 ? 0 : (long) (missing / perSecond * NANOS);
    if (wait > waitMax) {
      return -1;
    }
    tokens -= count;
    return wait;
  }

  private void fill(long now) {
    tokens = Math.min(burst, tokens + Math.max(0, now - then) / NANOS * perSecond);
    then = now;
  }
}
