package org.choir.economy.demo;

import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands until the year goes on; it never goes back. Thread-safe. */
public final class YearClock implements InstantSource {
  private volatile Instant now;

  YearClock(Instant begin) {
    this.now = begin;
  }

  @Override
  public Instant instant() {
    return now;
  }

  /** It is this moment now, unless it is later already. */
  void reach(Instant moment) {
    if (moment.isAfter(now)) {
      now = moment;
    }
  }
}
