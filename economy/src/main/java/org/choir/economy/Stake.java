package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * CHIP that answer for one article. Amounts are in the smallest unit; the parts, what is missing
 * and what was slashed add up to the amount.
 *
 * @param key the publication's, the same over its repetitions
 * @param article empty until it is published
 * @param starter the part that came from starter CHIP and goes back there
 * @param available the part that was free before
 * @param reward the part that came from the article's own reward
 * @param missing what the article's own reward is to complete
 * @param attempt a refused stake may be tried again
 * @param freeAt when it goes back unless it is accused
 * @param round how often it was slashed
 * @param accuser who wants it slashed
 * @param reasons the accuser's
 * @param share of the stake that is to be slashed, in parts per million
 * @param appeal the author's answer
 * @param reviewer who decided
 * @param decision the reviewer's reasons
 */
public record Stake(
    String key,
    TenantId user,
    Optional<String> article,
    long amount,
    long starter,
    long available,
    long reward,
    long missing,
    int attempt,
    State state,
    Instant freeAt,
    int round,
    String accuser,
    String reasons,
    long share,
    Optional<Instant> appealUntil,
    String appeal,
    String reviewer,
    String decision,
    long slashed,
    long slashing) {

  /** Where a stake stands. */
  public enum State {
    /** Being taken. */
    TAKING,
    /** There was too little by the time. */
    REFUSED,
    HELD,
    /** Frozen: someone wants it slashed, and its author may appeal. */
    ACCUSED,
    /** Frozen: a reviewer has to decide. */
    APPEALED,
    /** On its way to the treasury. */
    SLASHING,
    /** Nothing of it is left. */
    SLASHED,
    /** On its way back. */
    RETURNING,
    RETURNED;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What lies in the account of stakes for it. */
  long there() {
    return starter + available + reward;
  }

  UUID id(String what) {
    return Transfer.id("stake", key, Integer.toString(attempt), what);
  }

  static Stake read(ResultSet row) throws SQLException {
    Timestamp until = row.getTimestamp("appeal_until");
    return new Stake(
        row.getString("key"),
        new TenantId(row.getString("account")),
        Optional.ofNullable(row.getString("article")),
        row.getLong("amount"),
        row.getLong("starter"),
        row.getLong("available"),
        row.getLong("reward"),
        row.getLong("missing"),
        row.getInt("attempt"),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getTimestamp("free_at").toInstant(),
        row.getInt("round"),
        text(row.getString("accuser")),
        text(row.getString("reasons")),
        row.getLong("share"),
        Optional.ofNullable(until).map(Timestamp::toInstant),
        text(row.getString("appeal")),
        text(row.getString("reviewer")),
        text(row.getString("decision")),
        row.getLong("slashed"),
        row.getLong("slashing"));
  }

  private static String text(@Nullable String value) {
    return value == null ? "" : value;
  }
}
