package org.choir.sandbox;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a guest again and again whether it is there. A guest, or a hypervisor, that hangs looks hung
 * after a while, and at the deadline its connection is given up, which ends its machine.
 */
final class Watchdog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

  /**
   * How patient it is.
   *
   * @param every between an answer and the next question
   * @param late without an answer for so long a guest looks hung
   * @param deadline without an answer for so long it is given up
   */
  record Patience(Duration every, Duration late, Duration deadline) {
    /** On a busy host a guest under software emulation may not run for many seconds. */
    static final Patience DEFAULT =
        new Patience(Duration.ofSeconds(5), Duration.ofSeconds(15), Duration.ofSeconds(60));
  }

  private final String name;
  private final GuestLink link;
  private final Patience patience;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile long askedNanos;
  private volatile boolean asked;

  Watchdog(String name, GuestLink link, Patience patience) {
    this.name = name;
    this.link = link;
    this.patience = patience;
    Thread.ofVirtual().name("watchdog-" + name).start(this::watch);
  }

  /** Whether an answer is overdue. */
  boolean late() {
    return closed.getCount() > 0
        && asked
        && System.nanoTime() - askedNanos > patience.late().toNanos();
  }

  private void watch() {
    try {
      while (!closed.await(patience.every().toMillis(), TimeUnit.MILLISECONDS)
          && !link.lost().isDone()) {
        askedNanos = System.nanoTime();
        asked = true;
        link.agent().ping(patience.deadline()); // gives the link up at the deadline
        asked = false;
      }
    } catch (SandboxException e) {
      if (closed.getCount() > 0) {
        LOG.warn("VM {}: {}", name, e.getMessage());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops watching; the guest goes on. */
  @Override
  public void close() {
    closed.countDown();
  }

  /** Stops one, if there is one. */
  static void stop(@Nullable Watchdog watchdog) {
    if (watchdog != null) {
      watchdog.close();
    }
  }
}
