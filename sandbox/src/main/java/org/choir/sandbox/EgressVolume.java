package org.choir.sandbox;

import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.function.BiConsumer;

/** What one VM has moved today, both ways together, by the day in UTC. Thread-safe. */
final class EgressVolume {
  private final InstantSource clock;
  private final BiConsumer<LocalDate, Long> keeper;
  private LocalDate day;
  private long bytes;

  /**
   * @param day of {@code bytes}, as kept
   * @param keeper stores day and bytes, so that a restart does not begin a new day
   */
  EgressVolume(InstantSource clock, LocalDate day, long bytes, BiConsumer<LocalDate, Long> keeper) {
    this.clock = clock;
    this.day = day;
    this.bytes = bytes;
    this.keeper = keeper;
  }

  /**
   * Refuses a connection when nothing is left.
   *
   * @throws EgressException {@code egress_volume}
   */
  synchronized void require(long max) {
    add(0, max);
    if (bytes >= max) {
      throw used(max);
    }
  }

  /**
   * Adds bytes about to be moved.
   *
   * @throws EgressException {@code egress_volume} if that were too many
   */
  synchronized void add(long count, long max) {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    if (!today.equals(day)) {
      day = today;
      bytes = 0;
    }
    if (bytes + count > max) {
      throw used(max);
    }
    bytes += count;
  }

  /** Stores what was used so far. */
  synchronized void keep() {
    keeper.accept(day, bytes);
  }

  private static EgressException used(long max) {
    return new EgressException(
        "egress_volume",
        403,
        "this machine has moved the " + max + " bytes it may move in a day",
        "it goes on tomorrow (UTC)");
  }
}
