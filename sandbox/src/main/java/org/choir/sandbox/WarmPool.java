package org.choir.sandbox;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.choir.core.TenantId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Machines that are ready and nobody's yet, all of one kind. One is taken at once; the pool fills
 * up again in the background. It holds none before the first has been asked for, so that a server
 * which needs no VM starts none.
 */
final class WarmPool implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WarmPool.class);

  /** A start takes seconds; one that takes longer has failed in its own way. */
  private static final Duration START_MAX = Duration.ofSeconds(60);

  private final VmSpec kind;
  private final int size;
  private final Function<VmSpec, Machines.Live> start;
  private final Machines machines;
  private final AtomicLong number = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Machines.Live> ready = new ArrayDeque<>();
  private final Condition filled = lock.newCondition();
  private boolean filling;
  private boolean closed;

  /**
   * @param kind what they are like; its id and tenant do not matter
   * @param start makes one
   */
  WarmPool(VmSpec kind, int size, Function<VmSpec, Machines.Live> start, Machines machines) {
    this.kind = kind;
    this.size = size;
    this.start = start;
    this.machines = machines;
  }

  /** A ready machine of this kind, now its caller's; refills in the background. */
  Optional<Machines.Live> claim(VmSpec wanted) {
    if (size == 0 || !sameKind(wanted)) {
      return Optional.empty();
    }
    Optional<Machines.Live> taken = Optional.empty();
    while (taken.isEmpty()) {
      Machines.Live next;
      lock.lock();
      try {
        next = ready.poll();
      } finally {
        lock.unlock();
      }
      if (next == null) {
        break;
      }
      taken = handed(next, wanted);
    }
    return taken;
  }

  private Optional<Machines.Live> handed(Machines.Live live, VmSpec wanted) {
    if (live.link().lost().isDone() || !live.hypervisor().process().alive()) {
      machines.remove(live.entry());
      return Optional.empty();
    }
    Journal.Entry entry = live.entry().with(wanted).with(VmInfo.Phase.RUNNING);
    Journal.write(entry);
    return Optional.of(new Machines.Live(entry, live.hypervisor(), live.link()));
  }

  private boolean sameKind(VmSpec wanted) {
    return wanted.role() == kind.role()
        && wanted.cpus() == kind.cpus()
        && wanted.memoryMib() == kind.memoryMib()
        && wanted.overlayMib() == kind.overlayMib()
        && wanted.volumes().isEmpty();
  }

  /** How many are ready. */
  int ready() {
    lock.lock();
    try {
      return ready.size();
    } finally {
      lock.unlock();
    }
  }

  /** Begins to fill up, unless that is going on. */
  void refill() {
    lock.lock();
    try {
      if (closed || filling || ready.size() >= size) {
        return;
      }
      filling = true;
    } finally {
      lock.unlock();
    }
    Thread.ofVirtual().name("warm-pool").start(this::fill);
  }

  private void fill() {
    boolean more = true;
    while (more) {
      Machines.Live live = null;
      try {
        live = warm();
      } catch (SandboxException e) {
        LOG.warn("no VM could be kept ready: {}", e.getMessage());
      }
      boolean kept = false;
      lock.lock();
      try {
        kept = live != null && !closed;
        if (kept && live != null) {
          ready.add(live);
        }
        more = kept && ready.size() < size;
        if (kept && !more) {
          ended();
        }
      } finally {
        lock.unlock();
      }
      if (!kept) {
        if (live != null) {
          machines.stop(live);
        }
        lock.lock();
        try {
          ended();
        } finally {
          lock.unlock();
        }
      }
    }
  }

  /** Nothing is being started any more; under the lock. */
  private void ended() {
    filling = false;
    filled.signalAll();
  }

  private Machines.Live warm() {
    VmSpec nobodys =
        new VmSpec(
            "warm-" + number.incrementAndGet(),
            TenantId.LOCAL,
            kind.cpus(),
            kind.memoryMib(),
            kind.overlayMib(),
            List.of());
    Machines.Live live = start.apply(nobodys);
    Journal.Entry entry = live.entry().with(VmInfo.Phase.WARM);
    Journal.write(entry);
    return new Machines.Live(entry, live.hypervisor(), live.link());
  }

  /**
   * Ends those that nobody took, the one that is being started included: a process that ends now
   * would leave a machine that nobody knows.
   */
  @Override
  public void close() {
    List<Machines.Live> left;
    lock.lock();
    try {
      closed = true;
      left = new ArrayList<>(ready);
      ready.clear();
    } finally {
      lock.unlock();
    }
    for (Machines.Live live : left) {
      live.link().close();
      live.hypervisor().kill(); // it has nothing to write out
      machines.remove(live.entry());
    }
    awaitFilled();
  }

  private void awaitFilled() {
    lock.lock();
    try {
      long left = START_MAX.toNanos();
      while (filling && left > 0) {
        left = filled.awaitNanos(left);
      }
      if (filling) {
        LOG.warn("a VM for the pool is still being started after {}", START_MAX);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
