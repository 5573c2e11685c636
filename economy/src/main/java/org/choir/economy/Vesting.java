package org.choir.economy;

import java.time.Duration;
import java.time.Instant;

/** When a reward becomes its owner's: a share at once, the rest in equal parts by whole days. */
public final class Vesting {
  private Vesting() {}

  /** Whole days since the grant, at most so many. */
  public static long day(Instant granted, Instant now, long days) {
    return Math.clamp(Duration.between(granted, now).toDays(), 0, days);
  }

  /**
   * All that is its owner's by this day, rounded down; the last day gives the rest.
   *
   * @param total in the smallest unit
   * @param atOnce in parts per million
   * @param day 0 is the day of the grant
   */
  public static long due(long total, long atOnce, long day, long days) {
    long first = Shares.part(total, atOnce, Shares.WHOLE);
    return first + Shares.part(total - first, Math.min(day, days), days);
  }
}
