package org.choir.knowledge;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.choir.core.ChoirException;

/** Runs one task per item on a few threads, as many as the machine has processors. */
final class Workers {
  private static final int THREADS_MAX = 8;
  // No file within the limits takes this long to read.
  private static final Duration STUCK_AFTER = Duration.ofMinutes(10);

  private Workers() {}

  /**
   * Returns when all are done; the first failure ends the others after their present item and is
   * thrown.
   */
  static <T> void each(List<T> items, Consumer<T> task) {
    int threads =
        Math.min(items.size(), Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors()));
    AtomicInteger next = new AtomicInteger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CountDownLatch running = new CountDownLatch(threads);
    for (int i = 0; i < threads; i++) {
      Thread.ofPlatform()
          .daemon()
          .name("choir-sources-" + i)
          .start(
              () -> {
                try {
                  for (int at = next.getAndIncrement();
                      at < items.size() && failure.get() == null;
                      at = next.getAndIncrement()) {
                    task.accept(items.get(at));
                  }
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                } finally {
                  running.countDown();
                }
              });
    }
    await(running, next, failure);
    Throwable failed = failure.get();
    if (failed instanceof Error error) {
      throw error;
    }
    if (failed instanceof RuntimeException exception) {
      throw exception;
    }
  }

  private static void await(
      CountDownLatch running, AtomicInteger next, AtomicReference<Throwable> failure) {
    int seen = -1;
    try {
      while (!running.await(STUCK_AFTER.toSeconds(), TimeUnit.SECONDS)) {
        int now = next.get();
        if (now == seen) {
          stop(failure, "source_stuck", "reading has not come forward for " + STUCK_AFTER);
          return;
        }
        seen = now;
      }
    } catch (InterruptedException e) {
      stop(failure, "interrupted", "the reading of the sources was interrupted");
      awaitPresentItems(running);
      Thread.currentThread().interrupt();
    }
  }

  private static void stop(AtomicReference<Throwable> failure, String code, String message) {
    failure.compareAndSet(
        null, ChoirException.retryable(code, message, "run the command again", null));
  }

  /** The workers write to what their caller closes next. */
  private static void awaitPresentItems(CountDownLatch running) {
    try {
      if (!running.await(STUCK_AFTER.toSeconds(), TimeUnit.SECONDS)) {
        throw ChoirException.fatal(
            "source_stuck", "reading a file has not ended for " + STUCK_AFTER, "stop the process");
      }
    } catch (InterruptedException again) {
      Thread.currentThread().interrupt();
    }
  }
}
