package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.choir.database.Database;
import org.choir.database.Lease;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One writer's hold on the ledger: the lease, the connection it writes on, where the ledger stands,
 * and the accounts it has seen. It ends with the first doubt; a new one begins from what is stored.
 * Used by one thread.
 */
final class LedgerSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerSession.class);
  private static final int ACCOUNTS_KEPT = 100_000;
  private static final int EXPIRED_AT_ONCE = 1_000;

  private final Lease lease;
  private final Connection connection;
  private LedgerBatch.Place place;
  private @Nullable Attempt attempt;
  private Instant nextExpiry = Instant.MIN;
  private final Map<AccountId, LedgerJudge.Standing> seen =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<AccountId, LedgerJudge.Standing> eldest) {
          return size() > ACCOUNTS_KEPT;
        }
      };

  /**
   * A batch whose commit may or may not have happened.
   *
   * @param digest what the ledger ends with if it has
   */
  record Attempt(String digest, List<List<Outcome>> outcomes) {}

  private LedgerSession(Lease lease, Connection connection, LedgerBatch.Place place) {
    this.lease = lease;
    this.connection = connection;
    this.place = place;
  }

  /**
   * Takes the ledger over; whoever had it before can write no more.
   *
   * @throws org.choir.core.ChoirException {@code lease_held}, {@code database_unreachable}
   */
  static LedgerSession take(Database database, Duration patience, UnaryOperator<Connection> wire)
      throws SQLException {
    Lease lease = database.lock("ledger", patience);
    Connection connection = null;
    try {
      connection = wire.apply(database.dataSource().getConnection());
      connection.setAutoCommit(false);
      LedgerBatch.Place place = takeOver(connection, lease.epoch());
      connection.commit();
      return new LedgerSession(lease, connection, place);
    } catch (SQLException | RuntimeException e) {
      end(connection);
      lease.close();
      throw e;
    }
  }

  private static LedgerBatch.Place takeOver(Connection c, long epoch) throws SQLException {
    // An answer means durable, whatever the server's default is.
    LedgerRows.change(c, "set synchronous_commit = on", s -> {});
    List<LedgerBatch.Place> taken =
        LedgerRows.list(
            c,
            "update economy.shard set epoch = ? where epoch < ?"
                + " returning batch, seq, digest, at",
            s -> {
              s.setLong(1, epoch);
              s.setLong(2, epoch);
            },
            row ->
                new LedgerBatch.Place(
                    epoch,
                    row.getLong("batch"),
                    row.getLong("seq"),
                    row.getString("digest"),
                    row.getTimestamp("at").toInstant()));
    if (taken.isEmpty()) {
      throw new LedgerFencedException(new LedgerBatch.Place(epoch, 0, 0, "", Instant.EPOCH));
    }
    return taken.getFirst();
  }

  /**
   * Judges these lists of orders as one batch and writes what was accepted.
   *
   * @param time the clock's; the ledger's own never goes back
   * @return the outcomes of each list
   */
  List<List<Outcome>> write(List<List<Transfer>> lists, Instant time) throws SQLException {
    Instant now = time.isBefore(place.at()) ? place.at() : time;
    List<Transfer> expired = expired(now);
    Stored stored = load(lists, expired);
    LedgerJudge judge = new LedgerJudge(stored, place.batch() + 1, place.seq() + 1, now);
    judge.judge(expired);
    List<List<Outcome>> outcomes = new ArrayList<>();
    for (List<Transfer> orders : lists) {
      outcomes.add(judge.judge(orders));
    }
    if (judge.entries().isEmpty()) {
      connection.commit();
      return outcomes;
    }
    LedgerBatch.Place next = LedgerBatch.write(connection, place, judge, stored.accounts, now);
    attempt = new Attempt(next.digest(), outcomes);
    connection.commit();
    attempt = null;
    place = next;
    seen.putAll(judge.changed());
    for (LedgerEntry entry : judge.entries()) {
      Duration timeout = entry.transfer().timeout();
      if (!timeout.isZero() && entry.at().plus(timeout).isBefore(nextExpiry)) {
        nextExpiry = entry.at().plus(timeout);
      }
    }
    return outcomes;
  }

  /** What was on its way when the connection went; null if nothing was. */
  @Nullable Attempt attempt() {
    return attempt;
  }

  /** Whether the ledger ends with this attempt. */
  boolean endsWith(Attempt other) {
    return place.digest().equals(other.digest());
  }

  /** Whether a reservation's time is over, so that a batch is due even if nobody orders one. */
  boolean expiryDue(Instant now) {
    return !now.isBefore(nextExpiry);
  }

  private List<Transfer> expired(Instant now) throws SQLException {
    if (now.isBefore(nextExpiry)) {
      return List.of();
    }
    List<UUID> due =
        LedgerRows.list(
            connection,
            "select id from economy.open_reservation where ends_at <= ? order by seq limit "
                + EXPIRED_AT_ONCE,
            s -> s.setTimestamp(1, Timestamp.from(now)),
            row -> row.getObject(1, UUID.class));
    nextExpiry =
        due.size() == EXPIRED_AT_ONCE
            ? now
            : LedgerRows.list(
                    connection,
                    "select min(ends_at) from economy.open_reservation where ends_at > ?",
                    s -> s.setTimestamp(1, Timestamp.from(now)),
                    row -> Optional.ofNullable(row.getTimestamp(1)).map(Timestamp::toInstant))
                .getFirst()
                .orElse(Instant.MAX);
    return due.stream().map(Transfer::expire).toList();
  }

  /** What the judge may ask for, loaded for one batch. */
  private record Stored(
      Map<AccountId, LedgerJudge.Standing> accounts,
      Map<UUID, LedgerEntry> entries,
      Map<UUID, Transfer.Kind> ends)
      implements LedgerJudge.Known {
    @Override
    public Optional<LedgerJudge.Standing> account(AccountId account) {
      return Optional.ofNullable(accounts.get(account));
    }

    @Override
    public Optional<LedgerEntry> entry(UUID id) {
      return Optional.ofNullable(entries.get(id));
    }

    @Override
    public Optional<Transfer.Kind> end(UUID reservation) {
      return Optional.ofNullable(ends.get(reservation));
    }
  }

  private Stored load(List<List<Transfer>> lists, List<Transfer> expired) throws SQLException {
    Set<UUID> ids = new HashSet<>();
    Set<UUID> reservations = new HashSet<>();
    Set<AccountId> accounts = new HashSet<>();
    for (List<Transfer> orders : lists) {
      look(orders, ids, reservations, accounts);
    }
    look(expired, ids, reservations, accounts);
    ids.addAll(reservations);
    Map<UUID, LedgerEntry> entries = new HashMap<>();
    for (LedgerEntry entry : LedgerRows.entries(connection, ids)) {
      entries.put(entry.transfer().id(), entry);
      accounts.add(entry.debit());
      accounts.add(entry.credit());
    }
    return new Stored(accounts(accounts), entries, LedgerRows.ends(connection, reservations));
  }

  private static void look(
      List<Transfer> orders, Set<UUID> ids, Set<UUID> reservations, Set<AccountId> accounts) {
    for (Transfer order : orders) {
      ids.add(order.id());
      order.pending().ifPresent(reservations::add);
      order.debit().ifPresent(accounts::add);
      order.credit().ifPresent(accounts::add);
    }
  }

  private Map<AccountId, LedgerJudge.Standing> accounts(Set<AccountId> wanted) throws SQLException {
    Map<AccountId, LedgerJudge.Standing> here = new HashMap<>();
    Set<AccountId> missing = new HashSet<>();
    for (AccountId account : wanted) {
      LedgerJudge.Standing standing = seen.get(account);
      if (standing == null) {
        missing.add(account);
      } else {
        here.put(account, standing);
      }
    }
    Map<AccountId, LedgerJudge.Standing> loaded = LedgerRows.accounts(connection, missing);
    seen.putAll(loaded);
    here.putAll(loaded);
    return here;
  }

  @Override
  public void close() {
    end(connection);
    lease.close();
  }

  private static void end(@Nullable Connection connection) {
    if (connection == null) {
      return;
    }
    try (connection) {
      connection.rollback();
    } catch (SQLException e) {
      LOG.debug("the ledger's connection was gone", e);
    }
  }
}
