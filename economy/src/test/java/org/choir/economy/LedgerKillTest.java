package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kill -9} of PostgreSQL and of the writing process: what was acknowledged is there. */
class LedgerKillTest {
  private static final AccountId BANK = Chart.bank("kill");
  private static final AccountId HOT = Chart.treasury(org.choir.core.Currency.USDC);
  private static final int CALLERS = 8;
  private static final int KILLS = 3;

  /** The other process: writes until it is killed, and says what was acknowledged. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws InterruptedException {
      Database database = Database.open(new Database.External(args[0], "choir", Path.of(args[1])));
      PostgresLedger ledger =
          PostgresLedger.open(database, LedgerOptions.STANDARD, InstantSource.system());
      prepare(ledger);
      List<Thread> callers = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        String name = args[2] + "-" + caller + "-";
        callers.add(
            Thread.startVirtualThread(
                () -> {
                  for (int i = 0; ; i++) {
                    ledger.require(order(name + i));
                    synchronized (System.out) {
                      System.out.println(name + i);
                    }
                  }
                }));
      }
      callers.getFirst().join();
    }
  }

  private static void prepare(Ledger ledger) {
    ledger.open(BANK, Limit.NONE);
    ledger.open(HOT, Limit.NO_OVERDRAFT);
  }

  private static Transfer order(String name) {
    return Transfer.move(Transfer.id(name), BANK, HOT, 1, "kill", Explanation.NONE);
  }

  @Test
  void whatTheKilledWriterHadAcknowledgedIsThere() throws Exception {
    Database.External place = TestDatabase.place();
    try (Database database = Database.open(place)) {
      database.migrate("economy");
      List<String> acknowledged = new ArrayList<>();
      for (int kill = 0; kill < KILLS; kill++) {
        acknowledged.addAll(killed(place, "k" + kill, 200 + 300 * kill));
      }
      try (PostgresLedger ledger =
          PostgresLedger.open(database, LedgerOptions.STANDARD, InstantSource.system())) {
        requireAll(ledger, database, acknowledged);
      }
    }
  }

  /** Starts the other process, kills it after so many answers; what it had said. */
  private static List<String> killed(Database.External place, String name, int after)
      throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                place.url(),
                place.passwordFile().toString(),
                name)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> said = new ArrayList<>();
    try (BufferedReader out = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        if (said.size() == after) {
          child.toHandle().destroyForcibly();
        }
      }
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertThat(said).hasSizeGreaterThanOrEqualTo(after);
    // The last line may be cut off in its middle.
    return said.subList(0, said.size() - 1);
  }

  private static void requireAll(Ledger ledger, Database database, List<String> acknowledged) {
    for (String name : acknowledged) {
      assertThat(ledger.find(Transfer.id(name))).as(name).isPresent();
    }
    assertThat(ledger.balance(HOT).posted()).isGreaterThanOrEqualTo(acknowledged.size());
    assertThat(LedgerCheck.run(database).problems()).isEmpty();
  }

  @Test
  void callersOfAKilledPostgresGetTheirAnswersWhenItIsBack(@TempDir Path folder) throws Exception {
    try (Database database = Database.open(new Database.Embedded(folder.resolve("pg")))) {
      database.migrate("economy");
      Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
      AtomicBoolean enough = new AtomicBoolean();
      try (PostgresLedger ledger =
              PostgresLedger.open(database, LedgerOptions.STANDARD, InstantSource.system());
          var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        prepare(ledger);
        List<Future<?>> callers = new ArrayList<>();
        for (int caller = 0; caller < CALLERS; caller++) {
          String name = "pg-" + caller + "-";
          callers.add(
              threads.submit(
                  () -> {
                    for (int i = 0; !enough.get(); i++) {
                      ledger.require(order(name + i));
                      acknowledged.add(name + i);
                    }
                  }));
        }
        try {
          for (int kill = 0; kill < KILLS; kill++) {
            await(acknowledged, acknowledged.size() + 200);
            ProcessHandle postgres = postmaster(folder.resolve("pg/data"));
            postgres.destroyForcibly();
            postgres.onExit().get(10, TimeUnit.SECONDS);
          }
          await(acknowledged, acknowledged.size() + 200);
        } finally {
          enough.set(true);
        }
        for (Future<?> caller : callers) {
          caller.get(60, TimeUnit.SECONDS);
        }
        requireAll(ledger, database, List.copyOf(acknowledged));
        assertThat(ledger.balance(HOT).posted()).isEqualTo(acknowledged.size());
      }
    }
  }

  private static void await(Queue<String> acknowledged, int size) {
    org.awaitility.Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> acknowledged.size() >= size);
  }

  private static ProcessHandle postmaster(Path data) throws IOException {
    String pid = Files.readAllLines(data.resolve("postmaster.pid")).getFirst();
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }
}
