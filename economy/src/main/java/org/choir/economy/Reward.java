package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.choir.core.Json;
import org.choir.core.TenantId;

/**
 * The reward of an article. Amounts are in the smallest unit of CHIP.
 *
 * @param owner the person behind the account
 * @param reason why it is held, stopped or nothing
 * @param epoch in which it was granted
 * @param worth what the rule gave; the epoch's cap may leave less
 * @param atOnce share that is its author's at once, in parts per million
 * @param days over which the rest vests
 * @param why formula and inputs
 * @param made what was made for it
 * @param vested what has become its author's
 * @param loose what lies in its author's unvested account for it
 * @param moves how many there were
 */
public record Reward(
    String article,
    TenantId author,
    String owner,
    RewardRule.Findings findings,
    State state,
    String reason,
    OptionalInt epoch,
    long worth,
    long atOnce,
    long days,
    Optional<Instant> grantedAt,
    Explanation why,
    long made,
    long vested,
    long loose,
    int moves) {

  /** Where a reward stands. */
  public enum State {
    /** Waits for a review. */
    HELD,
    ACTIVE,
    /** All of it is its author's. */
    VESTED,
    /** Worth nothing. */
    NOTHING,
    /** Ended by a finding: what was not vested was taken back. */
    STOPPED;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What its author may still expect. */
  public long unvested() {
    return made - vested;
  }

  /** With its standing; the row joins {@code reward} and {@code reward_standing}. */
  static Reward read(ResultSet row) throws SQLException {
    Timestamp granted = row.getTimestamp("granted_at");
    int epoch = row.getInt("epoch");
    OptionalInt number = row.wasNull() ? OptionalInt.empty() : OptionalInt.of(epoch);
    return new Reward(
        row.getString("article"),
        new TenantId(row.getString("account")),
        row.getString("owner"),
        new RewardRule.Findings(
            row.getInt("score"),
            row.getLong("supported"),
            row.getLong("claims"),
            row.getLong("quality")),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getString("reason"),
        number,
        row.getLong("worth"),
        row.getLong("at_once"),
        row.getLong("days"),
        Optional.ofNullable(granted).map(Timestamp::toInstant),
        Explanation.parse(Json.parseObject(row.getString("explanation"))),
        row.getLong("made"),
        row.getLong("vested"),
        row.getLong("loose"),
        row.getInt("moves"));
  }
}
