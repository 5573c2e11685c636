package org.choir.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Appends that wait for the writing thread, first come first served. */
final class LogQueue {
  /** So many may wait; more have to wait for a place. */
  static final int PLACES = 16_384;

  /** One append. */
  static final class Request {
    private static final int WAITING = 0;
    private static final int TAKEN = 1;
    private static final int GIVEN_UP = 2;
    private final AtomicInteger state = new AtomicInteger();
    final LogEntry entry;
    final CompletableFuture<Long> done = new CompletableFuture<>();

    Request(LogEntry entry) {
      this.entry = entry;
    }

    /** The caller no longer waits; true if the entry will certainly not be written. */
    boolean giveUp() {
      return state.compareAndSet(WAITING, GIVEN_UP);
    }

    private boolean take() {
      return state.compareAndSet(WAITING, TAKEN);
    }
  }

  private final BlockingQueue<Request> waiting = new ArrayBlockingQueue<>(PLACES);

  /** False if no place became free in time. */
  boolean offer(Request request, long timeoutNanos) throws InterruptedException {
    return waiting.offer(request) || waiting.offer(request, timeoutNanos, TimeUnit.NANOSECONDS);
  }

  /** Up to {@code max} requests; waits for the first, and may return none after {@link #wake}. */
  List<Request> take(int max) throws InterruptedException {
    List<Request> group = new ArrayList<>();
    group.add(waiting.take());
    waiting.drainTo(group, max - 1);
    group.removeIf(r -> !r.take());
    return group;
  }

  /** Lets a waiting {@link #take} return; where the queue is full, none is waiting. */
  void wake() {
    Request nothing = new Request((index, previous) -> new byte[0]);
    boolean givenUp = nothing.giveUp();
    boolean woken = waiting.offer(nothing);
    assert givenUp || woken;
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Fails everything that waits. */
  void fail(LogException why) {
    for (Request next = waiting.poll(); next != null; next = waiting.poll()) {
      if (next.take()) {
        next.done.completeExceptionally(why);
      }
    }
  }
}
