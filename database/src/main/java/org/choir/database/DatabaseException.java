package org.choir.database;

import java.sql.SQLException;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.jspecify.annotations.Nullable;

/** A database that does not answer, refuses, or cannot be started. */
public final class DatabaseException extends ChoirException {
  private final String sqlState;

  private DatabaseException(Failure failure, String sqlState, @Nullable Throwable cause) {
    super(failure, cause);
    this.sqlState = sqlState;
  }

  /** What went wrong with one piece of work, told apart by the SQL state's class. */
  static DatabaseException of(String what, SQLException e) {
    String state = e.getSQLState() == null ? "" : e.getSQLState();
    String message = what + ": " + e.getMessage();
    if (state.startsWith("40") || state.equals("55P03")) {
      return failed("database_conflict", message, "try again", true, state, e);
    }
    if (state.startsWith("23")) {
      return failed("database_constraint", message, "change what is written", false, state, e);
    }
    if (state.startsWith("08")
        || state.startsWith("57P")
        || state.startsWith("53")
        || state.isEmpty()) {
      return failed(
          "database_unreachable", message, "see to the database; choir doctor", true, state, e);
    }
    return failed("database_failed", message, "see the log of the server", false, state, e);
  }

  static DatabaseException of(
      String code, String message, String remedy, boolean retryable, @Nullable Throwable cause) {
    return failed(code, message, remedy, retryable, "", cause);
  }

  private static DatabaseException failed(
      String code,
      String message,
      String remedy,
      boolean retryable,
      String state,
      @Nullable Throwable cause) {
    return new DatabaseException(
        new Failure(code, message, remedy, ExitStatus.FAILED, retryable), state, cause);
  }

  /** PostgreSQL's five-character code, or nothing if it was not PostgreSQL that failed. */
  public String sqlState() {
    return sqlState;
  }
}
