package org.choir.server;

import java.security.SecureRandom;
import java.time.InstantSource;
import org.choir.core.RunId;

/**
 * Makes run ids: {@code r}, the time in seconds and 25 random bits, in Crockford's base 32. Ids
 * sort by the time they were made, and can be typed.
 */
final class RunIds {
  private static final String DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
  private static final int TIME_DIGITS = 7;
  private static final int RANDOM_DIGITS = 5;

  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  RunIds(InstantSource clock) {
    this.clock = clock;
  }

  RunId next() {
    StringBuilder out = new StringBuilder("r");
    long seconds = clock.instant().getEpochSecond();
    for (int i = TIME_DIGITS - 1; i >= 0; i--) {
      out.append(DIGITS.charAt((int) (seconds >> (5 * i)) & 31));
    }
    for (int i = 0; i < RANDOM_DIGITS; i++) {
      out.append(DIGITS.charAt(random.nextInt(32)));
    }
    return new RunId(out.toString());
  }
}
