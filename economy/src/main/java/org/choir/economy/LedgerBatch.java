package org.choir.economy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * Writes one judged batch, in the caller's transaction: the fence first, then the transfers, the
 * accounts, what follows from both, and the row from which the world hears of it.
 */
final class LedgerBatch {
  /** An account gets a snapshot after so many entries, so that no balance is far from one. */
  static final long SNAPSHOT_EVERY = 1_000;

  private static final String FENCE =
      "update economy.shard set batch = ?, seq = ?, digest = ?, at = ?"
          + " where epoch = ? and batch = ?";

  private static final String TRANSFERS =
      "insert into economy.transfer (seq, id, kind, debit, credit, ordered, moved, reserved,"
          + " pending, timeout_ms, linked, reason, explanation, batch, at)"
          + " select t.*, ?, ? from unnest(?::int8[], ?::uuid[], ?::int2[], ?::int8[], ?::int8[],"
          + " ?::int8[], ?::int8[], ?::int8[], ?::uuid[], ?::int8[], ?::bool[], ?::text[],"
          + " ?::text[]) t";

  private static final String ACCOUNTS =
      "update economy.account a set debits_posted = n.dp, credits_posted = n.cp,"
          + " debits_pending = n.dr, credits_pending = n.cr, entries = n.entries"
          + " from unnest(?::int8[], ?::int8[], ?::int8[], ?::int8[], ?::int8[], ?::int8[])"
          + " n(number, dp, cp, dr, cr, entries) where a.number = n.number";

  private LedgerBatch() {}

  /** Where the ledger stands. */
  record Place(long epoch, long batch, long seq, String digest, Instant at) {}

  /**
   * Writes the batch.
   *
   * @param before the accounts as they were
   * @return where the ledger stands after it
   * @throws LedgerFencedException if another writer has taken over
   */
  static Place write(
      Connection c,
      Place place,
      LedgerJudge judge,
      Map<AccountId, LedgerJudge.Standing> before,
      Instant now)
      throws SQLException {
    List<LedgerEntry> entries = judge.entries();
    long last = entries.getLast().seq();
    Place next =
        new Place(place.epoch(), place.batch() + 1, last, digest(place.digest(), entries), now);
    fence(c, place, next);
    transfers(c, entries, before, next);
    accounts(c, judge.changed());
    snapshots(c, judge.changed(), before, last);
    reservations(c, entries);
    LedgerRows.change(
        c,
        "with b as (insert into economy.batch (number, first_seq, last_seq, epoch, digest, at)"
            + " values (?, ?, ?, ?, ?, ?) returning number)"
            + " insert into economy.outbox (batch) select number from b",
        s -> {
          s.setLong(1, next.batch());
          s.setLong(2, entries.getFirst().seq());
          s.setLong(3, last);
          s.setLong(4, next.epoch());
          s.setString(5, next.digest());
          s.setTimestamp(6, Timestamp.from(now));
        });
    return next;
  }

  private static void fence(Connection c, Place place, Place next) throws SQLException {
    int mine =
        LedgerRows.change(
            c,
            FENCE,
            s -> {
              s.setLong(1, next.batch());
              s.setLong(2, next.seq());
              s.setString(3, next.digest());
              s.setTimestamp(4, Timestamp.from(next.at()));
              s.setLong(5, place.epoch());
              s.setLong(6, place.batch());
            });
    if (mine != 1) {
      throw new LedgerFencedException(place);
    }
  }

