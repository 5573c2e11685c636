package org.choir.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which VM belongs to an id, and which of them run, so that no more are admitted than may. */
final class Leases {
  private static final Logger LOG = LoggerFactory.getLogger(Leases.class);

  private final VmHost host;
  private final Admission admission;
  private final InstantSource clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Leased> vms = new HashMap<>();
  private final Set<Leased> active = new HashSet<>(); // running or being started
  private volatile VmEvents events = VmEvents.NONE;
  private boolean closed;

  Leases(VmHost host, Admission admission, InstantSource clock) {
    this.host = host;
    this.admission = admission;
    this.clock = clock;
    host.onLoss(this::lost);
  }

  void tell(VmEvents listener) {
    events = listener;
  }

  Instant now() {
    return clock.instant();
  }

  VmHost host() {
    return host;
  }

  List<Leased> all() {
    lock.lock();
    try {
      return List.copyOf(vms.values());
    } finally {
      lock.unlock();
    }
  }

  /** What is known under an id, here or only by the host. */
  Optional<Leased> known(String id) {
    VmSpec.requireId(id);
    lock.lock();
    try {
      requireOpen();
      Leased vm = vms.get(id);
      if (vm != null) {
        return Optional.of(vm);
      }
      Optional<VmState> state = host.find(id);
      if (state.isEmpty()) {
        return Optional.empty();
      }
      VmInfo info = state.get().info();
      Leased found =
          new Leased(
              this,
              new VmSpec(
                  id, info.tenant(), info.cpus(), info.memoryMib(), info.overlayMib(), List.of()),
              now());
      if (state.get() instanceof VmState.Running running) {
        found.adopt(running);
        active.add(found);
      }
      vms.put(id, found);
      return Optional.of(found);
    } finally {
      lock.unlock();
    }
  }

  Leased added(VmSpec spec) {
    lock.lock();
    try {
      requireOpen();
      return vms.computeIfAbsent(spec.id(), id -> new Leased(this, spec, now()));
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this room is closed");
    }
  }

  /** Starts or resumes a VM for its lease, which lets only one caller do so at a time. */
  VmState.Running start(Leased vm) {
    String id = vm.spec().id();
    admit(vm);
    boolean done = false;
    try {
      VmState.Running running =
          switch (host.find(id).orElse(null)) {
            case null -> created(vm.spec());
            case VmState.Suspended suspended -> resumed(suspended);
            case VmState.Running already -> already;
            case VmState.Changing changing ->
                throw SandboxException.passing(
                    "vm_changing",
                    "the VM " + id + " is " + changing.info().state(),
                    "try again",
                    null);
          };
      if (!running.notice().isEmpty()) {
        LOG.warn("VM {}: {}", id, running.notice());
      }
      done = true;
      return running;
    } finally {
      if (!done) {
        release(vm);
      }
    }
  }

  private VmState.Running created(VmSpec spec) {
    long begun = System.nanoTime();
    VmState.Running running = host.create(spec);
    told(() -> events.started(running.info(), since(begun)), () -> host.destroy(spec.id()));
    return running;
  }

  private VmState.Running resumed(VmState.Suspended suspended) {
    long begun = System.nanoTime();
    VmState.Running running = host.resume(suspended);
    boolean cold = !running.notice().isEmpty();
    told(() -> events.resumed(running.info(), cold, since(begun)), () -> host.suspend(running));
    return running;
  }

  /** What nobody could be told of is undone. */
  private static void told(Runnable telling, Runnable undo) {
    boolean told = false;
    try {
      telling.run();
      told = true;
    } finally {
      if (!told) {
        undo.run();
      }
    }
  }

  /** An end has happened, whoever could be told of it. */
  private static void tellEnd(String id, Runnable telling) {
    try {
      telling.run();
    } catch (RuntimeException e) {
      LOG.warn("what became of VM {} could not be told: {}", id, e.toString());
    }
  }

  private static Duration since(long begun) {
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  private void admit(Leased vm) {
    VmSpec spec = vm.spec();
    long disk =
        host.list().stream()
            .filter(info -> info.tenant().equals(spec.tenant()) && !info.id().equals(spec.id()))
            .mapToLong(VmInfo::overlayMib)
            .sum();
    lock.lock();
    try {
      requireOpen();
      admission.require(spec, active.stream().map(Leased::spec).toList(), disk);
      active.add(vm);
    } catch (SandboxException e) {
      forgetUnlessKept(vm);
      throw e;
    } finally {
      lock.unlock();
    }
  }

  /** After a start that failed. */
  private void release(Leased vm) {
    lock.lock();
    try {
      active.remove(vm);
      forgetUnlessKept(vm);
    } finally {
      lock.unlock();
    }
  }

  private void forgetUnlessKept(Leased vm) {
    if (host.find(vm.spec().id()).isEmpty()) {
      vms.remove(vm.spec().id(), vm);
      vm.end();
    }
  }

  /** Suspends a VM for its lease. */
  VmInfo put(VmState.Running running) {
    long begun = System.nanoTime();
    VmInfo info = host.suspend(running).info();
    tellEnd(info.id(), () -> events.suspended(info, since(begun)));
    lock.lock();
    try {
      active.removeIf(vm -> vm.spec().id().equals(info.id()));
    } finally {
      lock.unlock();
    }
    return info;
  }

  /** Removes a VM for its lease, if that is still the one under its id. */
  void remove(Leased vm) {
    String id = vm.spec().id();
    boolean current;
    lock.lock();
    try {
      current = !closed && (vms.get(id) == vm || !vms.containsKey(id));
    } finally {
      lock.unlock();
    }
    try {
      if (current) {
        Optional<VmState> there = host.find(id);
        host.destroy(id);
        there.ifPresent(was -> tellEnd(id, () -> events.ended(was.info())));
      }
    } finally {
      forget(vm);
    }
  }

  private void forget(Leased vm) {
    vm.end();
    lock.lock();
    try {
      vms.remove(vm.spec().id(), vm);
      active.remove(vm);
    } finally {
      lock.unlock();
    }
  }

  /** A machine ended by itself. What comes under its id after it is another. */
  private void lost(String id) {
    Leased vm;
    lock.lock();
    try {
      vm = vms.get(id);
    } finally {
      lock.unlock();
    }
    VmState.Running held = vm == null ? null : vm.running();
    if (vm != null && held != null) {
      tellEnd(id, () -> events.lost(held.info(), host.find(id).isPresent()));
      isCurrent(vm);
    }
  }

  /** Whether the machine that is held is the one that runs; if not, it is forgotten. */
  boolean isCurrent(Leased vm) {
    VmState.Running held = vm.running();
    if (held == null) {
      return !vm.isGone(); // suspended meanwhile; a call resumes it
    }
    boolean same =
        host.find(vm.spec().id()).orElse(null) instanceof VmState.Running now
            && now.info().generation() == held.info().generation()
            && now.info().pid() == held.info().pid();
    if (!same) {
      forget(vm);
    }
    return same;
  }

  /** Forgets all of them; the machines go on. */
  void close() {
    lock.lock();
    try {
      closed = true;
      vms.clear();
      active.clear();
    } finally {
      lock.unlock();
    }
  }
}
