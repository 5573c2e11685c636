package org.choir.economy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;

/** The statements over the table of settlements, each in its caller's transaction. */
final class SettlementTable {
  private static final String SELECT = "select * from economy.settlement ";

  private SettlementTable() {}

  /**
   * A settlement as it stands.
   *
   * @param signed the transaction that is under way or settled it
   * @param trouble what went wrong last; empty if nothing
   */
  record Row(
      Settlement settlement,
      State state,
      Optional<ChainGateway.Signed> signed,
      OptionalLong checkpoint,
      int attempts,
      String trouble,
      Optional<Instant> settledAt) {}

  /** How far a settlement is. */
  enum State {
    WAITING,
    SIGNED,
    SETTLED,
    REFUSED;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Adds it unless it is there. */
  static int add(Connection c, Settlement settlement, Instant now) throws SQLException {
    return LedgerRows.change(
        c,
        "insert into economy.settlement (receipt, transfer, kind, account, amount, about, reason,"
            + " not_before, made_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
        s -> {
          s.setString(1, settlement.receipt().hex());
          s.setObject(2, settlement.transfer());
          s.setString(3, settlement.kind().word());
          s.setString(4, settlement.user().value());
          s.setLong(5, settlement.amount());
          s.setString(6, settlement.about());
          s.setString(7, settlement.reason());
          s.setTimestamp(8, Timestamp.from(now));
          s.setTimestamp(9, Timestamp.from(now));
        });
  }

  static Optional<Row> find(Connection c, UUID transfer) throws SQLException {
    return first(c, "where transfer = ?", s -> s.setObject(1, transfer));
  }

  static Optional<Row> underWay(Connection c) throws SQLException {
    return first(c, "where state = 'signed'", s -> {});
  }

  static Optional<Row> next(Connection c, Instant now) throws SQLException {
    return first(
        c,
        "where state = 'waiting' and not_before <= ? order by seq limit 1",
        s -> s.setTimestamp(1, Timestamp.from(now)));
  }

  /** Settled ones, those that were never or longest ago compared first. */
  static List<Row> settled(Connection c, int limit) throws SQLException {
    return rows(
        c,
        "where state = 'settled' order by checked_at nulls first, seq limit ?",
        s -> s.setInt(1, limit));
  }

  /** Settled ones of which it was not read yet where the chain has them. */
  static List<Row> unconfirmed(Connection c, int limit) throws SQLException {
    return rows(
        c,
        "where state = 'settled' and checkpoint is null order by seq limit ?",
        s -> s.setInt(1, limit));
  }

  private static Optional<Row> first(Connection c, String condition, LedgerRows.Values values)
      throws SQLException {
    return rows(c, condition, values).stream().findFirst();
  }

  static List<Row> rows(Connection c, String condition, LedgerRows.Values values)
      throws SQLException {
    return LedgerRows.list(c, SELECT + condition, values, SettlementTable::row);
  }

  private static Row row(ResultSet row) throws SQLException {
    Settlement settlement =
        new Settlement(
            new Digest(row.getString("receipt")),
            row.getObject("transfer", UUID.class),
            Settlement.Kind.of(row.getString("kind")),
            new TenantId(row.getString("account")),
            row.getLong("amount"),
            row.getString("about"),
            row.getString("reason"));
    String digest = row.getString("digest");
    byte[] bytes = row.getBytes("bytes");
    Optional<ChainGateway.Signed> signed = Optional.empty();
    if (digest != null && bytes != null) {
      List<String> signatures = new ArrayList<>();
      Json.parse(row.getString("signatures")).forEach(each -> signatures.add(each.textValue()));
      signed =
          Optional.of(
              new ChainGateway.Signed(
                  settlement, digest, bytes, List.copyOf(signatures), row.getString("pin")));
    }
    long checkpoint = row.getLong("checkpoint");
    OptionalLong confirmed = row.wasNull() ? OptionalLong.empty() : OptionalLong.of(checkpoint);
    Timestamp settledAt = row.getTimestamp("settled_at");
    return new Row(
        settlement,
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        signed,
        confirmed,
        row.getInt("attempts"),
        row.getString("trouble"),
        Optional.ofNullable(settledAt).map(Timestamp::toInstant));
  }

