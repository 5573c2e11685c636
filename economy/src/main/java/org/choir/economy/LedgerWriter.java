package org.choir.economy;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.database.Database;
import org.choir.database.DatabaseException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes the ledger. Callers wait in a bounded queue; while one batch is on its
 * way to the disk the next one gathers. When the database goes, the batch is tried again from what
 * is stored, so that nothing is lost and nothing happens twice; when another writer has taken over,
 * it stops for good.
 */
final class LedgerWriter implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerWriter.class);
  private static final Duration IDLE = Duration.ofMillis(500);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Database database;
  private final LedgerOptions options;
  private final InstantSource clock;
  private final UnaryOperator<Connection> wire;
  private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>();
  private final Semaphore room;
  private final Thread thread;
  private @Nullable LedgerSession session;
  private LedgerSession.@Nullable Attempt unknown;
  private volatile boolean closing;
  private volatile @Nullable ChoirException stopped;

  /** A caller's orders. */
  private record Waiting(
      List<Transfer> orders, CompletableFuture<List<Outcome>> answer, long deadline) {}

  /** Takes the ledger over before it returns. */
  LedgerWriter(
      Database database,
      LedgerOptions options,
      InstantSource clock,
      UnaryOperator<Connection> wire) {
    this.database = database;
    this.options = options;
    this.clock = clock;
    this.wire = wire;
    this.room = new Semaphore(options.queueMax());
    try {
      this.session = LedgerSession.take(database, options.patience(), wire);
    } catch (SQLException e) {
      throw unavailable("cannot be opened", e);
    }
    this.thread = Thread.ofPlatform().daemon().name("ledger").start(this::run);
  }

  List<Outcome> submit(List<Transfer> orders) {
    if (orders.isEmpty()) {
      return List.of();
    }
    if (orders.size() > options.batchMax()) {
      throw new IllegalArgumentException(orders.size() + " orders at once");
    }
    long deadline = System.nanoTime() + options.patience().toNanos();
    try {
      if (!room.tryAcquire(orders.size(), options.patience().toMillis(), TimeUnit.MILLISECONDS)) {
        throw ChoirException.retryable(
            "ledger_busy", "the ledger has more orders than it can take", "try again", null);
      }
      Waiting waiting = new Waiting(orders, new CompletableFuture<>(), deadline);
      queue.add(waiting);
      refuseIfStopped();
      return waiting.answer().get(options.patience().plus(IDLE).toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable(
          "interrupted", "the wait for the ledger was interrupted", "order the same again", e);
    } catch (TimeoutException e) {
      throw unavailable("gave no answer in time", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChoirException failure) {
        throw failure;
      }
      throw new IllegalStateException("the ledger failed", e.getCause());
    }
  }

  private static ChoirException unavailable(String what, Throwable cause) {
    return new ChoirException(
        new Failure(
            "ledger_unavailable",
            "the ledger " + what,
            "order the same again; choir doctor",
            ExitStatus.FAILED,
            true),
        cause);
  }

  private void run() {
    while (!closing || !queue.isEmpty()) {
      List<Waiting> batch = List.of();
      try {
        batch = gather();
        if (!batch.isEmpty() || expiryDue()) {
          write(batch);
        }
      } catch (InterruptedException e) {
        LOG.debug("the ledger's writer is told to end", e);
        closing = true;
      } catch (ChoirException e) {
        stop(batch, e);
        return;
      } catch (RuntimeException | Error e) {
        // A fault of our own: what is stored is sound, but this writer's view of it may not be.
        LOG.error("the ledger's writer stops", e);
        stop(batch, unavailable("has stopped after a fault of its own: " + e, e));
        return;
      }
    }
    stop(List.of(), unavailable("is closed", new IllegalStateException("closed")));
  }

  private List<Waiting> gather() throws InterruptedException {
    Waiting first = queue.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
    if (first == null) {
      return List.of();
    }
    List<Waiting> batch = new ArrayList<>();
    batch.add(first);
    int orders = first.orders().size();
    for (Waiting next = queue.peek();
        next != null && orders + next.orders().size() <= options.batchMax();
        next = queue.peek()) {
      batch.add(queue.remove());
      orders += next.orders().size();
    }
    return batch;
  }

  private boolean expiryDue() {
    return session != null && session.expiryDue(clock.instant());
  }

  private void write(List<Waiting> batch) throws InterruptedException {
    List<List<Transfer>> lists = batch.stream().map(Waiting::orders).toList();
    long deadline = batch.isEmpty() ? System.nanoTime() : batch.getFirst().deadline();
    for (; ; ) {
      try {
        List<List<Outcome>> outcomes = outcomes(session(), lists);
        for (int i = 0; i < batch.size(); i++) {
          room.release(batch.get(i).orders().size());
          batch.get(i).answer().complete(outcomes.get(i));
        }
        return;
      } catch (SQLException | DatabaseException e) {
        LOG.warn("the ledger's database did not answer, it is asked again: {}", e.toString());
        drop();
        if (System.nanoTime() >= deadline) {
          unknown = null;
          fail(batch, unavailable("does not reach its database", e));
          return;
        }
        Thread.sleep(PAUSE);
      }
    }
  }

  /** Of a batch that was written before the connection went, the outcomes are those of then. */
  private List<List<Outcome>> outcomes(LedgerSession held, List<List<Transfer>> lists)
      throws SQLException {
    LedgerSession.Attempt before = unknown;
    unknown = null;
    return before != null && held.endsWith(before)
        ? before.outcomes()
        : held.write(lists, clock.instant().truncatedTo(ChronoUnit.MILLIS));
  }

  private LedgerSession session() throws SQLException {
    LedgerSession held = session;
    if (held == null) {
      held = LedgerSession.take(database, options.patience(), wire);
      session = held;
    }
    return held;
  }

  private void drop() {
    if (session != null) {
      unknown = session.attempt();
      session.close();
      session = null;
    }
  }

  private void fail(List<Waiting> batch, ChoirException why) {
    for (Waiting waiting : batch) {
      room.release(waiting.orders().size());
      waiting.answer().completeExceptionally(why);
    }
  }

  private void stop(List<Waiting> batch, ChoirException why) {
    drop();
    fail(batch, why);
    stopped = why;
    refuseIfStopped();
  }

  /** Whoever queues while the writer stops is answered by one of the two. */
  private void refuseIfStopped() {
    ChoirException why = stopped;
    if (why != null) {
      List<Waiting> left = new ArrayList<>();
      queue.drainTo(left);
      fail(left, why);
    }
  }

  /** Writes what is queued, then gives the ledger back. */
  @Override
  public void close() {
    closing = true;
    try {
      if (!thread.join(options.patience().plus(IDLE))) {
        LOG.warn("the ledger's writer does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
