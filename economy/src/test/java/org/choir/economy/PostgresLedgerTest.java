package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the ledger on PostgreSQL promises beyond the rules. */
class PostgresLedgerTest {
  private static final AccountId BANK = Chart.bank("test");
  private static final AccountId ADA = new AccountId("user:ada", "available", Currency.USDC);
  private static final AccountId BOB = new AccountId("user:bob", "available", Currency.USDC);

  private final Database database = TestDatabase.fresh();
  private final TestClock clock = new TestClock();

  @AfterEach
  void close() {
    database.close();
  }

  private static PostgresLedger open(Database database, InstantSource clock) {
    LedgerOptions options = new LedgerOptions(1_000, 5_000, Duration.ofSeconds(10));
    return withAccounts(PostgresLedger.open(database, options, clock));
  }

  private static PostgresLedger withAccounts(PostgresLedger ledger) {
    ledger.open(BANK, Limit.NONE);
    ledger.open(ADA, Limit.NO_OVERDRAFT);
    ledger.open(BOB, Limit.NO_OVERDRAFT);
    return ledger;
  }

  private static Transfer move(String id, AccountId from, AccountId to, long amount) {
    return Transfer.move(Transfer.id(id), from, to, amount, "test", Explanation.NONE);
  }

  @Test
  void whatWasAcceptedIsThereForTheNextServerWithItsExplanation() {
    Explanation why = Explanation.of("a × b", "a", 6, "b", "7 \"quoted\"");
    try (PostgresLedger ledger = open(database, clock)) {
      ledger.require(Transfer.move(Transfer.id("first"), BANK, ADA, 42, "sold", why));
    }
    try (PostgresLedger ledger = open(database, clock)) {
      LedgerEntry entry = ledger.find(Transfer.id("first")).orElseThrow();
      assertThat(entry.moved()).isEqualTo(42);
      assertThat(entry.transfer().explanation()).isEqualTo(why);
      assertThat(entry.at()).isEqualTo(clock.instant());
      assertThat(ledger.submit(List.of(move("first", BANK, ADA, 43))))
          .containsExactly(Outcome.EXISTS_WITH_DIFFERENT_AMOUNT);
      assertThatThrownBy(() -> ledger.require(move("too much", ADA, BOB, 43)))
          .hasMessageContaining("exceeds credits");
    }
  }

  @Test
  void noProgramCanChangeOrTakeOutWhatWasAccepted() {
    try (PostgresLedger ledger = open(database, clock)) {
      ledger.require(move("immutable", BANK, ADA, 5));
    }
    for (String sql :
        List.of(
            "update economy.transfer set moved = 1",
            "delete from economy.transfer",
            "truncate economy.transfer",
            "update economy.batch set digest = ''",
            "delete from economy.batch",
            "truncate economy.batch cascade",
            "set session_replication_role = replica; delete from economy.transfer")) {
      assertThatThrownBy(() -> execute(database, sql))
          .as(sql)
          .hasMessageContaining("never changes");
    }
    assertThatThrownBy(
            () ->
                execute(
                    database,
                    "update economy.account set debits_posted = 10 where may = 'no_overdraft'"))
        .hasMessageContaining("check constraint");
  }

  private static void execute(Database database, String sql) {
    database.transaction(
        c -> {
          try (var s = c.createStatement()) {
            return s.execute(sql);
          }
        });
  }

  @Test
  void whatWasTamperedWithIsFound() throws SQLException {
    try (PostgresLedger ledger = open(database, clock)) {
      ledger.require(move("t1", BANK, ADA, 5));
      ledger.require(move("t2", BANK, ADA, 6));
      assertThat(LedgerCheck.run(database).problems()).isEmpty();
      execute(
          database,
          "update economy.account set credits_posted = 12 where purse = 'available' and owner = 'user:ada'");
      assertThat(LedgerCheck.run(database).problems())
          .contains(
              "1 accounts do not stand as their transfers say",
              "debits and credits of USDC differ");
      execute(database, "alter table economy.transfer disable trigger transfer_is_immutable");
      execute(database, "update economy.transfer set reason = 'gift' where seq = 2");
      assertThat(LedgerCheck.run(database).problems()).contains("batch 2 is not what was written");
      execute(database, "delete from economy.transfer where seq = 1");
      assertThat(LedgerCheck.run(database).problems())
          .anyMatch(problem -> problem.contains("missing"));
    }
  }

