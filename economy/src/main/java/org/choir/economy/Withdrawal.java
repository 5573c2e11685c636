package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.TenantId;

/**
 * USDC of a wallet on its way to a bank, as it stands.
 *
 * @param cents what reaches the bank
 * @param payee the user's account at the payment service
 * @param heldUntil when it is sent at the earliest
 * @param sent the service's id of what was sent to that account
 * @param payout the service's id of what was sent on to the bank
 * @param problem why it does not go on, or why it ended as it did
 */
public record Withdrawal(
    UUID id,
    TenantId user,
    String key,
    long cents,
    String payee,
    State state,
    Instant requestedAt,
    Instant heldUntil,
    boolean sendAsked,
    Optional<String> sent,
    boolean payoutAsked,
    Optional<String> payout,
    boolean backAsked,
    int attempts,
    String problem) {

  /** How far it is. */
  public enum State {
    REQUESTED,
    /** The wallet's sum is reserved. */
    HELD,
    /** On its way to the user's account at the service. */
    TRANSFER,
    /** On its way from there to the bank. */
    PAYOUT,
    PAID,
    /** The bank refused it; it is on its way back. */
    RETURNING,
    /** It never left; the sum is in the wallet. */
    FAILED,
    /** It came back; the sum is in the wallet. */
    RETURNED,
    CANCELLED,
    /** The wallet had not enough. */
    REFUSED;

    /** As the table has it. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Withdrawal read(ResultSet row) throws SQLException {
    return new Withdrawal(
        PaymentSql.uuid(row, "id"),
        new TenantId(row.getString("tenant")),
        row.getString("key"),
        row.getLong("cents"),
        row.getString("payee"),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getTimestamp("requested_at").toInstant(),
        row.getTimestamp("held_until").toInstant(),
        row.getBoolean("send_asked"),
        PaymentSql.text(row, "sent"),
        row.getBoolean("payout_asked"),
        PaymentSql.text(row, "payout"),
        row.getBoolean("back_asked"),
        row.getInt("attempts"),
        row.getString("problem"));
  }

  long micro() {
    return Math.multiplyExact(cents, PaymentRules.MICRO_PER_CENT);
  }

  /** The id of one of its transfers, or of what is asked of the service for it. */
  UUID step(String which) {
    return Transfer.id("withdrawal", id.toString(), which);
  }
}
