package org.choir.sandbox;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** One VM of this machine: its journal and, while it runs, its machine. Changed under its lock. */
final class Cell {
  final ReentrantLock changing = new ReentrantLock();
  volatile Journal.@Nullable Entry entry;
  volatile Machines.@Nullable Live live;
  volatile @Nullable GuestVm vm;
  private final Watchdog.Patience patience;
  private @Nullable Watchdog watchdog;

  /**
   * @param patience of the watchdog of its machine
   */
  Cell(Watchdog.Patience patience) {
    this.patience = patience;
  }

  /** Takes a machine in. */
  void runs(Machines.Live machine, GuestVm handle) {
    entry = machine.entry();
    live = machine;
    vm = handle;
    watched(machine);
  }

  /** Lets its machine go. */
  void stopped() {
    unwatched();
    live = null;
    vm = null;
  }

  /** Watches whether the guest answers, from now on. */
  synchronized void watched(Machines.Live machine) {
    unwatched();
    watchdog = new Watchdog(machine.entry().id(), machine.link(), patience);
  }

  /** A machine that is stopped answers nothing. */
  synchronized void unwatched() {
    Watchdog.stop(watchdog);
    watchdog = null;
  }

  /** Whether its guest owes an answer for too long. */
  synchronized boolean hangs() {
    return live != null && watchdog != null && watchdog.late();
  }

  interface Change<T> {
    T of(Cell cell);
  }

  /**
   * Makes one change at a time; the next waits as long as is said. A change that has begun is
   * finished even if whoever asked for it is interrupted or gone: none is left half made, and no
   * guest frozen.
   */
  <T> T change(String id, Duration patience, Change<T> change) {
    try {
      return CompletableFuture.supplyAsync(
              () -> changed(id, patience, change), Thread::startVirtualThread)
          .join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof SandboxException known) {
        throw known.again();
      }
      throw e;
    }
  }

  private <T> T changed(String id, Duration patience, Change<T> change) {
    try {
      if (!changing.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        throw SandboxException.passing(
            "vm_changing", "the VM " + id + " is being changed", "wait and try again", null);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e); // nobody knows this thread
    }
    try {
      return change.of(this);
    } finally {
      changing.unlock();
    }
  }

  Journal.Entry journal() {
    Journal.Entry known = entry;
    if (known == null) {
      throw new IllegalStateException("a VM without a journal"); // its start is under the lock
    }
    return known;
  }

  /** How it stands; empty while it is started for the first time. */
  Optional<VmState> state() {
    Journal.Entry known = entry;
    GuestVm running = vm;
    if (known == null) {
      return Optional.empty();
    }
    if (known.phase() == VmInfo.Phase.RUNNING && hangs()) {
      return Optional.of(new VmState.Changing(known.with(VmInfo.Phase.HUNG).info()));
    }
    VmInfo info = known.info();
    return Optional.of(
        switch (info.phase()) {
          case SUSPENDED -> new VmState.Suspended(info);
          case RUNNING ->
              running == null ? new VmState.Changing(info) : new VmState.Running(info, running);
          default -> new VmState.Changing(info);
        });
  }
}
