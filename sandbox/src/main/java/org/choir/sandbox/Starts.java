package org.choir.sandbox;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts machines, no more at once than the processors can start in time. */
final class Starts implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Starts.class);

  private final Machines machines;
  private final Templates templates;
  private final Supplier<String> accelerator;
  private final Duration patience;
  private volatile boolean closed;

  // More at once only make each other late; a restore is mostly one processor's work.
  private final Semaphore turns =
      new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);

  /**
   * @param patience how long a start waits for its turn
   */
  Starts(Machines machines, Templates templates, Supplier<String> accelerator, Duration patience) {
    this.machines = machines;
    this.templates = templates;
    this.accelerator = accelerator;
    this.patience = patience;
  }

  /** A new machine, from a template if there can be one. */
  Machines.Live cold(VmSpec spec) {
    String how = accelerator.get();
    return bounded(
        spec.id(),
        () -> {
          if (templates.serves(spec, how)) {
            try {
              return machines.fork(spec, how, templates.of(spec, how));
            } catch (SandboxException e) {
              if (closed || e.code().startsWith("no_") || e.code().equals("image_mismatch")) {
                throw e; // a boot would fail in the same way
              }
              if (e.getCause() instanceof IOException) {
                templates.discard(spec, how); // its state did not load
              }
              LOG.warn("VM {} is booted, since no template serves: {}", spec.id(), e.getMessage());
            }
          }
          return machines.boot(spec, how);
        });
  }

  /** Ends a template that is being made; nothing is started any more. */
  @Override
  public void close() {
    closed = true;
    templates.close();
  }

  /** What an earlier server left of a template in the making is removed. */
  void recover() {
    templates.recover();
  }

  /**
   * Runs a start when it is its turn.
   *
   * @throws SandboxException {@code host_busy} when its turn did not come in time
   */
  <T> T bounded(String id, Supplier<T> start) {
    try {
      if (!turns.tryAcquire(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        throw SandboxException.passing(
            "host_busy",
            "too many VMs start at once; " + id + " had no turn in " + patience.toSeconds() + " s",
            "wait",
            null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "the start of " + id + " was interrupted", "", e);
    }
    try {
      if (closed) {
        throw new IllegalStateException("this host is closed");
      }
      return start.get();
    } finally {
      turns.release();
    }
  }
}
