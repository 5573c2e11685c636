package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;

/**
 * Pays authors for citations: shown as pending at a provisional rate when a citation arrives, and
 * posted at the month's end at the settled one. A month's budget lies in an account of its own, so
 * that the ledger itself keeps the sum below it. Months are those of UTC. Thread-safe.
 */
public final class CitationPayments {
  private static final int BATCH = 300;

  private final Database database;
  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;
  private final EarningBonus bonus;
  private final InstantSource clock;

  /** Over the tables of this room, which exist. */
  public CitationPayments(
      Database database, Ledger ledger, Supplier<Parameters> parameters, InstantSource clock) {
    this.database = database;
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
    this.bonus = new EarningBonus(ledger, parameters);
    this.clock = clock;
  }

  /**
   * Opens a month with its budget, which leaves the treasury's holdings of USDC. The first budget
   * stands; the same month again changes nothing.
   *
   * @throws LedgerException if the treasury does not hold it; the month is not opened then
   */
  public synchronized CitationMonth open(CitationBudget budget) {
    Parameters numbers = parameters.get();
    CitationMonth month =
        database.transaction(
            c -> {
              Rows.update(
                  c,
                  "insert into economy.citation_month (month, budget, average, floor, pair_max,"
                      + " state, explanation) values (?, ?, ?, ?, ?, 'opening', ?::jsonb)"
                      + " on conflict do nothing",
                  budget.month().toString(),
                  budget.amount(),
                  budget.average(),
                  numbers.of(Parameter.CITATION_FLOOR),
                  numbers.of(Parameter.CITATION_PAIR_MAX),
                  Json.write(budget.how().json()));
              return CitationTable.month(c, budget.month()).orElseThrow();
            });
    return month.state() == CitationMonth.State.OPENING ? opening(month) : month;
  }

  private CitationMonth opening(CitationMonth month) {
    AccountId account = Chart.citationBudget(month.month());
    ledger.open(account, Limit.NO_OVERDRAFT);
    if (month.terms().budget() > 0) {
      try {
        ledger.require(
            Transfer.move(
                Transfer.id("citations", month.month().toString(), "budget"),
                Chart.treasury(Currency.USDC),
                account,
                month.terms().budget(),
                "citation_budget",
                month.how()));
      } catch (LedgerException e) {
        database.transaction(
            c ->
                Rows.update(
                    c,
                    "delete from economy.citation_month where month = ? and state = 'opening'",
                    month.month().toString()));
        throw e;
      }
    }
    return database.transaction(
        c -> {
          CitationTable.state(
              c, month.month(), CitationMonth.State.OPENING, CitationMonth.State.OPEN);
          return CitationTable.month(c, month.month()).orElseThrow();
        });
  }

  /**
   * Looks at all citations as they weigh now. New ones that count are reserved in the month in
   * which they were made, or in the current one if that is over; those that do not count any more
   * are void; those that count again are reserved anew. Without an open month they wait.
   *
   * @return how many changed
   */
  public synchronized int observe(List<Cited> all) {
    finish();
    Instant now = clock.instant();
    int changed = database.transaction(c -> observe(c, all, now));
    finish();
    return changed;
  }

  private static int observe(Connection c, List<Cited> all, Instant now) throws SQLException {
    Map<String, CitationPay> known = CitationTable.all(c);
    List<CitationMonth> open = new ArrayList<>(CitationTable.unclosed(c));
    open.removeIf(month -> month.state() != CitationMonth.State.OPEN);
    int changed = 0;
    for (Cited cited : all) {
      CitationPay pay = known.get(cited.citation());
      if (pay != null
          && pay.state() == CitationPay.State.PENDING
          && !cited.payable()
          && in(open, pay.month()).isPresent()) {
        CitationTable.decide(
            c, cited.citation(), CitationPay.State.VOID, new CitationRule.Pay(0, cited.reason()));
        changed++;
      }
    }
    Map<YearMonth, Counted> counted = new HashMap<>();
    for (Cited cited : all) {
      CitationPay pay = known.get(cited.citation());
      Optional<CitationMonth> month = monthOf(cited, open, now);
      if (cited.payable() && month.isPresent() && (pay == null || countsAgain(pay))) {
        YearMonth name = month.get().month();
        Counted before = counted.containsKey(name) ? counted.get(name) : counted(c, name);
        CitationRule.Terms terms = month.get().terms();
        long rate = CitationRule.rate(terms, before.citations() + 1);
        long reserved = Math.min(rate, Math.max(0, terms.budget() - before.reserved()));
        CitationTable.count(c, cited, name, reserved, now);
        counted.put(name, new Counted(before.citations() + 1, before.reserved() + reserved));
        changed++;
      }
    }
    return changed;
  }

  /** What is pending in a month. */
  private record Counted(long citations, long reserved) {}

  private static Counted counted(Connection c, YearMonth month) throws SQLException {
    return new Counted(CitationTable.pending(c, month).size(), CitationTable.reserved(c, month));
  }

  /** What the settlement itself left without pay has had its month. */
  private static boolean countsAgain(CitationPay pay) {
    return pay.state() == CitationPay.State.VOID
        && !pay.reason().startsWith("pair_bound")
        && !pay.reason().startsWith("no_budget");
  }

  private static Optional<CitationMonth> in(List<CitationMonth> months, YearMonth month) {
    return months.stream().filter(m -> m.month().equals(month)).findFirst();
  }

  private static YearMonth of(Instant at) {
    return YearMonth.from(at.atZone(ZoneOffset.UTC));
  }

