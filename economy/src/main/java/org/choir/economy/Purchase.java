package org.choir.economy;

import java.net.URI;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.Currency;
import org.choir.core.TenantId;

/**
 * Something bought with dollars, as it stands.
 *
 * @param units credits, or millionths of a CHIP, or millionths of a dollar of debt
 * @param price how the cents follow from the units, for people
 * @param asked whether the payment service may have been asked for it
 * @param url where the user pays, while the page is open
 * @param method the saved card that is charged, if one is
 * @param heldUntil when what was bought is no longer held; empty once it is not
 * @param returnedMicro what went back to the payer, as far as the ledger has it
 * @param takenUnits units that were taken back for it
 * @param owedMicro the part of what went back that the user was made to owe
 */
public record Purchase(
    UUID id,
    TenantId user,
    String key,
    Kind kind,
    long units,
    long cents,
    String price,
    State state,
    boolean asked,
    Optional<String> checkout,
    Optional<URI> url,
    Optional<String> payment,
    Optional<String> method,
    URI returnTo,
    Instant requestedAt,
    Instant expiresAt,
    Optional<Instant> heldUntil,
    long returnedMicro,
    long takenUnits,
    long owedMicro,
    int attempts,
    String problem) {

  /** What is bought. */
  public enum Kind {
    CREDITS,
    CHIP,
    DEBT,
    /** A pack of credits, by a consent given before. */
    AUTO;

    /** As the table has it. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How far it is. */
  public enum State {
    /** Wanted; nothing is sure yet. */
    REQUESTED,
    /** The page to pay on is open. */
    OPEN,
    /** A saved card is being charged. */
    CHARGING,
    /** Paid and delivered. */
    PAID,
    /** Nobody paid in time. */
    EXPIRED,
    /** The bank refused. */
    DECLINED,
    /** The bank wants to see its customer; a page for that is another purchase. */
    ASKS,
    /** The treasury has not enough to sell. */
    REFUSED,
    /** Paid, but it cannot be delivered any more: the payment goes back. */
    REFUNDING,
    REFUNDED;

    /** As the table has it. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Purchase read(ResultSet row) throws SQLException {
    return new Purchase(
        PaymentSql.uuid(row, "id"),
        new TenantId(row.getString("tenant")),
        row.getString("key"),
        Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
        row.getLong("units"),
        row.getLong("cents"),
        row.getString("price"),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getBoolean("asked"),
        PaymentSql.text(row, "checkout"),
        PaymentSql.text(row, "url").map(URI::create),
        PaymentSql.text(row, "payment"),
        PaymentSql.text(row, "method"),
        URI.create(row.getString("return_to")),
        row.getTimestamp("requested_at").toInstant(),
        row.getTimestamp("expires_at").toInstant(),
        Rows.maybeInstant(row, "held_until"),
        row.getLong("returned_micro"),
        row.getLong("taken_units"),
        row.getLong("owed_micro"),
        row.getInt("attempts"),
        row.getString("problem"));
  }

  /** What is paid, in millionths of a dollar. */
  long micro() {
    return Math.multiplyExact(cents, PaymentRules.MICRO_PER_CENT);
  }

  /** Where the dollars of its payment go. */
  AccountId till() {
    return switch (kind) {
      case CREDITS, AUTO -> Chart.revenue();
      case CHIP -> Chart.treasury(Currency.USDC);
      case DEBT -> Chart.debt(user);
    };
  }

  TakeBack.Sale sale() {
    return new TakeBack.Sale(units, micro(), returnedMicro, takenUnits, owedMicro);
  }

  /** The id of one of its transfers. */
  UUID transfer(String... which) {
    return Transfer.id("purchase", id.toString(), String.join("/", which));
  }

  /** What explains its amounts. */
  Explanation why(String formula) {
    return Explanation.of(
        formula, "price", price, "paid", PaymentRules.dollars(cents), "purchase", id.toString());
  }
}
