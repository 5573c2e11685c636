package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;

/**
 * The treasury's own sales as a market: the price at which it offers CHIP, told again every hour
 * while the offer stands. Its depth is what was really bought in the last 30 days, so that an offer
 * which nobody takes lets nobody borrow. Thread-safe.
 */
public final class TreasurySales implements PriceFeed {
  /** The reason of a transfer of CHIP from the treasury to a buyer. */
  public static final String SOLD = "chip_sold";

  /** The reason of a transfer of CHIP back to the treasury when a sale is undone. */
  public static final String UNDONE = "chip_sale_undone";

  private static final Duration SOLD_WITHIN = Duration.ofDays(30);
  private static final Duration REPEAT = Duration.ofHours(1);
  private static final int PAGE = 1_000;
  private static final int PAGES_MAX = 100;

  private final Database database;
  private final Ledger ledger;
  private final InstantSource clock;

  /** Over a database whose room {@code economy} is migrated. */
  public TreasurySales(Database database, Ledger ledger, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.clock = clock;
  }

  private record Offer(Instant at, long micros) {}

  /**
   * Offers CHIP at this price from now on. The same offer at the same moment changes nothing.
   *
   * @param micros micro-dollars for a whole CHIP
   * @param who decided it
   * @throws ChoirException {@code bad_price}, {@code offer_there} if another was made at this
   *     moment
   */
  public void offer(long micros, String who) {
    Instant now = clock.instant();
    PricePoint checked = new PricePoint(now, micros, 0);
    long there =
        database.transaction(
            c -> {
              Rows.update(
                  c,
                  "insert into economy.sale_offer (at, micros, who) values (?, ?, ?)"
                      + " on conflict do nothing",
                  now,
                  checked.micros(),
                  Requests.key(who));
              return Rows.number(c, "select micros from economy.sale_offer where at = ?", now);
            });
    if (there != micros) {
      throw ChoirException.retryable(
          "offer_there",
          "another offer, of " + there + " micro-dollars, was made at this moment",
          "try again",
          null);
    }
  }

  @Override
  public String source() {
    return "treasury-sales";
  }

  @Override
  public List<PricePoint> after(Instant after, int limit) {
    Instant now = clock.instant();
    List<Offer> offers =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select at, micros from economy.sale_offer where at >= coalesce((select"
                        + " max(at) from economy.sale_offer where at <= ?), '-infinity') order by"
                        + " at",
                    row -> new Offer(Rows.instant(row, "at"), row.getLong("micros")),
                    after));
    if (offers.isEmpty()) {
      return List.of();
    }
    long depth = sold(now);
    List<PricePoint> points = new ArrayList<>();
    for (int i = 0; i < offers.size(); i++) {
      Offer offer = offers.get(i);
      Instant until = i + 1 < offers.size() ? offers.get(i + 1).at() : now.plusMillis(1);
      long skipped = offer.at().isAfter(after) ? 0 : hours(offer.at(), after) + 1;
      for (Instant at = offer.at().plus(REPEAT.multipliedBy(skipped));
          at.isBefore(until) && points.size() < limit;
          at = at.plus(REPEAT)) {
        points.add(new PricePoint(at, offer.micros(), depth));
      }
    }
    return points;
  }

  private static long hours(Instant from, Instant to) {
    return Duration.between(from, to).dividedBy(REPEAT);
  }

  /** CHIP that the treasury sold lately. */
  private long sold(Instant now) {
    Instant from = now.minus(SOLD_WITHIN);
    AccountId treasury = Chart.treasury(Currency.CHIP);
    long sold = 0;
    long before = Long.MAX_VALUE;
    for (int page = 0; page < PAGES_MAX; page++) {
      List<LedgerEntry> entries = ledger.statement(treasury, before, PAGE);
      for (LedgerEntry entry : entries) {
        if (entry.at().isBefore(from)) {
          return Math.max(0, sold);
        }
        sold = Math.addExact(sold, bought(entry));
      }
      if (entries.size() < PAGE) {
        return Math.max(0, sold);
      }
      before = entries.getLast().seq();
    }
    // The rest is left out: a smaller depth lends less.
    return Math.max(0, sold);
  }

  /** What an entry says was bought; negative if it was undone. */
  private static long bought(LedgerEntry entry) {
    Transfer.Kind kind = entry.transfer().kind();
    if (kind != Transfer.Kind.MOVE && kind != Transfer.Kind.POST) {
      return 0;
    }
    String reason = entry.transfer().reason();
    if (reason.equals(SOLD) && entry.debit().equals(Chart.treasury(Currency.CHIP))) {
      return entry.moved();
    }
    // Bought with a payment that was taken back: that was no buying.
    return reason.equals(UNDONE) ? -entry.moved() : 0;
  }
}
