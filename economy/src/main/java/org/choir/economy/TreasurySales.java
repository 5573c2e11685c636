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
   * Offers CHIP at this price from now on.
   *
   * @param micros micro-dollars for a whole CHIP
   * @param who decided it
   * @throws ChoirException {@code bad_price}
   */
  public void offer(long micros, String who) {
    Instant now = clock.instant();
    PricePoint checked = new PricePoint(now, micros, 0);
    database.transaction(
        c ->
            Rows.update(
                c,
                "insert into economy.sale_offer (at, micros, who) values (?, ?, ?)",
                now,
                checked.micros(),
                Requests.key(who)));
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
          return sold;
        }
        Transfer transfer = entry.transfer();
        if (transfer.reason().equals(SOLD) && moves(transfer) && debits(transfer, treasury)) {
          sold = Math.addExact(sold, entry.moved());
        }
      }
      if (entries.size() < PAGE) {
        return sold;
      }
      before = entries.getLast().seq();
    }
    // The rest is left out: a smaller depth lends less.
    return sold;
  }

  private static boolean moves(Transfer transfer) {
    return transfer.kind() == Transfer.Kind.MOVE || transfer.kind() == Transfer.Kind.POST;
  }

  private static boolean debits(Transfer transfer, AccountId account) {
    return transfer.debit().filter(account::equals).isPresent();
  }
}
