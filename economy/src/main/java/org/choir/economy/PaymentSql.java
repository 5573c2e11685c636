package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the services of payments share: columns, keys, notices and troubles. */
final class PaymentSql {
  private static final int KEY_MAX = 80;
  private static final Logger LOG = LoggerFactory.getLogger(PaymentSql.class);

  private PaymentSql() {}

  static UUID uuid(ResultSet row, String column) throws SQLException {
    return row.getObject(column, UUID.class);
  }

  static Optional<String> text(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getString(column));
  }

  /**
   * A client's key, as it came. Ours begin with a slash, so that nobody's can be one of them.
   *
   * @throws ChoirException {@code bad_key}
   */
  static String key(String key) {
    if (key.length() > KEY_MAX || !key.matches("[A-Za-z0-9][A-Za-z0-9._:-]*")) {
      throw ChoirException.usage(
          "bad_key",
          "not a key for a payment",
          "use at most " + KEY_MAX + " letters, digits and . _ : -");
    }
    return key;
  }

  static ChoirException reused(String key) {
    return ChoirException.usage(
        "key_reused", "the key " + key + " was used for something else", "use a new key");
  }

  /** Tells a user something, with the change that it is about. */
  static void tell(Connection c, TenantId user, String code, String words, String link, Instant at)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.payment_notice (tenant, code, words, link, at)"
            + " values (?, ?, ?, ?, ?)",
        user.value(),
        code,
        words,
        link,
        at);
  }

  /** When failed work is tried again. */
  static Instant later(Instant now, int attempts) {
    return now.plus(PaymentRules.pause(attempts));
  }

  /** What went wrong, for the row that it went wrong with. */
  static String problem(RuntimeException e) {
    if (e instanceof ChoirException known) {
      return known.code() + ": " + known.failure().message();
    }
    LOG.warn("a payment met something unexpected; it is tried again", e);
    return "internal_error: " + e;
  }
}
