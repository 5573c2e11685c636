package org.choir.economy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.TenantId;

/** The statements over the tables of loans, each in its caller's transaction. */
final class LoanTable {
  private LoanTable() {}

  /**
   * What was decided about a loan after it was made.
   *
   * @param chip pledged, or taken by the treasury
   * @param freed CHIP given back to the owner
   * @param interest repaid or cleared
   * @param principal repaid or cleared
   * @param price by which it was decided; 0 if by none
   * @param ends the state of the loan after it
   */
  record Change(
      String id,
      String loan,
      Kind kind,
      long chip,
      long freed,
      long interest,
      long principal,
      long price,
      Instant at,
      boolean done,
      Loan.State ends) {
    /** What happens. */
    enum Kind {
      REPAY,
      PLEDGE,
      LIQUIDATE
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  static void insert(Connection c, Loan loan, String key) throws SQLException {
    Rows.update(
        c,
        "insert into economy.loan (id, owner, key, collateral, amount, price, depth, others,"
            + " loan_to_value, interest, at, state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        loan.id(),
        loan.owner().value(),
        key,
        loan.collateral(),
        loan.amount(),
        loan.price(),
        loan.depth(),
        loan.others(),
        loan.loanToValue(),
        loan.interest(),
        loan.at(),
        word(loan.state()));
  }

  static Optional<Loan> find(Connection c, String id) throws SQLException {
    return Rows.first(c, "select * from economy.loan where id = ?", LoanTable::loan, id);
  }

  static List<Loan> of(Connection c, TenantId owner) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.loan where owner = ? order by at, id",
        LoanTable::loan,
        owner.value());
  }

  /** All that are not over. */
  static List<Loan> open(Connection c) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.loan where state in ('requested', 'open', 'uncovered') order by at,"
            + " id",
        LoanTable::loan);
  }

  private static Loan loan(ResultSet row) throws SQLException {
    return new Loan(
        row.getString("id"),
        new TenantId(row.getString("owner")),
        row.getLong("collateral"),
        row.getLong("amount"),
        row.getLong("price"),
        row.getLong("depth"),
        row.getLong("others"),
        row.getLong("loan_to_value"),
        row.getLong("interest"),
        Rows.instant(row, "at"),
        Loan.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)));
  }

  static void state(Connection c, String loan, Loan.State state, Instant at) throws SQLException {
    Rows.update(
        c,
        "update economy.loan set state = ?, ended_at = ? where id = ?",
        word(state),
        state.over() ? Optional.of(at) : Optional.empty(),
        loan);
  }

  static void delete(Connection c, String loan) throws SQLException {
    Rows.update(c, "delete from economy.loan where id = ? and state = 'requested'", loan);
  }

  static void insert(Connection c, Change change) throws SQLException {
    Rows.update(
        c,
        "insert into economy.loan_change (id, loan, kind, chip, freed, interest, principal, price,"
            + " at, state, ends) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'requested', ?)",
        change.id(),
        change.loan(),
        word(change.kind()),
        change.chip(),
        change.freed(),
        change.interest(),
        change.principal(),
        change.price(),
        change.at(),
        word(change.ends()));
  }

  static Optional<Change> change(Connection c, String id) throws SQLException {
    return Rows.first(c, "select * from economy.loan_change where id = ?", LoanTable::change, id);
  }

  /** What was decided and is not done. */
  static List<Change> unfinished(Connection c) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.loan_change where state = 'requested' order by at, id",
        LoanTable::change);
  }

  static long liquidations(Connection c, String loan) throws SQLException {
    return Rows.first(
            c,
            "select count(*) from economy.loan_change where loan = ? and kind = 'liquidate'",
            row -> row.getLong(1),
            loan)
        .orElseThrow();
  }

  private static Change change(ResultSet row) throws SQLException {
    return new Change(
        row.getString("id"),
        row.getString("loan"),
        Change.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
        row.getLong("chip"),
        row.getLong("freed"),
        row.getLong("interest"),
        row.getLong("principal"),
        row.getLong("price"),
        Rows.instant(row, "at"),
        row.getString("state").equals("done"),
        Loan.State.valueOf(row.getString("ends").toUpperCase(Locale.ROOT)));
  }

  static void done(Connection c, Change change) throws SQLException {
    Rows.update(c, "update economy.loan_change set state = 'done' where id = ?", change.id());
    state(c, change.loan(), change.ends(), change.at());
  }

  static void delete(Connection c, Change change) throws SQLException {
    Rows.update(
        c, "delete from economy.loan_change where id = ? and state = 'requested'", change.id());
  }
}
