package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The statements over months and citation payments, each in its caller's transaction. */
final class CitationTable {
  private CitationTable() {}

  static Optional<CitationMonth> month(Connection c, YearMonth month) throws SQLException {
    return Rows.first(
        c,
        "select * from economy.citation_month where month = ?",
        CitationMonth::read,
        month.toString());
  }

  /** Those that still pay: opening, open or settling. */
  static List<CitationMonth> unclosed(Connection c) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.citation_month where state <> 'closed' order by month",
        CitationMonth::read);
  }

  static void state(Connection c, YearMonth month, CitationMonth.State from, CitationMonth.State to)
      throws SQLException {
    Rows.update(
        c,
        "update economy.citation_month set state = ? where month = ? and state = ?",
        word(to),
        month.toString(),
        word(from));
  }

  static String word(CitationMonth.State state) {
    return state.name().toLowerCase(java.util.Locale.ROOT);
  }

  /** All payments ever seen, by the citation's id. */
  static Map<String, CitationPay> all(Connection c) throws SQLException {
    Map<String, CitationPay> all = new HashMap<>();
    Rows.list(c, "select * from economy.citation_pay", CitationPay::read)
        .forEach(pay -> all.put(pay.citation(), pay));
    return all;
  }

  static List<CitationPay> pending(Connection c, YearMonth month) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.citation_pay where month = ? and state = 'pending' order by seq",
        CitationPay::read,
        month.toString());
  }

  static long reserved(Connection c, YearMonth month) throws SQLException {
    return Rows.number(
        c,
        "select coalesce(sum(reserved), 0) from economy.citation_pay"
            + " where month = ? and state = 'pending'",
        month.toString());
  }

  /** A citation begins to count, or counts again. */
  static void count(Connection c, Cited cited, YearMonth month, long reserved, Instant now)
      throws SQLException {
    Rows.update(
        c,
        "insert into economy.citation_pay (citation, article, account, citing_owner, cited_owner,"
            + " made_at, month, attempt, state, done, reserved, seen_at)"
            + " values (?, ?, ?, ?, ?, ?, ?, 1, 'pending', false, ?, ?)"
            + " on conflict (citation) do update set month = excluded.month, attempt ="
            + " citation_pay.attempt + 1, state = 'pending', done = false, reserved ="
            + " excluded.reserved, reason = '', seen_at = excluded.seen_at,"
            + " citing_owner = excluded.citing_owner, cited_owner = excluded.cited_owner"
            + " where citation_pay.state = 'void'",
        cited.citation(),
        cited.article(),
        cited.author().value(),
        cited.citingOwner(),
        cited.citedOwner(),
        cited.at(),
        month.toString(),
        reserved,
        now);
  }

  /** Decides what a pending citation becomes. */
  static void decide(Connection c, String citation, CitationPay.State state, CitationRule.Pay pay)
      throws SQLException {
    Rows.update(
        c,
        "update economy.citation_pay set state = ?, done = false, amount = ?, reason = ?"
            + " where citation = ? and state = 'pending'",
        state.word(),
        pay.amount(),
        pay.reason(),
        citation);
  }

  /**
   * What is decided and not written down as done: what gives back first and what takes more than it
   * had reserved last, so that the budget's account always has what the next one needs.
   */
  static List<CitationPay> undone(Connection c, int limit) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.citation_pay where not done"
            + " order by state = 'void' desc, state = 'paid' and amount > reserved, seq limit ?",
        CitationPay::read,
        limit);
  }

  static void done(Connection c, CitationPay pay) throws SQLException {
    Rows.update(
        c,
        "update economy.citation_pay set done = true where citation = ? and attempt = ?"
            + " and state = ?",
        pay.citation(),
        pay.attempt(),
        pay.state().word());
  }
}
