package org.choir.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.HdrHistogram.Histogram;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.choir.economy.AccountId;
import org.choir.economy.Explanation;
import org.choir.economy.LedgerCheck;
import org.choir.economy.LedgerEntry;
import org.choir.economy.LedgerOptions;
import org.choir.economy.Limit;
import org.choir.economy.Outcome;
import org.choir.economy.PostgresLedger;
import org.choir.economy.Transfer;

/**
 * Durable transfers, every one through the one treasury account, with batches of at most 1 to
 * 5,000, each caller waiting for its own; the check of all of them; a page of the statement of an
 * account with a million. Yardsticks on the same PostgreSQL: the same transfer with row locks, and
 * the transaction of pgbench's {@code simple-update} over JDBC.
 */
final class LedgerBench implements Benches.Bench {
  private static final String BENCH = "ledger";
  private static final int ACCOUNTS = 1_000;
  private static final int CLIENTS = 16;
  private static final int PAGE = 1_000;
  private static final long MILLION = 1_000_000;
  private static final long YARDSTICK_NANOS = 5_000_000_000L;
  private static final long RUN_NANOS = 6_000_000_000L;
  private static final AccountId TREASURY = new AccountId("treasury", "bench", Currency.USDC);

  private final List<Figure> figures = new ArrayList<>();

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws InterruptedException {
    figures.clear();
    try (Database database = Database.open(new Database.Embedded(scratch.resolve("postgres")))) {
      database.migrate("economy");
      progress.println("ledger: yardsticks");
      tables(database);
      double simple = clients(database, LedgerBench::simpleUpdate);
      add("yardstick: pgbench's simple update", CLIENTS + " clients", rate(simple), "");
      double locked = clients(database, LedgerBench::withRowLocks);
      add("yardstick: with row locks", CLIENTS + " clients, one hot row", rate(locked), "");
      for (int batch : new int[] {1, 10, 100, 1_000, 5_000}) {
        progress.println("ledger: batches of at most " + batch);
        batches(database, batch, locked, simple);
      }
      progress.println("ledger: a million transfers of one account");
      million(database);
    }
    return List.copyOf(figures);
  }

  private void add(String what, String input, String value, String ratio) {
    figures.add(new Figure(BENCH, what, input, value, ratio));
  }

  private static String rate(double perSecond) {
    return String.format(Locale.ROOT, "%,.0f/s", perSecond);
  }

  private static void tables(Database database) {
    execute(
        database,
        "create schema bench;"
            + "create table bench.accounts (aid int primary key, abalance bigint not null,"
            + " filler char(84)) with (fillfactor = 100);"
            + "create table bench.history (tid int, bid int, aid int, delta int, mtime timestamp,"
            + " filler char(22));"
            + "insert into bench.accounts select n, 0, '' from generate_series(1, 100000) n;"
            + "create table bench.account (number bigint primary key, debits bigint not null,"
            + " credits bigint not null) with (fillfactor = 50);"
            + "create table bench.transfer (id uuid primary key, debit bigint, credit bigint,"
            + " amount bigint, at timestamptz);"
            + "insert into bench.account select n, 0, 0 from generate_series(0, "
            + ACCOUNTS
            + ") n;");
  }

  private static void execute(Database database, String sql) {
    database.transaction(
        c -> {
          try (var s = c.createStatement()) {
            return s.execute(sql);
          }
        });
  }

  /** One transaction of a yardstick; the caller commits it. */
  private interface Work {
    void run(Connection c) throws SQLException;
  }