  /**
   * The digest of a batch: SHA-256 over the digest before it and a line for each transfer. Whoever
   * has the transfers can compute it, and the audit chain holds it.
   */
  static String digest(String before, List<LedgerEntry> entries) {
    MessageDigest sha = Digest.sha256();
    sha.update(before.getBytes(StandardCharsets.US_ASCII));
    for (LedgerEntry e : entries) {
      Transfer t = e.transfer();
      String line =
          "\n"
              + String.join(
                  "\t",
                  Long.toString(e.seq()),
                  t.id().toString(),
                  t.kind().name(),
                  e.debit().toString(),
                  e.credit().toString(),
                  Long.toString(e.moved()),
                  Long.toString(e.reserved()),
                  t.pending().map(UUID::toString).orElse("-"),
                  Long.toString(t.timeout().toMillis()),
                  t.reason(),
                  Json.write(t.explanation().json()),
                  Long.toString(e.at().toEpochMilli()));
      sha.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return Digest.finish(sha).hex();
  }

  private static void transfers(
      Connection c,
      List<LedgerEntry> entries,
      Map<AccountId, LedgerJudge.Standing> accounts,
      Place next)
      throws SQLException {
    int n = entries.size();
    long[] seqs = new long[n];
    UUID[] ids = new UUID[n];
    Short[] kinds = new Short[n];
    long[] debits = new long[n];
    long[] credits = new long[n];
    long[] ordered = new long[n];
    long[] moved = new long[n];
    long[] reserved = new long[n];
    Object[] pending = new Object[n];
    long[] timeouts = new long[n];
    boolean[] linked = new boolean[n];
    String[] reasons = new String[n];
    String[] explanations = new String[n];
    for (int i = 0; i < n; i++) {
      LedgerEntry e = entries.get(i);
      Transfer t = e.transfer();
      seqs[i] = e.seq();
      ids[i] = t.id();
      kinds[i] = (short) t.kind().code();
      debits[i] = of(accounts, e.debit()).number();
      credits[i] = of(accounts, e.credit()).number();
      ordered[i] = t.amount();
      moved[i] = e.moved();
      reserved[i] = e.reserved();
      pending[i] = t.pending().orElse(null);
      timeouts[i] = t.timeout().toMillis();
      linked[i] = t.linked();
      reasons[i] = t.reason();
      explanations[i] = Json.write(t.explanation().json());
    }
    LedgerRows.change(
        c,
        TRANSFERS,
        s -> {
          s.setLong(1, next.batch());
          s.setTimestamp(2, Timestamp.from(next.at()));
          s.setObject(3, seqs);
          s.setArray(4, c.createArrayOf("uuid", ids));
          s.setArray(5, c.createArrayOf("int2", kinds));
          s.setObject(6, debits);
          s.setObject(7, credits);
          s.setObject(8, ordered);
          s.setObject(9, moved);
          s.setObject(10, reserved);
          s.setArray(11, c.createArrayOf("uuid", pending));
          s.setObject(12, timeouts);
          s.setObject(13, linked);
          s.setArray(14, c.createArrayOf("text", reasons));
          s.setArray(15, c.createArrayOf("text", explanations));
        });
  }

  private static LedgerJudge.Standing of(
      Map<AccountId, LedgerJudge.Standing> accounts, AccountId account) {
    return Objects.requireNonNull(accounts.get(account), "an account that the judge has seen");
  }

  private static void accounts(Connection c, Map<AccountId, LedgerJudge.Standing> changed)
      throws SQLException {
    long[][] columns = columns(List.copyOf(changed.values()));
    int updated =
        LedgerRows.change(
            c,
            ACCOUNTS,
            s -> {
              for (int i = 0; i < columns.length; i++) {
                s.setObject(i + 1, columns[i]);
              }
            });
    if (updated != changed.size()) {
      throw new IllegalStateException(
          "of " + changed.size() + " accounts of a batch " + updated + " exist");
    }
  }

  /** Number, the four sums, entries. */
  private static long[][] columns(List<LedgerJudge.Standing> standings) {
    long[][] columns = new long[6][standings.size()];
    for (int i = 0; i < standings.size(); i++) {
      LedgerJudge.Standing standing = standings.get(i);
      columns[0][i] = standing.number();
      columns[1][i] = standing.balance().debitsPosted();
      columns[2][i] = standing.balance().creditsPosted();
      columns[3][i] = standing.balance().debitsPending();
      columns[4][i] = standing.balance().creditsPending();
      columns[5][i] = standing.entries();
    }
    return columns;
  }

  private static void snapshots(
      Connection c,
      Map<AccountId, LedgerJudge.Standing> changed,
      Map<AccountId, LedgerJudge.Standing> before,
      long seq)
      throws SQLException {
    List<LedgerJudge.Standing> due =
        changed.entrySet().stream()
            .filter(
                a ->
                    a.getValue().entries() / SNAPSHOT_EVERY
                        != of(before, a.getKey()).entries() / SNAPSHOT_EVERY)
            .map(Map.Entry::getValue)
            .toList();
    if (due.isEmpty()) {
      return;
    }
    long[][] columns = columns(due);
    LedgerRows.change(
        c,
        "insert into economy.balance_snapshot (account, debits_posted, credits_posted,"
            + " debits_pending, credits_pending, seq) select n.*, ? from"
            + " unnest(?::int8[], ?::int8[], ?::int8[], ?::int8[], ?::int8[]) n",
        s -> {
          s.setLong(1, seq);
          for (int i = 0; i < 5; i++) {
            s.setObject(i + 2, columns[i]);
          }
        });
  }

  private static void reservations(Connection c, List<LedgerEntry> entries) throws SQLException {
    List<LedgerEntry> timed =
        entries.stream()
            .filter(e -> e.transfer().kind() == Transfer.Kind.RESERVE)
            .filter(e -> !e.transfer().timeout().isZero())
            .toList();
    if (!timed.isEmpty()) {
      LedgerRows.change(
          c,
          "insert into economy.open_reservation (id, seq, ends_at)"
              + " select * from unnest(?::uuid[], ?::int8[], ?::timestamptz[])",
          s -> {
            s.setArray(1, c.createArrayOf("uuid", ids(timed)));
            s.setObject(2, timed.stream().mapToLong(LedgerEntry::seq).toArray());
            s.setArray(
                3,
                c.createArrayOf(
                    "timestamptz",
                    timed.stream()
                        .map(e -> Timestamp.from(e.at().plus(e.transfer().timeout())))
                        .toArray()));
          });
    }
    Object[] ended = entries.stream().flatMap(e -> e.transfer().pending().stream()).toArray();
    if (ended.length > 0) {
      LedgerRows.change(
          c,
          "delete from economy.open_reservation where id = any(?)",
          s -> s.setArray(1, c.createArrayOf("uuid", ended)));
    }
  }

  private static Object[] ids(List<LedgerEntry> entries) {
    return entries.stream().map(e -> e.transfer().id()).toArray();
  }
}
