package org.choir.economy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.YearMonth;
import java.util.Locale;
import org.choir.core.Json;

/**
 * A month of citation payments. Amounts are in the smallest unit of USDC.
 *
 * @param eligible how many citations were paid; 0 before it is settled
 * @param paid what they were paid together
 * @param how how the budget came about
 */
public record CitationMonth(
    YearMonth month,
    CitationRule.Terms terms,
    State state,
    long eligible,
    long paid,
    Explanation how) {

  /** Where a month stands. */
  public enum State {
    /** Its budget is on its way from the treasury. */
    OPENING,
    OPEN,
    /** What each citation is paid is decided, and being paid. */
    SETTLING,
    CLOSED
  }

  /** The settled rate of a month that is over, else the provisional one for so many citations. */
  public long rate(long citations) {
    return CitationRule.rate(terms, state.compareTo(State.SETTLING) >= 0 ? eligible : citations);
  }

  static CitationMonth read(ResultSet row) throws SQLException {
    return new CitationMonth(
        YearMonth.parse(row.getString("month")),
        new CitationRule.Terms(
            row.getLong("budget"),
            row.getLong("average"),
            row.getLong("floor"),
            row.getLong("pair_max")),
        State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        row.getLong("eligible"),
        row.getLong("paid"),
        Explanation.parse(Json.parseObject(row.getString("explanation"))));
  }
}
