package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.choir.database.Database;

/**
 * Checks the whole ledger against itself: every balance is the fold of its transfers, what left is
 * what came in per currency, and every batch has the digest that follows from the one before. One
 * consistent view, whatever is written meanwhile.
 */
public final class LedgerCheck {
  private static final long ROWS_AT_ONCE = 10_000;

  private LedgerCheck() {}

  /**
   * What was found.
   *
   * @param transfers how many were looked at
   * @param problems empty if all is well, one line each
   */
  public record Result(long transfers, long batches, List<String> problems) {
    /** Whether all is well. */
    public boolean sound() {
      return problems.isEmpty();
    }
  }

  private record Batch(long number, long first, long last, String digest) {}

  /** Reads everything once. */
  public static Result run(Database database) {
    return database.transaction(
        c -> {
          c.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
          List<String> problems = new ArrayList<>();
          long wrong = number(c, LedgerFold.differences());
          if (wrong > 0) {
            problems.add(wrong + " accounts do not stand as their transfers say");
          }
          unequal(c, problems);
          gaps(c, problems);
          long batches = digests(c, problems);
          return new Result(number(c, "select count(*) from economy.transfer"), batches, problems);
        });
  }

  private static void unequal(Connection c, List<String> problems) throws SQLException {
    LedgerRows.list(
            c,
            "select currency from economy.account group by currency"
                + " having sum(debits_posted) <> sum(credits_posted)"
                + " or sum(debits_pending) <> sum(credits_pending)",
            s -> {},
            row -> row.getString(1))
        .forEach(currency -> problems.add("debits and credits of " + currency + " differ"));
  }

  private static void gaps(Connection c, List<String> problems) throws SQLException {
    long missing =
        number(c, "select coalesce(max(seq), 0) - count(*) from economy.transfer")
            + number(
                c,
                "select count(*) from economy.transfer t left join economy.batch b"
                    + " on b.number = t.batch and t.seq between b.first_seq and b.last_seq"
                    + " where b.number is null");
    if (missing != 0) {
      problems.add(missing + " transfers are missing or in no batch");
    }
  }

  private static long digests(Connection c, List<String> problems) throws SQLException {
    String before = "";
    long number = 0;
    List<Batch> batches = after(c, number);
    while (!batches.isEmpty()) {
      for (Batch batch : batches) {
        String digest =
            LedgerBatch.digest(before, LedgerRows.entries(c, batch.first(), batch.last()));
        if (!digest.equals(batch.digest()) || batch.number() != number + 1) {
          problems.add("batch " + batch.number() + " is not what was written");
          return number;
        }
        before = digest;
        number = batch.number();
      }
      batches = after(c, number);
    }
    return number;
  }

  private static List<Batch> after(Connection c, long number) throws SQLException {
    return LedgerRows.list(
        c,
        "select * from economy.batch where number > ? order by number limit " + ROWS_AT_ONCE,
        s -> s.setLong(1, number),
        row ->
            new Batch(
                row.getLong("number"),
                row.getLong("first_seq"),
                row.getLong("last_seq"),
                row.getString("digest")));
  }

  private static long number(Connection c, String sql) throws SQLException {
    return LedgerRows.list(c, sql, s -> {}, row -> row.getLong(1)).getFirst();
  }
}
