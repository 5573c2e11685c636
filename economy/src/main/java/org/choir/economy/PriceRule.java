package org.choir.economy;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Which prices count, and their average over time. A price that lies more than the band away from
 * any that was in force in the minutes before does not count and trips a breaker: for the pause no
 * price counts, and nothing is handed out at a price. The first price after the pause ends it if it
 * lies within the band; if not it counts at the band's edge and trips the breaker again. So a price
 * moves by no more than one band in each pause, however it is pushed, and an honest crash is still
 * followed, step by step.
 */
public final class PriceRule {
  /** The time that an average covers. */
  public static final Duration WINDOW = Duration.ofHours(24);

  /** How far a price may move within {@link #BAND_TIME}, in parts per million. */
  static final long BAND = 200_000;

  static final Duration BAND_TIME = Duration.ofMinutes(5);

  /** How long a tripped breaker keeps prices from counting. */
  static final Duration PAUSE = Duration.ofHours(1);

  private PriceRule() {}

  /** What became of a price. */
  public enum Verdict {
    /** It counts as told. */
    COUNTED,
    /** It counts at the band's edge. */
    CLAMPED,
    /** It does not count. */
    IGNORED
  }

  /**
   * A price that was judged.
   *
   * @param micros what counts; for {@link Verdict#IGNORED} the price that stays in force
   * @param pausedUntil until when the breaker is open after it; it stays open until the first price
   *     at or after this moment
   * @param reason why it does not count as told, and how that ends; empty for {@link
   *     Verdict#COUNTED}
   */
  public record Judged(
      PricePoint told, Verdict verdict, long micros, Optional<Instant> pausedUntil, String reason) {
    /** The point that counts. */
    PricePoint counted() {
      return new PricePoint(told.at(), micros, told.depth());
    }
  }

  /**
   * The average over the window before a moment.
   *
   * @param micros micro-dollars for a whole CHIP, rounded down
   * @param depth the smallest that the market told in the window
   * @param covered how much of the window has a price, at most {@link #WINDOW}
   * @param latest when the last price that counts was told
   */
  public record Average(long micros, long depth, Duration covered, Instant latest) {
    /** Whether no price counted within the window before this moment. */
    boolean stale(Instant now) {
      return latest.isBefore(now.minus(WINDOW));
    }

    /** Whether the whole window has prices. */
    boolean full() {
      return covered.compareTo(WINDOW) >= 0;
    }
  }

  /**
   * Judges a price.
   *
   * @param counted what counted before, oldest first: at least all of the last {@link #BAND_TIME}
   *     and the one before
   * @param pausedUntil of the open breaker, if it is open
   */
  public static Judged judge(
      List<PricePoint> counted, Optional<Instant> pausedUntil, PricePoint told) {
    if (counted.isEmpty()) {
      return new Judged(told, Verdict.COUNTED, told.micros(), Optional.empty(), "");
    }
    PricePoint last = counted.getLast();
    if (told.at().isBefore(last.at())) {
      return ignored(told, last, pausedUntil, "it is older than the last price that counts");
    }
    if (pausedUntil.isPresent() && told.at().isBefore(pausedUntil.get())) {
      return ignored(
          told,
          last,
          pausedUntil,
          "the breaker is open; prices count again from " + pausedUntil.get());
    }
    long low = Long.MAX_VALUE;
    long high = 0;
    Instant from = told.at().minus(BAND_TIME);
    for (int i = 0; i < counted.size(); i++) {
      boolean inForce = i + 1 == counted.size() || counted.get(i + 1).at().isAfter(from);
      if (inForce) {
        low = Math.min(low, counted.get(i).micros());
        high = Math.max(high, counted.get(i).micros());
      }
    }
    long most = Math.min(PricePoint.MICROS_MAX, low + Shares.ppm(low, BAND));
    long least = Math.max(1, high - Shares.ppm(high, BAND));
    if (told.micros() <= most && told.micros() >= least) {
      return new Judged(told, Verdict.COUNTED, told.micros(), Optional.empty(), "");
    }
    Instant until = told.at().plus(PAUSE);
    String moved =
        "a price of "
            + told.micros()
            + " micro-dollars is more than 20 % away from the "
            + (told.micros() > most ? low : high)
            + " of the five minutes before";
    if (pausedUntil.isEmpty()) {
      return ignored(
          told,
          last,
          Optional.of(until),
          moved + "; the breaker is open, prices count again from " + until);
    }
    long edge = Math.min(Math.max(told.micros(), Math.min(least, most)), most);
    return new Judged(
        told,
        Verdict.CLAMPED,
        edge,
        Optional.of(until),
        moved
            + "; it counts as "
            + edge
            + " and the breaker stays open, prices count again from "
            + until);
  }

  private static Judged ignored(
      PricePoint told, PricePoint last, Optional<Instant> until, String reason) {
    return new Judged(told, Verdict.IGNORED, last.micros(), until, reason);
  }

  /**
   * The average of what counted: each price for the time until the next.
   *
   * @param counted oldest first: at least all of the window and the one before
   * @return empty if none was told by then
   */
  public static Optional<Average> average(List<PricePoint> counted, Instant now) {
    Instant from = now.minus(WINDOW);
    BigInteger sum = BigInteger.ZERO;
    long millis = 0;
    long depth = Long.MAX_VALUE;
    Optional<PricePoint> latest = Optional.empty();
    for (int i = 0; i < counted.size() && !counted.get(i).at().isAfter(now); i++) {
      PricePoint point = counted.get(i);
      latest = Optional.of(point);
      Instant until = i + 1 < counted.size() ? earlier(counted.get(i + 1).at(), now) : now;
      if (until.isBefore(from)) {
        continue;
      }
      depth = Math.min(depth, point.depth());
      Instant begin = point.at().isBefore(from) ? from : point.at();
      long stood = Duration.between(begin, until).toMillis();
      millis += stood;
      sum = sum.add(BigInteger.valueOf(point.micros()).multiply(BigInteger.valueOf(stood)));
    }
    if (latest.isEmpty()) {
      return Optional.empty();
    }
    long micros =
        millis == 0
            ? latest.get().micros()
            : sum.divide(BigInteger.valueOf(millis)).longValueExact();
    return Optional.of(
        new Average(Math.max(1, micros), depth, Duration.ofMillis(millis), latest.get().at()));
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
