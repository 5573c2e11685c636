package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The real ledger against its plain twin: random sequences of orders, many side by side so that the
 * writer mixes them into batches, while the wire to PostgreSQL breaks at random boundaries. A
 * sequence that differs is cut down to the shortest that still does.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LedgerModelTest {
  private static final int SIDE_BY_SIDE = 64;
  private static final int STEPS = 8;
  private static final List<Limit> LIMITS =
      List.of(Limit.NONE, Limit.NO_OVERDRAFT, Limit.NO_OVERDRAFT, Limit.NO_OVERPAYMENT);
  private static final Duration TICK = Duration.ofSeconds(7);

  private final Database database = TestDatabase.fresh();
  private final TestClock clock = new TestClock();
  private final Faults faults = new Faults();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private PostgresLedger ledger;
  private final AtomicInteger names = new AtomicInteger();

  @BeforeAll
  void open() {
    ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, clock, faults);
  }

  @AfterAll
  void close() {
    threads.shutdownNow();
    ledger.close();
    database.close();
  }

  /**
   * One order, by index: which account, which id, which reservation.
   *
   * @param amount what it says; some are 0, negative or near the largest
   */
  private record Order(
      Transfer.Kind kind,
      int debit,
      int credit,
      long amount,
      int id,
      int pending,
      int seconds,
      boolean linked) {}

  /** The orders of a sequence, step by step. */
  private record Sequence(List<List<Order>> steps) {
    static Sequence random(Random random) {
      List<List<Order>> steps = new ArrayList<>();
      for (int i = 0; i < STEPS; i++) {
        List<Order> orders = new ArrayList<>();
        int size = 1 + random.nextInt(6);
        for (int j = 0; j < size; j++) {
          orders.add(order(random));
        }
        steps.add(orders);
      }
      return new Sequence(steps);
    }

    private static Order order(Random random) {
      Transfer.Kind kind =
          switch (random.nextInt(8)) {
            case 0, 1, 2, 3 -> Transfer.Kind.MOVE;
            case 4, 5 -> Transfer.Kind.RESERVE;
            case 6 -> Transfer.Kind.POST;
            default -> Transfer.Kind.RELEASE;
          };
      long amount =
          switch (random.nextInt(20)) {
            case 0 -> 0;
            case 1 -> -1 - random.nextInt(3);
            case 2 -> Long.MAX_VALUE - random.nextInt(3);
            case 3 -> Long.MAX_VALUE / 2 + random.nextInt(3);
            default -> 1 + random.nextInt(10);
          };
      boolean ends = kind == Transfer.Kind.POST || kind == Transfer.Kind.RELEASE;
      return new Order(
          kind,
          random.nextInt(7),
          random.nextInt(7),
          kind == Transfer.Kind.RELEASE ? 0 : amount,
          random.nextInt(30),
          random.nextInt(30),
          ends || random.nextInt(3) > 0 ? 0 : random.nextInt(30),
          random.nextInt(4) == 0);
    }

    Sequence without(int step, int order) {
      List<List<Order>> less = new ArrayList<>();
      for (int i = 0; i < steps.size(); i++) {
        List<Order> orders = new ArrayList<>(steps.get(i));
        if (i == step) {
          orders.remove(order);
        }
        less.add(orders);
      }
      return new Sequence(less);
    }
  }

  /** A sequence in a world of its own: accounts and ids that no other has. */
  private final class World {
    private final String name;
    private final ReferenceLedger twin = new ReferenceLedger(clock);
    private final Sequence sequence;
    private String difference = "";

    World(Sequence sequence) {
      this.name = "w" + names.incrementAndGet();
      this.sequence = sequence;
    }

    private void open() {
      for (int i = 0; i < 6; i++) {
        if (i != 5) { // one that nobody opened
          ledger.open(account(i), LIMITS.get(i % LIMITS.size()));
          twin.open(account(i), LIMITS.get(i % LIMITS.size()));
        }
      }
      ledger.open(account(6), Limit.NONE);
      twin.open(account(6), Limit.NONE);
    }

    /** Five of one currency, of which one does not exist, and one of another. */
    private AccountId account(int i) {
      return new AccountId(name, "p" + i, i == 6 ? Currency.CHIP : Currency.USDC);
    }

    private UUID id(int i) {
      return Transfer.id(name, "" + i);
    }

    private List<Transfer> orders(int step) {
      List<Transfer> orders = new ArrayList<>();
      for (Order o : sequence.steps().get(step)) {
        Transfer order =
            switch (o.kind()) {
              case MOVE ->
                  Transfer.move(
                      id(o.id()),
                      account(o.debit()),
                      account(o.credit()),
                      o.amount(),
                      "test",
                      Explanation.NONE);
              case RESERVE ->
                  Transfer.reserve(
                      id(o.id()),
                      account(o.debit()),
                      account(o.credit()),
                      o.amount(),
                      Duration.ofSeconds(o.seconds()),
                      "test",
                      Explanation.NONE);
              case POST ->
                  Transfer.post(id(o.id()), id(o.pending()), o.amount(), "test", Explanation.NONE);
              case RELEASE, EXPIRE ->
                  Transfer.release(id(o.id()), id(o.pending()), "test", Explanation.NONE);
            };
        orders.add(o.linked() ? order.chained() : order);
      }
      return orders;
    }

    private void step(int step) {
      List<Transfer> orders = orders(step);
      if (orders.isEmpty()) {
        return;
      }
      List<Outcome> real = ledger.submit(orders);
      List<Outcome> expected = twin.submit(orders);
      if (!real.equals(expected)) {
        differ("step " + step + ": " + real + " instead of " + expected);
      }
    }

    private void compare() {
      // Any order makes either end the reservations whose time is over.
      Transfer nothing = Transfer.release(id(-1), id(-2), "test", Explanation.NONE);
      if (!ledger.submit(List.of(nothing)).equals(twin.submit(List.of(nothing)))) {
        differ("the end of a reservation that never was");
      }
      for (int i = 0; i < 7; i++) {
        AccountId account = account(i);
        if (!ledger.balance(account).equals(twin.balance(account))) {
          differ(account + ": " + ledger.balance(account) + ", not " + twin.balance(account));
        }
        List<String> real = told(ledger, account);
        if (!real.equals(told(twin, account))) {
          differ("the statement of " + account + ": " + real + ", not " + told(twin, account));
        }
        for (LedgerEntry entry : twin.statement(account, Long.MAX_VALUE, 2)) {
          LedgerEntry there = ledger.find(entry.transfer().id()).orElseThrow();
          if (!ledger
              .balanceAt(account, there.seq())
              .equals(twin.balanceAt(account, entry.seq()))) {
            differ("the balance of " + account + " after " + entry);
          }
        }
      }
    }

    private static List<String> told(Ledger any, AccountId account) {
      return any.statement(account, Long.MAX_VALUE, 1_000).stream()
          .map(e -> e.transfer() + " " + e.moved() + " " + e.reserved() + " " + e.at())
          .toList();
    }

    private void differ(String what) {
      if (difference.isEmpty()) {
        difference = what;
      }
    }
  }

  @Test
  void aThousandSequencesWithABreakingWireEndAsOnPaper() throws Exception {
    agree(1_000);
  }

  @Test
  @Tag("long")
  void aHundredThousandSequencesWithABreakingWireEndAsOnPaper() throws Exception {
    agree(100_000);
  }

  private void agree(int sequences) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("LedgerModelTest seed " + seed);
    Random random = new Random(seed);
    int before = faults.broken();
    for (int done = 0; done < sequences; done += SIDE_BY_SIDE) {
      List<World> worlds = new ArrayList<>();
      for (int i = 0; i < SIDE_BY_SIDE; i++) {
        worlds.add(new World(Sequence.random(random)));
      }
      run(worlds, random);
      for (World world : worlds) {
        assertThat(world.difference)
            .withFailMessage(() -> "seed " + seed + ": " + shrunk(world))
            .isEmpty();
      }
    }
    assertThat(faults.broken() - before).isGreaterThan(sequences / SIDE_BY_SIDE);
    assertThat(LedgerCheck.run(database).problems()).isEmpty();
  }

  /** All worlds step by step, so that the clock can move between two steps. */
  private void run(List<World> worlds, Random random) throws Exception {
    all(worlds, World::open);
    for (int step = 0; step < STEPS; step++) {
      if (random.nextInt(3) == 0) {
        faults.arm(random.nextInt(12), random.nextBoolean());
      }
      int at = step;
      all(worlds, world -> world.step(at));
      clock.forward(TICK);
    }
    all(worlds, World::compare);
  }

  private interface Part {
    void of(World world);
  }

  private void all(List<World> worlds, Part part) throws Exception {
    List<Callable<Object>> calls = new ArrayList<>();
    for (World world : worlds) {
      calls.add(Executors.callable(() -> part.of(world)));
    }
    for (Future<Object> call : threads.invokeAll(calls)) {
      call.get();
    }
  }

  /** The shortest sequence found that still differs, alone and on a whole wire. */
  private String shrunk(World world) {
    Sequence shortest = world.sequence;
    String difference = world.difference;
    boolean shorter = true;
    while (shorter) {
      shorter = false;
      for (int step = STEPS - 1; step >= 0; step--) {
        for (int order = shortest.steps().get(step).size() - 1; order >= 0; order--) {
          Sequence less = shortest.without(step, order);
          String now = alone(less);
          if (!now.isEmpty()) {
            shortest = less;
            difference = now;
            shorter = true;
          }
        }
      }
    }
    return difference + "\n" + shortest;
  }

  private String alone(Sequence sequence) {
    World world = new World(sequence);
    world.open();
    for (int step = 0; step < STEPS; step++) {
      world.step(step);
      clock.forward(TICK);
    }
    world.compare();
    return world.difference;
  }
}
