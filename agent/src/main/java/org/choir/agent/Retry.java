package org.choir.agent;

import java.time.Duration;

/**
 * How a failed model call is repeated.
 *
 * @param tries calls in all
 * @param total the longest time from the first call to the last
 * @param first the wait after the first failure; it doubles each time
 * @param longest the longest wait of our own choosing; what a provider asks for is honoured in full
 * @param pause how to wait
 */
record Retry(int tries, Duration total, Duration first, Duration longest, Pause pause) {

  /** Waits, interruptibly. */
  @FunctionalInterface
  interface Pause {
    void sleep(Duration time) throws InterruptedException;
  }

  static final Retry DEFAULT =
      new Retry(
          6,
          Duration.ofMinutes(5),
          Duration.ofSeconds(1),
          Duration.ofSeconds(30),
          time -> Thread.sleep(time));

  /** The wait after this many failures, 1 and up. */
  Duration after(int failures) {
    Duration wait = first.multipliedBy(1L << Math.min(failures - 1, 20));
    return wait.compareTo(longest) < 0 ? wait : longest;
  }
}