  private static Optional<CitationMonth> monthOf(
      Cited cited, List<CitationMonth> open, Instant now) {
    return in(open, of(cited.at())).or(() -> in(open, of(now)));
  }

  /**
   * Ends a month: what weighs now is settled, the sum never above the budget, the rest goes back to
   * the treasury, and those who earned get their bonus. Killed in the middle, the next call goes on
   * where it stopped; a closed month stays as it is.
   *
   * @throws ChoirException {@code no_such_month}, {@code month_not_over}
   */
  public synchronized CitationMonth close(YearMonth month, List<Cited> all) {
    finish();
    Instant now = clock.instant();
    CitationMonth before =
        database
            .transaction(c -> CitationTable.month(c, month))
            .orElseThrow(
                () ->
                    ChoirException.usage(
                        "no_such_month", "there is no budget for citations of " + month, ""));
    if (before.state() == CitationMonth.State.CLOSED) {
      return before;
    }
    if (!of(now).isAfter(month)) {
      throw ChoirException.usage(
          "month_not_over", month + " is not over at " + now, "close it from the 1st on, UTC");
    }
    if (before.state() == CitationMonth.State.OPENING) {
      opening(before);
    }
    if (before.state() != CitationMonth.State.SETTLING) {
      // What is seen only now is reserved first: the settlement ends reservations.
      database.transaction(c -> observe(c, all, now));
      finish();
      database.transaction(
          c -> {
            settle(c, month);
            return 0;
          });
    }
    finish();
    return closing(month);
  }

  private static void settle(Connection c, YearMonth name) throws SQLException {
    CitationMonth month = CitationTable.month(c, name).orElseThrow();
    List<Cited> cited = CitationTable.pending(c, name).stream().map(CitationPay::cited).toList();
    Map<String, CitationRule.Pay> pays = CitationRule.settle(month.terms(), cited);
    long eligible = CitationRule.eligible(cited, month.terms().pairMax());
    long paid = 0;
    for (Map.Entry<String, CitationRule.Pay> pay : pays.entrySet()) {
      boolean paying = pay.getValue().amount() > 0;
      CitationTable.decide(
          c,
          pay.getKey(),
          paying ? CitationPay.State.PAID : CitationPay.State.VOID,
          pay.getValue());
      paid = Math.addExact(paid, pay.getValue().amount());
    }
    Rows.update(
        c,
        "update economy.citation_month set state = 'settling', eligible = ?, paid = ?"
            + " where month = ?",
        eligible,
        paid,
        name.toString());
  }

  private CitationMonth closing(YearMonth name) {
    CitationMonth month = require(name);
    long rest = month.terms().budget() - month.paid();
    if (rest > 0) {
      ledger.require(
          Transfer.move(
              Transfer.id("citations", name.toString(), "rest"),
              Chart.citationBudget(name),
              Chart.treasury(Currency.USDC),
              rest,
              "citation_budget_rest",
              Explanation.of(
                  "budget - paid",
                  "budget",
                  CitationOrders.usdc(month.terms().budget()),
                  "paid",
                  CitationOrders.usdc(month.paid()))));
    }
    List<String> earned =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select distinct account from economy.citation_pay"
                        + " where month = ? and state = 'paid' order by account",
                    row -> row.getString(1),
                    name.toString()));
    for (String account : earned) {
      bonus.give(new TenantId(account));
    }
    return database.transaction(
        c -> {
          CitationTable.state(c, name, CitationMonth.State.SETTLING, CitationMonth.State.CLOSED);
          return CitationTable.month(c, name).orElseThrow();
        });
  }

  /** Orders what is decided, which the ledger does once, and writes down and tells that it is. */
  private void finish() {
    while (true) {
      List<CitationPay> undone = database.transaction(c -> CitationTable.undone(c, BATCH));
      if (undone.isEmpty()) {
        return;
      }
      List<Transfer> orders = new ArrayList<>();
      Map<YearMonth, CitationMonth> months = new HashMap<>();
      undone.stream().map(CitationPay::author).distinct().forEach(purses::open);
      for (CitationPay pay : undone) {
        CitationMonth month = months.computeIfAbsent(pay.month(), this::require);
        orders.addAll(CitationOrders.of(pay, month));
      }
      if (!orders.isEmpty()) {
        ledger.require(orders);
      }
      Instant now = clock.instant();
      database.transaction(
          c -> {
            for (CitationPay pay : undone) {
              CitationTable.done(c, pay);
              CitationOrders.tell(c, pay, now);
            }
            return 0;
          });
    }
  }

  private CitationMonth require(YearMonth month) {
    return database.transaction(c -> CitationTable.month(c, month)).orElseThrow();
  }

  /** The average of citations paid in the three months before this one; months not there are 0. */
  public long average(YearMonth month) {
    return database.transaction(
        c -> {
          long sum = 0;
          for (int back = 1; back <= 3; back++) {
            sum +=
                CitationTable.month(c, month.minusMonths(back))
                    .map(CitationMonth::eligible)
                    .orElse(0L);
          }
          return sum / 3;
        });
  }

  /** A month, if it was opened. */
  public Optional<CitationMonth> month(YearMonth month) {
    return database.transaction(c -> CitationTable.month(c, month));
  }

  /** Months that were opened and are not closed, oldest first. */
  public List<CitationMonth> unclosed() {
    return database.transaction(CitationTable::unclosed);
  }

  /** A user's payments, newest first. */
  public List<CitationPay> ofUser(TenantId user) {
    return database.transaction(
        c ->
            Rows.list(
                c,
                "select * from economy.citation_pay where account = ? order by seq desc limit 1000",
                CitationPay::read,
                user.value()));
  }
}
