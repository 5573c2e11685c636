package org.choir.economy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.Currency;
import org.choir.core.Json;

/** What the ledger reads from its tables. */
final class LedgerRows {
  private static final String ENTRY =
      "select t.*, d.owner as d_owner, d.purse as d_purse, d.currency as currency,"
          + " c.owner as c_owner, c.purse as c_purse from economy.transfer t"
          + " join economy.account d on d.number = t.debit"
          + " join economy.account c on c.number = t.credit ";

  private LedgerRows() {}

  /** Values of a statement, set before it runs. */
  interface Values {
    void set(PreparedStatement statement) throws SQLException;
  }

  /** One row, read. */
  interface Reader<T> {
    T read(ResultSet row) throws SQLException;
  }

  static <T> List<T> list(Connection c, String sql, Values values, Reader<T> reader)
      throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      values.set(statement);
      try (ResultSet rows = statement.executeQuery()) {
        List<T> found = new ArrayList<>();
        while (rows.next()) {
          found.add(reader.read(rows));
        }
        return found;
      }
    }
  }

  /** Runs a statement that changes rows; how many it changed. */
  static int change(Connection c, String sql, Values values) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      values.set(statement);
      return statement.executeUpdate();
    }
  }

  static Map<AccountId, LedgerJudge.Standing> accounts(Connection c, Collection<AccountId> wanted)
      throws SQLException {
    Map<AccountId, LedgerJudge.Standing> found = new HashMap<>();
    if (wanted.isEmpty()) {
      return found;
    }
    String[] owners = wanted.stream().map(AccountId::owner).toArray(String[]::new);
    String[] purses = wanted.stream().map(AccountId::purse).toArray(String[]::new);
    String[] currencies = wanted.stream().map(a -> a.currency().name()).toArray(String[]::new);
    list(
        c,
        "select a.* from unnest(?::text[], ?::text[], ?::text[]) as w(owner, purse, currency)"
            + " join economy.account a using (purse, currency, owner)",
        s -> {
          s.setArray(1, c.createArrayOf("text", owners));
          s.setArray(2, c.createArrayOf("text", purses));
          s.setArray(3, c.createArrayOf("text", currencies));
        },
        row -> found.put(account(row), standing(row)));
    return found;
  }

  static AccountId account(ResultSet row) throws SQLException {
    return new AccountId(
        row.getString("owner"),
        row.getString("purse"),
        Currency.valueOf(row.getString("currency")));
  }

  private static LedgerJudge.Standing standing(ResultSet row) throws SQLException {
    return new LedgerJudge.Standing(
        row.getLong("number"),
        Limit.valueOf(row.getString("may").toUpperCase(Locale.ROOT)),
        balance(row),
        row.getLong("entries"));
  }

  static Balance balance(ResultSet row) throws SQLException {
    return new Balance(
        row.getLong("debits_posted"),
        row.getLong("credits_posted"),
        row.getLong("debits_pending"),
        row.getLong("credits_pending"));
  }

  static List<LedgerEntry> entries(Connection c, Collection<UUID> ids) throws SQLException {
    return ids.isEmpty()
        ? List.of()
        : list(
            c, ENTRY + "where t.id = any(?)", s -> s.setArray(1, uuids(c, ids)), LedgerRows::entry);
  }

  /** Entries by number, both ends included, in order. */
  static List<LedgerEntry> entries(Connection c, long first, long last) throws SQLException {
    return list(
        c,
        ENTRY + "where t.seq between ? and ? order by t.seq",
        s -> {
          s.setLong(1, first);
          s.setLong(2, last);
        },
        LedgerRows::entry);
  }

  /** The newest of an account before a number, newest first. */
  static List<LedgerEntry> statement(Connection c, long account, long before, int limit)
      throws SQLException {
    String side =
        "(select seq from economy.transfer where %s = ? and seq < ? order by seq desc limit ?)";
    return list(
        c,
        ENTRY
            + "where t.seq in (select seq from ("
            + side.formatted("debit")
            + " union all "
            + side.formatted("credit")
            + ") s order by seq desc limit ?) order by t.seq desc",
        s -> {
          s.setLong(1, account);
          s.setLong(2, before);
          s.setInt(3, limit);
          s.setLong(4, account);
          s.setLong(5, before);
          s.setInt(6, limit);
          s.setInt(7, limit);
        },
        LedgerRows::entry);
  }

  /** How these reservations were ended, those that were. */
  static Map<UUID, Transfer.Kind> ends(Connection c, Collection<UUID> reservations)
      throws SQLException {
    Map<UUID, Transfer.Kind> ends = new HashMap<>();
    if (!reservations.isEmpty()) {
      list(
          c,
          "select pending, kind from economy.transfer where pending = any(?)",
          s -> s.setArray(1, uuids(c, reservations)),
          row ->
              Optional.ofNullable(
                  ends.put(row.getObject(1, UUID.class), Transfer.Kind.of(row.getInt(2)))));
    }
    return ends;
  }

  private static java.sql.Array uuids(Connection c, Collection<UUID> ids) throws SQLException {
    return c.createArrayOf("uuid", ids.toArray());
  }

  private static LedgerEntry entry(ResultSet row) throws SQLException {
    Currency currency = Currency.valueOf(row.getString("currency"));
    Transfer transfer =
        new Transfer(
            row.getObject("id", UUID.class),
            Transfer.Kind.of(row.getInt("kind")),
            Optional.of(
                new AccountId(row.getString("d_owner"), row.getString("d_purse"), currency)),
            Optional.of(
                new AccountId(row.getString("c_owner"), row.getString("c_purse"), currency)),
            row.getLong("ordered"),
            Optional.ofNullable(row.getObject("pending", UUID.class)),
            Duration.ofMillis(row.getLong("timeout_ms")),
            row.getBoolean("linked"),
            row.getString("reason"),
            Explanation.parse(Json.parseObject(row.getString("explanation"))));
    return new LedgerEntry(
        transfer,
        row.getLong("moved"),
        row.getLong("reserved"),
        row.getLong("batch"),
        row.getLong("seq"),
        row.getTimestamp("at").toInstant());
  }
}
