package org.choir.economy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/** SQL with its arguments in order, each in its caller's transaction. */
final class Statements {
  /** The largest amount that is asked for: a hundred million, which is CHIP's supply cap. */
  static final long AMOUNT_MAX = 100_000_000_000_000L;

  private static final int KEY_MAX = 120;

  private Statements() {}

  /** Reads one row. */
  @FunctionalInterface
  interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  static int update(Connection c, String sql, Object... arguments) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      set(statement, arguments);
      return statement.executeUpdate();
    }
  }

  static <T> List<T> list(Connection c, Row<T> row, String sql, Object... arguments)
      throws SQLException {
    List<T> found = new ArrayList<>();
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      set(statement, arguments);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(row.read(rows));
        }
      }
    }
    return found;
  }

  static <T> Optional<T> first(Connection c, Row<T> row, String sql, Object... arguments)
      throws SQLException {
    return list(c, row, sql, arguments).stream().findFirst();
  }

  private static void set(PreparedStatement statement, Object... arguments) throws SQLException {
    for (int i = 0; i < arguments.length; i++) {
      statement.setObject(i + 1, value(arguments[i]));
    }
  }

  private static @Nullable Object value(Object argument) {
    return switch (argument) {
      case Instant at -> Timestamp.from(at);
      case Optional<?> some -> some.isPresent() ? value(some.get()) : null;
      default -> argument;
    };
  }

  /** A moment of a row. */
  static Instant instant(ResultSet row, String column) throws SQLException {
    return row.getTimestamp(column).toInstant();
  }

  /** A moment of a row that may be missing. */
  static Optional<Instant> maybeInstant(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getTimestamp(column)).map(Timestamp::toInstant);
  }

  /**
   * Refuses what is no amount to ask for.
   *
   * @throws ChoirException {@code bad_amount}
   */
  static long amount(long amount, String what) {
    if (amount <= 0 || amount > AMOUNT_MAX) {
      throw ChoirException.usage(
          "bad_amount",
          amount + " is no amount of " + what,
          "give a whole number from 1 to " + AMOUNT_MAX + " in the smallest unit");
    }
    return amount;
  }

  /**
   * Refuses what is no key of a request.
   *
   * @throws ChoirException {@code bad_key}
   */
  static String key(String key) {
    if (key.isEmpty() || key.length() > KEY_MAX || !Text.visible(key, KEY_MAX).equals(key)) {
      throw ChoirException.usage(
          "bad_key",
          "'" + Text.visible(key, 40) + "' is no key of a request",
          "give 1 to 120 visible characters, the same for each retry");
    }
    return key;
  }
}