  /** Writes down what will be sent, before it is. */
  static void signed(Connection c, ChainGateway.Signed signed, Instant now) throws SQLException {
    ArrayNode signatures = Json.array();
    signed.signatures().forEach(signatures::add);
    String receipt = signed.settlement().receipt().hex();
    int changed =
        LedgerRows.change(
            c,
            "update economy.settlement set state = 'signed', digest = ?, bytes = ?, signatures = ?,"
                + " pin = ?, attempts = attempts + 1, trouble = '' where receipt = ?"
                + " and state = 'waiting'",
            s -> {
              s.setString(1, signed.digest());
              s.setBytes(2, signed.bytes());
              s.setString(3, Json.write(signatures));
              s.setString(4, signed.pin());
              s.setString(5, receipt);
            });
    if (changed != 1) {
      throw new SQLException("another has signed for " + receipt, "40001");
    }
    LedgerRows.change(
        c,
        "insert into economy.settlement_attempt (digest, receipt, bytes, at) values (?, ?, ?, ?)"
            + " on conflict do nothing",
        s -> {
          s.setString(1, signed.digest());
          s.setString(2, receipt);
          s.setBytes(3, signed.bytes());
          s.setTimestamp(4, Timestamp.from(now));
        });
  }

  static void settled(
      Connection c, Settlement settlement, OptionalLong checkpoint, String note, Instant now)
      throws SQLException {
    LedgerRows.change(
        c,
        "update economy.settlement set state = 'settled', checkpoint = ?, trouble = ?,"
            + " settled_at = coalesce(settled_at, ?) where receipt = ? and state in ('signed',"
            + " 'settled')",
        s -> {
          s.setObject(1, checkpoint.isPresent() ? checkpoint.getAsLong() : null);
          s.setString(2, note);
          s.setTimestamp(3, Timestamp.from(now));
          s.setString(4, settlement.receipt().hex());
        });
  }

  /** Back to waiting, or given up until a person asks for it again. */
  static void unsettled(
      Connection c, Settlement settlement, State state, String trouble, Instant notBefore)
      throws SQLException {
    LedgerRows.change(
        c,
        "update economy.settlement set state = ?, trouble = ?, not_before = ? where receipt = ?"
            + " and state in ('signed', 'waiting', 'refused')",
        s -> {
          s.setString(1, state.word());
          s.setString(2, trouble);
          s.setTimestamp(3, Timestamp.from(notBefore));
          s.setString(4, settlement.receipt().hex());
        });
  }

  /** All that wait and are of this kind wait at least so long. */
  static void postpone(Connection c, Settlement.Kind kind, Instant notBefore) throws SQLException {
    LedgerRows.change(
        c,
        "update economy.settlement set not_before = greatest(not_before, ?) where kind = ?"
            + " and state = 'waiting'",
        s -> {
          s.setTimestamp(1, Timestamp.from(notBefore));
          s.setString(2, kind.word());
        });
  }

  static void trouble(Connection c, Settlement settlement, String trouble) throws SQLException {
    LedgerRows.change(
        c,
        "update economy.settlement set trouble = ? where receipt = ?",
        s -> {
          s.setString(1, trouble);
          s.setString(2, settlement.receipt().hex());
        });
  }

  static void checked(Connection c, List<Row> rows, Instant now) throws SQLException {
    String[] receipts =
        rows.stream().map(row -> row.settlement().receipt().hex()).toArray(String[]::new);
    LedgerRows.change(
        c,
        "update economy.settlement set checked_at = ? where receipt = any(?)",
        s -> {
          s.setTimestamp(1, Timestamp.from(now));
          s.setArray(2, c.createArrayOf("text", receipts));
        });
  }

  /** CHIP that are to be made on the chain, in these states, in the smallest unit. */
  static long minting(Connection c, String states) throws SQLException {
    return LedgerRows.list(
            c,
            "select coalesce(sum(amount), 0) from economy.settlement where kind = 'reward' and "
                + states,
            s -> {},
            row -> row.getBigDecimal(1).longValueExact())
        .getFirst();
  }

  static long lastCheckpoint(Connection c) throws SQLException {
    return LedgerRows.list(
            c,
            "select coalesce(max(checkpoint), 0) from economy.settlement",
            s -> {},
            row -> row.getLong(1))
        .getFirst();
  }

  static long cursor(Connection c, AccountId account) throws SQLException {
    return LedgerRows.list(
            c,
            "select coalesce(max(seq), 0) from economy.settlement_cursor where account = ?",
            s -> s.setString(1, account.toString()),
            row -> row.getLong(1))
        .getFirst();
  }

  static void cursor(Connection c, AccountId account, long seq) throws SQLException {
    LedgerRows.change(
        c,
        "insert into economy.settlement_cursor (account, seq) values (?, ?) on conflict (account)"
            + " do update set seq = greatest(economy.settlement_cursor.seq, excluded.seq)",
        s -> {
          s.setString(1, account.toString());
          s.setLong(2, seq);
        });
  }
}
