package org.choir.database;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import org.choir.core.Digest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lock that one session of the database holds, on a connection of its own, with a fencing epoch
 * that grows with every holder. When the connection ends, so does the lock, at once; {@link
 * #requireHeld} tells. Thread-safe.
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final int ANSWER_MILLIS = 10_000;

  private final String name;
  private final Connection connection;
  private final long epoch;

  private Lease(String name, Connection connection, long epoch) {
    this.name = name;
    this.connection = connection;
    this.epoch = epoch;
  }

  /** Opens the connection that will hold the lock. */
  interface Connector {
    Connection connect() throws SQLException;
  }

  static Lease take(Connector connector, String name, Duration patience) {
    Connection connection;
    try {
      connection = connector.connect();
    } catch (SQLException e) {
      throw DatabaseException.of("the lock " + name + " cannot be taken", e);
    }
    try {
      lock(connection, name, patience);
      return new Lease(name, connection, raise(connection, name));
    } catch (SQLException e) {
      close(connection);
      if (LOCK_NOT_AVAILABLE.equals(e.getSQLState())) {
        throw DatabaseException.of(
            "lease_held",
            "another process holds the lock " + name,
            "end the other server, or use that one",
            true,
            e);
      }
      throw DatabaseException.of("the lock " + name + " cannot be taken", e);
    }
  }

  private static void lock(Connection connection, String name, Duration patience)
      throws SQLException {
    try (Statement statement = connection.createStatement();
        PreparedStatement lock = connection.prepareStatement("select pg_advisory_lock(?)")) {
      // Zero would mean for ever.
      statement.execute("set lock_timeout = " + Math.max(1, patience.toMillis()));
      lock.setLong(1, key(name));
      lock.execute();
      connection.setNetworkTimeout(Runnable::run, ANSWER_MILLIS);
    }
  }

  private static long raise(Connection connection, String name) throws SQLException {
    String sql =
        "insert into \"database\".epoch as e (name, epoch) values (?, 1)"
            + " on conflict (name) do update set epoch = e.epoch + 1 returning epoch";
    try (PreparedStatement raise = connection.prepareStatement(sql)) {
      raise.setString(1, name);
      return number(raise);
    }
  }

  private static long number(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      return rows.next() ? rows.getLong(1) : -1;
    }
  }

  private static long key(String name) {
    byte[] digest = HexFormat.of().parseHex(Digest.of("choir lock " + name).hex());
    return ByteBuffer.wrap(digest).getLong();
  }

  /** How many have held it, this one included; what an earlier holder writes can be told by it. */
  public long epoch() {
    return epoch;
  }

  /**
   * Returns if the lock is still held.
   *
   * @throws DatabaseException {@code lease_lost}
   */
  public void requireHeld() {
    String sql = "select epoch from \"database\".epoch where name = ?";
    long now;
    synchronized (connection) {
      try (PreparedStatement read = connection.prepareStatement(sql)) {
        read.setString(1, name);
        now = number(read);
      } catch (SQLException e) {
        throw lost("its connection ended: " + e.getMessage(), e);
      }
    }
    if (now != epoch) {
      throw lost("it was taken again, with epoch " + now, null);
    }
  }

  private DatabaseException lost(
      String why, @org.jspecify.annotations.Nullable SQLException cause) {
    return DatabaseException.of(
        "lease_lost",
        "the lock " + name + " is no longer held: " + why,
        "stop, and take it again",
        false,
        cause);
  }

  @Override
  public void close() {
    close(connection);
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("the connection of a lock did not end cleanly", e);
    }
  }
}
