package org.choir.model.langchain4j;

import java.time.Duration;

/** A point in monotonic time at which a call ends. */
record Deadline(long atNanos, Duration given) {

  static Deadline after(Duration given) {
    return new Deadline(System.nanoTime() + given.toNanos(), given);
  }

  /** Nanoseconds left, 0 when it has passed. */
  long remainingNanos() {
    return Math.max(0, atNanos - System.nanoTime());
  }
}
