package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.database.Database;

/**
 * Every price that the market told, with what {@link PriceRule} made of it, and the average that
 * follows. Thread-safe.
 */
public final class PriceBook {
  private static final int POINTS_MAX = 1_000;

  /** Serialises writers across processes; an arbitrary number of this class's own. */
  private static final long LOCK = 0x6368_6970_7072_6963L;

  private final Database database;
  private final PriceFeed feed;
  private final InstantSource clock;

  /** Over a database whose room {@code economy} is migrated. */
  public PriceBook(Database database, PriceFeed feed, InstantSource clock) {
    this.database = database;
    this.feed = feed;
    this.clock = clock;
  }

  /**
   * CHIP's price as it stands.
   *
   * @param average over {@link PriceRule#WINDOW}
   * @param pausedUntil of the breaker, if it is open: the first price from then on may close it
   * @param reason why it is open; empty if it is not
   * @param stale whether no price counted within the window
   */
  public record Quote(
      PriceRule.Average average, Optional<Instant> pausedUntil, String reason, boolean stale) {}

  /**
   * Asks the market for news and judges it, at most 1,000 points; to be called every minute.
   *
   * @return how many points were new
   */
  public int read() {
    Instant since =
        database.transaction(
            c ->
                Rows.first(
                        c,
                        "select max(at) as at from economy.price where source = ?",
                        row -> Rows.maybeInstant(row, "at"),
                        feed.source())
                    .flatMap(at -> at)
                    .orElse(Instant.EPOCH));
    List<PricePoint> told = feed.after(since, POINTS_MAX);
    return told.isEmpty() ? 0 : database.transaction(c -> judge(c, told));
  }

  private int judge(Connection c, List<PricePoint> told) throws SQLException {
    Rows.list(c, "select pg_advisory_xact_lock(?)", row -> 1, LOCK);
    List<PricePoint> counted =
        new ArrayList<>(counted(c, told.getFirst().at().minus(PriceRule.BAND_TIME)));
    Optional<Instant> paused = latest(c).flatMap(PriceRule.Judged::pausedUntil);
    int fresh = 0;
    for (PricePoint point : told) {
      PriceRule.Judged judged = PriceRule.judge(counted, paused, point);
      int inserted =
          Rows.update(
              c,
              "insert into economy.price (source, at, told, depth, verdict, micros, paused_until,"
                  + " reason) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (source, at) do nothing",
              feed.source(),
              point.at(),
              point.micros(),
              point.depth(),
              judged.verdict().name().toLowerCase(Locale.ROOT),
              judged.micros(),
              judged.pausedUntil(),
              judged.reason());
      if (inserted == 0) {
        continue;
      }
      fresh++;
      paused = judged.pausedUntil();
      if (judged.verdict() != PriceRule.Verdict.IGNORED) {
        counted.add(judged.counted());
      }
    }
    return fresh;
  }

  /** What counts from a moment on, and the one in force before. */
  private static List<PricePoint> counted(Connection c, Instant from) throws SQLException {
    return Rows.list(
        c,
        "select at, micros, depth from economy.price where verdict <> 'ignored' and at >="
            + " coalesce((select max(at) from economy.price where verdict <> 'ignored' and at <"
            + " ?), '-infinity') order by at, seq",
        row -> new PricePoint(Rows.instant(row, "at"), row.getLong("micros"), row.getLong("depth")),
        from);
  }

  private static Optional<PriceRule.Judged> latest(Connection c) throws SQLException {
    return history(c, 1).stream().findFirst();
  }

  private static List<PriceRule.Judged> history(Connection c, int limit) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.price order by seq desc limit ?",
        row ->
            new PriceRule.Judged(
                new PricePoint(Rows.instant(row, "at"), row.getLong("told"), row.getLong("depth")),
                PriceRule.Verdict.valueOf(row.getString("verdict").toUpperCase(Locale.ROOT)),
                row.getLong("micros"),
                Rows.maybeInstant(row, "paused_until"),
                row.getString("reason")),
        limit);
  }

  /** The latest prices that were told, newest first, at most 1,000. */
  public List<PriceRule.Judged> history(int limit) {
    return database.transaction(c -> history(c, Math.min(limit, POINTS_MAX)));
  }

  /** The price as it stands, for showing; empty before the first. */
  public Optional<Quote> quote() {
    Instant now = clock.instant();
    return database.transaction(
        c ->
            PriceRule.average(counted(c, now.minus(PriceRule.WINDOW)), now)
                .map(average -> quote(c, average, now)));
  }

  private static Quote quote(Connection c, PriceRule.Average average, Instant now) {
    try {
      Optional<PriceRule.Judged> latest = latest(c);
      return new Quote(
          average,
          latest.flatMap(PriceRule.Judged::pausedUntil),
          latest.filter(j -> j.pausedUntil().isPresent()).map(PriceRule.Judged::reason).orElse(""),
          average.stale(now));
    } catch (SQLException e) {
      throw ChoirException.retryable(
          "price_unreadable", "the price cannot be read", "try again", e);
    }
  }

  /**
   * The average to decide by, whatever the breaker says: for what only takes risk back, such as
   * taking loans apart.
   *
   * @throws ChoirException {@code no_price}, {@code price_stale}
   */
  public PriceRule.Average standing() {
    Quote quote =
        quote()
            .orElseThrow(
                () ->
                    ChoirException.fatal(
                        "no_price",
                        "CHIP has no price yet",
                        "let the treasury offer CHIP for sale, or connect a pool"));
    if (quote.stale()) {
      throw ChoirException.fatal(
          "price_stale",
          "the last price of CHIP that counts is of "
              + quote.average().latest()
              + ", more than "
              + PriceRule.WINDOW.toHours()
              + " hours ago",
          "wait for a price from " + feed.source());
    }
    return quote.average();
  }

  /**
   * The average to hand something out by.
   *
   * @throws ChoirException {@code no_price}, {@code price_stale}, {@code price_paused}
   */
  public PriceRule.Average require() {
    PriceRule.Average average = standing();
    Quote quote = quote().orElseThrow();
    if (quote.pausedUntil().isPresent()) {
      throw ChoirException.fatal(
          "price_paused",
          "the price's circuit breaker is open: " + quote.reason(),
          "try again after the first price from " + quote.pausedUntil().get() + " on");
    }
    return average;
  }

  /**
   * The average to lend by: its whole window must have prices.
   *
   * @throws ChoirException {@code no_price}, {@code price_stale}, {@code price_paused}, {@code
   *     price_too_young}
   */
  public PriceRule.Average requireFull() {
    PriceRule.Average average = require();
    if (!average.full()) {
      Duration missing = PriceRule.WINDOW.minus(average.covered());
      throw ChoirException.fatal(
          "price_too_young",
          "CHIP has had a price for " + average.covered().toMinutes() + " minutes only",
          "try again in " + missing.toMinutes() + " minutes");
    }
    return average;
  }
}
