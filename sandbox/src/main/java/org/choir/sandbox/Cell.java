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
