package org.choir.audit.postgres;

import java.time.Duration;
import org.choir.audit.LogException;
import org.choir.audit.LogFence;
import org.choir.database.Database;
import org.choir.database.DatabaseException;
import org.choir.database.Lease;

/** The right to write a log, held by a session of the database: for folders that machines share. */
public final class PostgresFence implements LogFence {
  private final String origin;
  private final Lease lease;

  private PostgresFence(String origin, Lease lease) {
    this.origin = origin;
    this.lease = lease;
  }

  /**
   * Takes it.
   *
   * @throws LogException {@code log_fenced} if another holds it for all of this time
   */
  public static PostgresFence take(Database database, String origin, Duration patience) {
    try {
      return new PostgresFence(origin, database.lock("log " + origin, patience));
    } catch (DatabaseException e) {
      if (e.code().equals("lease_held")) {
        throw LogException.fenced("another server writes log " + origin);
      }
      throw e;
    }
  }

  @Override
  public void requireHeld() {
    try {
      lease.requireHeld();
    } catch (DatabaseException e) {
      throw LogException.fenced("log " + origin + ": " + e.failure().message());
    }
  }

  @Override
  public void close() {
    lease.close();
  }
}
