package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.choir.database.Database;

/** The governed numbers over time: the standard ones and every change that was voted. */
public final class ParameterHistory {
  private final Database database;

  /** Over a database whose room {@code economy} is migrated. */
  public ParameterHistory(Database database) {
    this.database = database;
  }

  /**
   * A change that took effect.
   *
   * @param proposal that was passed for it
   */
  public record Change(String proposal, Parameter parameter, long was, long value, Instant at) {}

  /** The numbers in force at a moment. */
  public Parameters at(Instant moment) {
    Parameters parameters = Parameters.STANDARD;
    for (Change change : changes()) {
      if (!change.at().isAfter(moment)) {
        parameters = parameters.with(change.parameter(), change.value());
      }
    }
    return parameters;
  }

  /** Every change, oldest first. */
  public List<Change> changes() {
    return database.transaction(ParameterHistory::changes);
  }

  static List<Change> changes(Connection c) throws SQLException {
    return Rows.list(
        c,
        "select * from economy.parameter_change order by at, seq",
        row ->
            new Change(
                row.getString("proposal"),
                Parameter.valueOf(row.getString("parameter")),
                row.getLong("was"),
                row.getLong("value"),
                Rows.instant(row, "at")));
  }

  /** The last change of one of these in a span of time, its ends included. */
  public Optional<Change> changed(Set<Parameter> parameters, Instant from, Instant until) {
    return changes().stream()
        .filter(change -> parameters.contains(change.parameter()))
        .filter(change -> !change.at().isBefore(from) && !change.at().isAfter(until))
        .reduce((a, b) -> b);
  }

  /** Writes a change down, once for each proposal, in the transaction that executes it. */
  static void add(Connection c, Change change) throws SQLException {
    Rows.update(
        c,
        "insert into economy.parameter_change (proposal, parameter, was, value, at)"
            + " values (?, ?, ?, ?, ?)",
        change.proposal(),
        change.parameter().name().toUpperCase(Locale.ROOT),
        change.was(),
        change.value(),
        change.at());
  }
}
