package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.Locale;
import java.util.UUID;
import org.choir.core.TenantId;

/**
 * What a citation pays its cited author. Amounts are in the smallest unit of USDC.
 *
 * @param month which pays it
 * @param attempt a citation that was void and counts again is another attempt
 * @param reserved at the provisional rate; 0 if the budget was reserved already
 * @param amount at the settled rate
 * @param reason why it is void
 */
public record CitationPay(
    String citation,
    String article,
    TenantId author,
    String citingOwner,
    String citedOwner,
    Instant madeAt,
    YearMonth month,
    int attempt,
    State state,
    long reserved,
    long amount,
    String reason) {

  /** Where a payment stands. */
  public enum State {
    /** Until the month's end. */
    PENDING,
    VOID,
    PAID;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  UUID id(String what) {
    return Transfer.id("citation", citation, month.toString(), Integer.toString(attempt), what);
  }

  Cited cited() {
    return new Cited(citation, article, author, citingOwner, citedOwner, madeAt, "");
  }

  static CitationPay read(ResultSet row) throws SQLException {
    return new CitationPay(
        row.getString("citation"),
        row.getString("article"),
        new TenantId(row.getString("account")),
        row.getString("citing_owner"),
        row.getString("cited_owner"),
        row.getTimestamp("made_at").toInstant(),
        YearMonth.parse(row.getString("month")),
        row.getInt("attempt"),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getLong("reserved"),
        row.getLong("amount"),
        row.getString("reason"));
  }
}