  private static double clients(Database database, Work work) throws InterruptedException {
    long end = System.nanoTime() + YARDSTICK_NANOS;
    List<Callable<Long>> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS - 1; i++) {
      clients.add(
          () -> {
            long count = 0;
            try (Connection c = database.dataSource().getConnection()) {
              c.setAutoCommit(false);
              while (System.nanoTime() < end) {
                work.run(c);
                c.commit();
                count++;
              }
            }
            return count;
          });
    }
    long count = 0;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Long> client : threads.invokeAll(clients)) {
        count += result(client);
      }
    }
    return count * 1e9 / YARDSTICK_NANOS;
  }

  private static <T> T result(Future<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a client failed", e.getCause());
    }
  }

  /** The statements of pgbench's built-in script of this name. */
  private static void simpleUpdate(Connection c) throws SQLException {
    int account = ThreadLocalRandom.current().nextInt(1, 100_001);
    int delta = ThreadLocalRandom.current().nextInt(-5_000, 5_001);
    change(c, "update bench.accounts set abalance = abalance + ? where aid = ?", delta, account);
    try (PreparedStatement s =
        c.prepareStatement("select abalance from bench.accounts where aid = ?")) {
      s.setInt(1, account);
      s.executeQuery().close();
    }
    change(
        c,
        "insert into bench.history (delta, aid, tid, bid, mtime)"
            + " values (?, ?, 1, 1, current_timestamp)",
        delta,
        account);
  }

  private static void change(Connection c, String sql, int first, int second) throws SQLException {
    try (PreparedStatement s = c.prepareStatement(sql)) {
      s.setInt(1, first);
      s.setInt(2, second);
      s.executeUpdate();
    }
  }

  private static void withRowLocks(Connection c) throws SQLException {
    int account = ThreadLocalRandom.current().nextInt(1, ACCOUNTS + 1);
    try (PreparedStatement s =
        c.prepareStatement(
            "insert into bench.transfer values (gen_random_uuid(), 0, ?, 1, now())")) {
      s.setInt(1, account);
      s.executeUpdate();
    }
    change(c, "update bench.account set credits = credits + ? where number = ?", 1, account);
    change(c, "update bench.account set debits = debits + ? where number = ?", 1, 0);
  }

  private static AccountId user(int n) {
    return new AccountId("user:u" + n, "available", Currency.USDC);
  }

  private static PostgresLedger open(Database database, int batch) {
    LedgerOptions options =
        new LedgerOptions(batch, Math.max(1_000, batch * 4), Duration.ofSeconds(60));
    PostgresLedger ledger = PostgresLedger.open(database, options, InstantSource.system());
    ledger.open(TREASURY, Limit.NONE);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < ACCOUNTS; i++) {
        AccountId user = user(i);
        threads.submit(() -> ledger.open(user, Limit.NO_OVERDRAFT));
      }
    }
    return ledger;
  }

  private static Transfer order() {
    AccountId user = user(ThreadLocalRandom.current().nextInt(ACCOUNTS));
    return Transfer.move(UUID.randomUUID(), TREASURY, user, 1, "bench", Explanation.NONE);
  }

  private void batches(Database database, int batch, double locked, double simple)
      throws InterruptedException {
    Histogram all = new Histogram(60_000_000, 3);
    int callers = Math.max(CLIENTS, batch * 2);
    long start;
    try (PostgresLedger ledger = open(database, batch);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      calls(ledger, threads, callers, System.nanoTime() + RUN_NANOS / 3, new Histogram(all));
      start = System.nanoTime();
      calls(ledger, threads, callers, start + RUN_NANOS, all);
    }
    double perSecond = all.getTotalCount() / IndexBench.seconds(start);
    add(
        "transfers through one account",
        "batches up to " + String.format(Locale.ROOT, "%,d", batch) + ", " + callers + " callers",
        rate(perSecond)
            + String.format(
                Locale.ROOT,
                ", p50 %.1f ms, p99 %.1f ms",
                all.getValueAtPercentile(50) / 1e3,
                all.getValueAtPercentile(99) / 1e3),
        String.format(
            Locale.ROOT,
            "%.1f x row locks, %.1f x simple update",
            perSecond / locked,
            perSecond / simple));
  }

  private static void calls(
      PostgresLedger ledger, ExecutorService threads, int callers, long end, Histogram all)
      throws InterruptedException {
    List<Callable<Histogram>> calls = new ArrayList<>();
    for (int i = 0; i < callers; i++) {
      calls.add(
          () -> {
            Histogram own = new Histogram(60_000_000, 3);
            while (System.nanoTime() < end) {
              long begin = System.nanoTime();
              if (ledger.submit(List.of(order())).getFirst() != Outcome.OK) {
                throw new IllegalStateException("the ledger refused an order");
              }
              own.recordValue((System.nanoTime() - begin) / 1_000);
            }
            return own;
          });
    }
    for (Future<Histogram> call : threads.invokeAll(calls)) {
      all.add(result(call));
    }
  }

  private void million(Database database) throws InterruptedException {
    try (PostgresLedger ledger = open(database, 5_000);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      while (ledger.seq() < MILLION) {
        List<Callable<Object>> calls = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          List<Transfer> orders = new ArrayList<>();
          for (int n = 0; n < 2_500; n++) {
            orders.add(order());
          }
          calls.add(Executors.callable(() -> ledger.require(orders)));
        }
        for (Future<Object> call : threads.invokeAll(calls)) {
          result(call);
        }
      }
      long entries = ledger.seq();
      String input = String.format(Locale.ROOT, "%,d transfers", entries);
      Histogram newest = new Histogram(60_000_000, 3);
      Histogram middle = new Histogram(60_000_000, 3);
      Histogram balance = new Histogram(60_000_000, 3);
      for (int i = 0; i < 50; i++) {
        time(newest, () -> ledger.statement(TREASURY, Long.MAX_VALUE, PAGE));
        long at = ThreadLocalRandom.current().nextLong(entries);
        time(middle, () -> ledger.statement(TREASURY, at, PAGE));
        time(balance, () -> List.of(ledger.balanceAt(TREASURY, at)));
      }
      add("statement, newest page of 1,000", input, millis(newest), "");
      add("statement, any page of 1,000", input, millis(middle), "");
      add("balance at any time", input, millis(balance), "");
      long start = System.nanoTime();
      LedgerCheck.Result check = LedgerCheck.run(database);
      if (!check.sound()) {
        throw new IllegalStateException("the ledger is not sound: " + check.problems());
      }
      add(
          "check of the whole ledger",
          input,
          String.format(Locale.ROOT, "%.1f s", IndexBench.seconds(start)),
          "");
    }
  }

  private interface Read {
    List<?> run();
  }

  private static void time(Histogram histogram, Read read) {
    long start = System.nanoTime();
    List<?> rows = read.run();
    if (rows.getFirst() instanceof LedgerEntry && rows.size() > PAGE) {
      throw new IllegalStateException("a page of " + rows.size());
    }
    histogram.recordValue((System.nanoTime() - start) / 1_000);
  }

  private static String millis(Histogram histogram) {
    return String.format(
        Locale.ROOT,
        "p50 %.1f ms, p99 %.1f ms",
        histogram.getValueAtPercentile(50) / 1e3,
        histogram.getValueAtPercentile(99) / 1e3);
  }
}