  @Test
  void theWriterThatWasPausedCannotCommitAfterAnotherTookOver() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    CountDownLatch resume = new CountDownLatch(1);
    Pause pause = new Pause(paused, resume);
    LedgerOptions options = new LedgerOptions(10, 100, Duration.ofSeconds(20));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        PostgresLedger old = withAccounts(PostgresLedger.open(database, options, clock, pause))) {
      pause.arm();
      Future<List<Outcome>> late =
          threads.submit(() -> old.submit(List.of(move("late", BANK, ADA, 1))));
      assertThat(paused.await(10, TimeUnit.SECONDS)).isTrue();
      // The old server is cut off: PostgreSQL gives its lease away while it sleeps.
      execute(
          database,
          "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
              + " and database = (select oid from pg_database where datname = current_database())");
      try (PostgresLedger next = PostgresLedger.open(database, options, clock)) {
        next.require(move("new", BANK, ADA, 2));
        resume.countDown();
        assertThatThrownBy(late::get).hasMessageContaining("written by another server");
        assertThatThrownBy(() -> old.submit(List.of(move("again", BANK, ADA, 1))))
            .isInstanceOf(ChoirException.class)
            .hasMessageContaining("written by another server");
        assertThat(next.balance(ADA).posted()).isEqualTo(2);
      }
    }
  }

  /** Stops the writer once, before the statement that would write. */
  private static final class Pause implements java.util.function.UnaryOperator<Connection> {
    private final CountDownLatch paused;
    private final CountDownLatch resume;
    private volatile boolean armed;

    Pause(CountDownLatch paused, CountDownLatch resume) {
      this.paused = paused;
      this.resume = resume;
    }

    void arm() {
      armed = true;
    }

    @Override
    public Connection apply(Connection real) {
      return (Connection)
          java.lang.reflect.Proxy.newProxyInstance(
              Pause.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (proxy, method, arguments) -> {
                boolean fence =
                    method.getName().equals("prepareStatement")
                        && arguments[0].toString().startsWith("update economy.shard set batch");
                if (fence && armed) {
                  armed = false;
                  paused.countDown();
                  resume.await(20, TimeUnit.SECONDS);
                }
                try {
                  return method.invoke(real, arguments);
                } catch (java.lang.reflect.InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }

  @Test
  void anOpenLedgerHasOneWriter() {
    try (PostgresLedger first = open(database, clock)) {
      LedgerOptions impatient = new LedgerOptions(10, 100, Duration.ofMillis(200));
      assertThatThrownBy(() -> PostgresLedger.open(database, impatient, clock))
          .hasMessageContaining("another process holds the lock");
      assertThat(first.submit(List.of())).isEmpty();
    }
  }

  @Test
  void aReservationEndsByItselfWhenItsTimeIsOverAndNobodyOrders() {
    try (PostgresLedger ledger = open(database, clock)) {
      UUID held = Transfer.id("held");
      ledger.require(move("fund", BANK, ADA, 10));
      ledger.require(
          Transfer.reserve(held, ADA, BOB, 10, Duration.ofMinutes(1), "test", Explanation.NONE));
      assertThat(ledger.balance(ADA).available()).isZero();
      clock.forward(Duration.ofMinutes(1));
      org.awaitility.Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> ledger.balance(ADA).available() == 10);
      assertThat(
              ledger.submit(
                  List.of(Transfer.post(Transfer.id("p"), held, 10, "t", Explanation.NONE))))
          .containsExactly(Outcome.PENDING_TRANSFER_EXPIRED);
    }
  }

  @Test
  void aBalanceAtAnyTimeAndAPageOfAStatementFollowFromTheTransfers() {
    try (PostgresLedger ledger = open(database, clock)) {
      List<Transfer> orders = new ArrayList<>();
      for (int i = 1; i <= 3_500; i++) {
        orders.add(move("many" + i, BANK, ADA, i));
        if (orders.size() == 500) {
          ledger.require(orders);
          orders.clear();
        }
      }
      for (long seq : new long[] {0, 1, 999, 1_000, 1_001, 2_750, 3_500, 9_999}) {
        long n = Math.min(seq, 3_500);
        assertThat(ledger.balanceAt(ADA, seq).posted()).as("" + seq).isEqualTo(n * (n + 1) / 2);
      }
      List<LedgerEntry> page = ledger.statement(ADA, 3_000, 3);
      assertThat(page).extracting(LedgerEntry::seq).containsExactly(2_999L, 2_998L, 2_997L);
      assertThat(ledger.seq()).isEqualTo(3_500);
      assertThat(ledger.accounts("available", Currency.USDC)).containsExactly(ADA, BOB);
    }
  }

  @Test
  void aLedgerThatIsFullSaysSoAndOneThatIsClosedToo() throws Exception {
    CountDownLatch paused = new CountDownLatch(1);
    CountDownLatch resume = new CountDownLatch(1);
    Pause pause = new Pause(paused, resume);
    LedgerOptions small = new LedgerOptions(2, 2, Duration.ofSeconds(1));
    PostgresLedger ledger = withAccounts(PostgresLedger.open(database, small, clock, pause));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      pause.arm();
      Callable<List<Outcome>> two =
          () -> ledger.submit(List.of(move("f1", BANK, ADA, 1), move("f2", BANK, ADA, 1)));
      Future<List<Outcome>> first = threads.submit(two);
      assertThat(paused.await(10, TimeUnit.SECONDS)).isTrue();
      assertThatThrownBy(() -> ledger.submit(List.of(move("f3", BANK, ADA, 1))))
          .hasMessageContaining("more orders than it can take");
      assertThatThrownBy(first::get).hasMessageContaining("no answer in time");
      resume.countDown();
      assertThat(two.call()).containsExactly(Outcome.EXISTS, Outcome.EXISTS);
    } finally {
      ledger.close();
    }
    assertThatThrownBy(() -> ledger.submit(List.of(move("f4", BANK, ADA, 1))))
        .hasMessageContaining("is closed");
  }

  @Test
  void theLedgersTimeNeverGoesBack() {
    {
      clock.forward(Duration.ofHours(1));
      try (PostgresLedger ledger = open(database, clock)) {
        ledger.require(move("late", BANK, ADA, 1));
      }
      try (PostgresLedger ledger = open(database, new TestClock())) {
        ledger.require(move("early", BANK, ADA, 1));
        assertThat(ledger.find(Transfer.id("early")).orElseThrow().at()).isEqualTo(clock.instant());
      }
    }
  }
}
