package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.database.Database;

/** Surpluses that are shared: written down with every part, then paid. */
final class SurplusShares {
  private static final int ORDERS_MAX = 500;

  private final Database database;
  private final Ledger ledger;

  SurplusShares(Database database, Ledger ledger) {
    this.database = database;
    this.ledger = ledger;
    ledger.open(Chart.revenue(), Limit.NO_OVERDRAFT);
    ledger.open(Chart.surplus(), Limit.NO_OVERDRAFT);
  }

  /** Pays what was written down before a crash. */
  void finish() {
    database
        .transaction(
            c ->
                Rows.list(
                    c,
                    "select key from economy.surplus where state = 'requested' order by at",
                    row -> row.getString("key")))
        .forEach(this::pay);
  }

  boolean known(String key) {
    return database.transaction(
        c ->
            Rows.first(c, "select 1 from economy.surplus where key = ?", row -> 1, key)
                .isPresent());
  }

  /** Refuses what must not be shared. */
  void judge(
      LocalDate since, LocalDate until, long amount, List<SurplusRule.Part> parts, Instant now) {
    LocalDate today = LocalDate.ofInstant(now, ZoneOffset.UTC);
    boolean overlaps =
        database.transaction(
            c ->
                Rows.first(
                        c,
                        "select 1 from economy.surplus where since < ? and until > ?",
                        row -> 1,
                        until,
                        since)
                    .isPresent());
    if (!since.isBefore(until) || until.isAfter(today) || overlaps) {
      throw ChoirException.usage(
          "bad_period",
          "from " + since + " to " + until + " is no period that is over and not shared yet",
          "give days that are over and that no share has counted");
    }
    long there = ledger.balance(Chart.surplus()).available();
    if (there < amount) {
      throw ChoirException.fatal(
          "surplus_too_small",
          "operations has set aside " + there + " micro-dollars, not " + amount,
          "set aside what was earned first; principal is never shared");
    }
    if (parts.isEmpty()) {
      throw ChoirException.usage(
          "no_deposits", "no deposit was here from " + since + " to " + until, "");
    }
  }

  /** Writes a surplus down with its parts. */
  void add(
      LocalDate since,
      LocalDate until,
      long amount,
      String key,
      List<SurplusRule.Part> parts,
      Instant now) {
    database.transaction(c -> insert(c, since, until, amount, key, parts, now));
  }

  private static int insert(
      Connection c,
      LocalDate since,
      LocalDate until,
      long amount,
      String key,
      List<SurplusRule.Part> parts,
      Instant now)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.surplus (key, since, until, amount, at, state)"
            + " values (?, ?, ?, ?, ?, 'requested')",
        key,
        since,
        until,
        amount,
        now);
    for (SurplusRule.Part part : parts) {
      Rows.update(
          c,
          "insert into economy.surplus_part (surplus, deposit, owner, principal, days, amount,"
              + " explanation) values (?, ?, ?, ?, ?, ?, ?::jsonb)",
          key,
          part.kept().deposit(),
          part.kept().owner().value(),
          part.kept().principal(),
          part.days(),
          part.amount(),
          Json.write(part.explanation().json()));
    }
    return parts.size();
  }

  /** Pays what is written down; tells how much that is. */
  long pay(String key) {
    List<Transfer> orders =
        database.transaction(
            c ->
                Rows.list(
                    c,
                    "select * from economy.surplus_part where surplus = ? and amount > 0"
                        + " order by deposit",
                    row -> order(key, row),
                    key));
    for (int i = 0; i < orders.size(); i += ORDERS_MAX) {
      ledger.require(orders.subList(i, Math.min(orders.size(), i + ORDERS_MAX)));
    }
    database.transaction(
        c -> Rows.update(c, "update economy.surplus set state = 'paid' where key = ?", key));
    return orders.stream().mapToLong(Transfer::amount).reduce(0, Math::addExact);
  }

  private static Transfer order(String key, ResultSet row) throws SQLException {
    return Transfer.move(
        Transfer.id("surplus", key, row.getString("deposit")),
        Chart.surplus(),
        Chart.available(new TenantId(row.getString("owner")), Currency.USDC),
        row.getLong("amount"),
        "surplus_shared",
        Explanation.parse(Json.parseObject(row.getString("explanation"))));
  }
}
