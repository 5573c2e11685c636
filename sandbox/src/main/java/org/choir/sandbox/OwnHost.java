package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.choir.keys.DataKeys;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of this machine under one hypervisor. Every change is written to the VM's journal before
 * the step it announces, so that a later process knows what it may find.
 */
final class OwnHost implements VmHost {
  private static final Logger LOG = LoggerFactory.getLogger(OwnHost.class);

  /** What a caller waits for at most: a start, or another's change. */
  private static final Duration READY = Duration.ofSeconds(60);

  /** Freezing the tools, closing the volume, writing the disk. */
  private static final Duration PREPARE = Duration.ofSeconds(30);

  private final Sandboxes.Options options;
  private final Driver driver;
  private final InstantSource clock;
  private final Step.Watcher steps;
  private final Machines machines;
  private final Templates templates;
  private final Snapshots snapshots;
  private final WarmPool pool;
  private final Supplier<String> accelerator;
  private final Semaphore starts;
  private final Map<String, Cell> cells = new ConcurrentHashMap<>();
  private volatile Consumer<String> onLoss = id -> {};
  private volatile boolean closed;

  /** One VM: its journal and, while it runs, its machine. Changed under its lock. */
  private static final class Cell {
    final ReentrantLock changing = new ReentrantLock();
    volatile Journal.@Nullable Entry entry;
    volatile Machines.@Nullable Live live;
    volatile @Nullable GuestVm vm;
  }

  OwnHost(
      Sandboxes.Options options,
      Driver driver,
      DataKeys keys,
      InstantSource clock,
      Step.Watcher steps) {
    this.options = options;
    this.driver = driver;
    this.clock = clock;
    this.steps = steps;
    this.machines =
        new Machines(options.folder(), options.image(), clock, driver, Machines.BOOTS, steps);
    this.templates = new Templates(options.templates(), driver, machines);
    this.snapshots = new Snapshots(keys, steps);
    this.pool = new WarmPool(options.spec("warm"), options.pool(), this::startCold, machines);
    Accelerators accelerators =
        new Accelerators(Path.of("/dev/kvm"), RuntimeFolder.path().resolve("accelerator.json"));
    this.accelerator =
        () ->
            accelerators.choose(
                options.accelerator(), () -> machines.bootsUnderKvm(options.spec("probe")));
    // More at once only make each other late; a restore is mostly one processor's work.
    this.starts = new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);
  }

  @Override
  public String name() {
    return driver.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return driver.capabilities(accelerator());
  }

  @Override
  public String accelerator() {
    return accelerator.get();
  }

  /** How many machines are ready and nobody's. */
  int warm() {
    return pool.ready();
  }

  @Override
  public void onLoss(Consumer<String> listener) {
    onLoss = listener;
  }

  @Override
  public VmState.Running create(VmSpec spec) {
    Cell cell = new Cell();
    cell.changing.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this host is closed");
      }
      if (cells.putIfAbsent(spec.id(), cell) != null) {
        throw SandboxException.lasting(
            "vm_exists", "there is a VM " + spec.id() + " already", "find it, or remove it first");
      }
      boolean done = false;
      try {
        Machines.Live live = pool.claim(spec).orElseGet(() -> startCold(spec));
        done = true;
        return running(cell, live, "");
      } finally {
        if (!done) {
          cells.remove(spec.id(), cell);
        }
      }
    } finally {
      cell.changing.unlock();
      pool.refill();
    }
  }

  /** A new machine, from a template if there can be one. */
  private Machines.Live startCold(VmSpec spec) {
    String how = accelerator();
    return bounded(
        spec.id(),
        () -> {
          if (templates.serves(spec, how)) {
            try {
              return machines.fork(spec, how, templates.of(spec, how));
            } catch (SandboxException e) {
              if (e.code().startsWith("no_") || e.code().equals("image_mismatch")) {
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

  private <T> T bounded(String id, Supplier<T> start) {
    try {
      if (!starts.tryAcquire(READY.toSeconds(), TimeUnit.SECONDS)) {
        throw SandboxException.passing(
            "host_busy",
            "too many VMs start at once; " + id + " had no turn in 60 s",
            "wait",
            null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "the start of " + id + " was interrupted", "", e);
    }
    try {
      return start.get();
    } finally {
      starts.release();
    }
  }

  /** Takes a machine in; watches it from both sides, its process and its connection. */
  private VmState.Running running(Cell cell, Machines.Live live, String notice) {
    Journal.Entry entry = live.entry();
    GuestVm vm = new GuestVm(entry, live.link(), () -> destroy(cell, live));
    cell.entry = entry;
    cell.live = live;
    cell.vm = vm;
    live.link().lost().thenRunAsync(() -> lost(cell, live), Thread::startVirtualThread);
    live.hypervisor().process().exit().thenRunAsync(live.link()::close, Thread::startVirtualThread);
    return new VmState.Running(entry.info(), vm, notice);
  }

  /** A machine that ended by itself: put away what it left, unless it was let go of on purpose. */
  private void lost(Cell cell, Machines.Live live) {
    cell.changing.lock();
    try {
      Machines.Live now = cell.live;
      if (closed || now == null || now.link() != live.link()) {
        return; // after this host was closed its VMs belong to whoever adopts them
      }
      LOG.warn("VM {} ended: {}", live.entry().id(), live.link().lost().join().getMessage());
      live.hypervisor().kill();
      putAway(cell, live.entry());
    } finally {
      cell.changing.unlock();
    }
    onLoss.accept(live.entry().id());
  }

  /** Without a machine a VM is what its last snapshot says, or nothing. */
  private void putAway(Cell cell, Journal.Entry entry) {
    cell.live = null;
    cell.vm = null;
    machines.end(entry);
    if (entry.snapshot() > 0) {
      suspended(cell, entry);
    } else {
      cells.remove(entry.id(), cell);
      Journal.remove(entry.folder());
    }
  }

  private void suspended(Cell cell, Journal.Entry entry) {
    Journal.Entry put = entry.with(VmInfo.Phase.SUSPENDED).with(HypervisorProcess.NONE);
    Journal.write(put);
    cell.entry = put;
    try {
      Files.deleteIfExists(put.overlay());
      Snapshots.keepOnly(put.folder(), put.snapshot());
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot tidy up " + put.folder() + ": " + e.getMessage(), "", e);
    }
  }

  @Override
  public Optional<VmState> find(String id) {
    return Optional.ofNullable(cells.get(id)).flatMap(OwnHost::state);
  }

  private static Optional<VmState> state(Cell cell) {
    Journal.Entry entry = cell.entry;
    GuestVm vm = cell.vm;
    if (entry == null) {
      return Optional.empty(); // not started yet
    }
    VmInfo info = entry.info();
    return Optional.of(
        switch (info.phase()) {
          case SUSPENDED -> new VmState.Suspended(info);
          case RUNNING -> vm == null ? new VmState.Changing(info) : new VmState.Running(info, vm);
          default -> new VmState.Changing(info);
        });
  }

  @Override
  public List<VmInfo> list() {
    return folders().stream()
        .flatMap(folder -> Journal.read(folder).stream())
        .map(Journal.Entry::info)
        .filter(info -> info.phase() != VmInfo.Phase.WARM)
        .sorted(Comparator.comparing(VmInfo::id))
        .toList();
  }

  @Override
  public VmState.Suspended suspend(VmState.Running vm) {
    return change(
        vm.info().id(),
        cell -> {
          Machines.Live live = cell.live;
          if (live == null || cell.vm != vm.vm() || live.link().lost().isDone()) {
            throw passed("vm_not_running", vm.info().id(), "running");
          }
          return suspend(cell, live);
        });
  }

  private VmState.Suspended suspend(Cell cell, Machines.Live live) {
    Journal.Entry entry = live.entry().with(VmInfo.Phase.SUSPENDING);
    int number = entry.snapshot() + 1;
    Journal.write(entry);
    cell.entry = entry;
    steps.reached(Step.SUSPEND_JOURNALLED);
    boolean whole = false;
    try {
      live.link().prepare(PREPARE);
      steps.reached(Step.GUEST_PREPARED);
      live.hypervisor().pause();
      steps.reached(Step.GUEST_PAUSED);
      snapshots.write(entry, number, clock.millis(), live.hypervisor());
      whole = true;
      steps.reached(Step.SNAPSHOT_WHOLE);
    } catch (IOException e) {
      throw Machines.noSpace("write the snapshot of VM " + entry.id(), e);
    } finally {
      if (!whole) {
        runOn(cell, live);
      }
    }
    cell.live = null;
    cell.vm = null;
    live.link().suspended();
    live.hypervisor().kill();
    steps.reached(Step.PROCESS_KILLED);
    suspended(cell, entry.withSnapshot(number));
    steps.reached(Step.SUSPENDED_JOURNALLED);
    return new VmState.Suspended(journal(cell).info());
  }

  private static Journal.Entry journal(Cell cell) {
    Journal.Entry entry = cell.entry;
    if (entry == null) {
      throw new IllegalStateException("a VM without a journal"); // its start is under the lock
    }
    return entry;
  }

  /** After a suspend that failed; a guest that cannot be woken is lost, never left frozen. */
  private void runOn(Cell cell, Machines.Live live) {
    try {
      live.hypervisor().unpause();
      live.link().wake();
      Journal.Entry entry = live.entry().with(VmInfo.Phase.RUNNING);
      Journal.write(entry);
      cell.entry = entry;
    } catch (SandboxException e) {
      LOG.warn("VM {} cannot go on: {}", live.entry().id(), e.getMessage());
      live.link().close();
    }
  }

  @Override
  public VmState.Running resume(VmState.Suspended vm) {
    return change(
        vm.info().id(),
        cell -> {
          Journal.Entry entry = journal(cell);
          if (cell.live != null || entry.phase() != VmInfo.Phase.SUSPENDED) {
            throw passed("vm_not_suspended", entry.id(), "suspended");
          }
          return bounded(entry.id(), () -> resume(cell, entry));
        });
  }

  private VmState.Running resume(Cell cell, Journal.Entry from) {
    // A number is given once, whatever becomes of this attempt: no two machines share one.
    Journal.Entry entry = from.with(VmInfo.Phase.RESUMING).withGeneration(from.generation() + 1);
    Journal.write(entry);
    cell.entry = entry;
    steps.reached(Step.RESUME_JOURNALLED);
    boolean done = false;
    try {
      Snapshot snapshot = Snapshot.read(entry.folder(), entry.snapshot());
      Optional<String> refusal =
          snapshot.refusal(
              entry.folder(),
              Snapshot.Fit.of(driver, accelerator(), machines.image(), entry.spec()));
      unpack(entry);
      steps.reached(Step.OVERLAY_UNPACKED);
      VmState.Running running =
          refusal.isPresent()
              ? bootAgain(cell, entry, refusal.get())
              : load(cell, entry.withToken(snapshot.token()));
      done = true;
      return running;
    } finally {
      if (!done) {
        machines.end(entry);
        suspended(cell, journal(cell)); // with the highest generation that was given
      }
    }
  }

  private void unpack(Journal.Entry entry) {
    try {
      snapshots.unpackOverlay(entry);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "snapshot_damaged",
          "the disk of VM " + entry.id() + " cannot be read: " + e.getMessage(),
          "remove it: choir vm rm " + entry.id(),
          e);
    }
  }

  private VmState.Running load(Cell cell, Journal.Entry entry) {
    try (InputStream memory = snapshots.memory(entry)) {
      return running(cell, machines.restore(entry, memory), "");
    } catch (IOException e) {
      return bootAgain(cell, entry, "its memory cannot be read: " + e.getMessage());
    } catch (SandboxException e) {
      if (e.getCause() instanceof IOException) {
        return bootAgain(cell, entry, e.failure().message()); // it never ran
      }
      throw e;
    }
  }

  /** The same disk and volumes, but its processes are gone. */
  private VmState.Running bootAgain(Cell cell, Journal.Entry entry, String why) {
    LOG.warn("VM {} is booted again with its disk: {}", entry.id(), why);
    Journal.Entry here =
        new Journal.Entry(
            entry.spec(),
            entry.folder(),
            Snapshot.Fit.of(driver, accelerator(), machines.image(), entry.spec()),
            HypervisorProcess.NONE,
            entry.phase(),
            entry.generation(),
            entry.snapshot(),
            entry.startedMillis(),
            "");
    return running(
        cell,
        machines.bootAgain(here),
        "its files are kept, its processes are gone: it was booted again, since " + why);
  }

  @Override
  public void destroy(String id) {
    Cell cell = cells.get(id);
    if (cell == null) {
      return;
    }
    change(
        id,
        same -> {
          Machines.Live live = same.live;
          Journal.Entry entry = same.entry;
          same.live = null;
          same.vm = null;
          if (live != null) {
            machines.stop(live);
          } else if (entry != null) {
            machines.remove(entry);
          }
          cells.remove(id, same);
          return id;
        });
  }

  /** Ends a machine that its user is done with, unless another has taken its place. */
  private void destroy(Cell cell, Machines.Live live) {
    Machines.Live now = cell.live;
    if (cells.get(live.entry().id()) == cell && (now == null || now.link() == live.link())) {
      destroy(live.entry().id());
    }
  }

  private interface Change<T> {
    T of(Cell cell);
  }

  /** Makes one change of a VM at a time; the next waits as long as a start may take. */
  private <T> T change(String id, Change<T> change) {
    Cell cell = cells.get(id);
    if (cell == null) {
      throw SandboxException.lasting(
          "no_such_vm", "there is no VM " + id, "list what exists with: choir vm ls");
    }
    try {
      if (!cell.changing.tryLock(READY.toSeconds(), TimeUnit.SECONDS)) {
        throw SandboxException.passing(
            "vm_changing", "the VM " + id + " is being changed", "wait and try again", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "waiting for " + id + " was interrupted", "", e);
    }
    try {
      return change.of(cell);
    } finally {
      cell.changing.unlock();
    }
  }

  private static SandboxException passed(String code, String id, String state) {
    return SandboxException.passing(
        code, "the VM " + id + " is not " + state + " any more", "look again", null);
  }

  @Override
  public Recovery recover() {
    List<String> adopted = new ArrayList<>();
    List<String> reaped = new ArrayList<>();
    Set<Path> mine = ConcurrentHashMap.newKeySet();
    cells.values().stream()
        .map(cell -> cell.entry)
        .filter(e -> e != null)
        .forEach(e -> mine.add(e.folder()));
    for (Path folder : folders()) {
      if (mine.contains(folder)) {
        continue;
      }
      Optional<Journal.Entry> entry = Journal.read(folder);
      if (entry.isEmpty()) {
        machines.removeUnknown(folder);
        reaped.add(folder.getFileName().toString());
      } else if (recover(entry.get())) {
        adopted.add(entry.get().id());
      } else {
        reaped.add(entry.get().id());
      }
    }
    return new Recovery(List.copyOf(adopted), List.copyOf(reaped));
  }

  /** Whether there still is such a VM afterwards. */
  private boolean recover(Journal.Entry entry) {
    Cell cell = new Cell();
    if (closed || cells.putIfAbsent(entry.id(), cell) != null) {
      machines.remove(entry);
      return false;
    }
    cell.changing.lock();
    try {
      Journal.Entry known = newest(entry);
      if (known.snapshot() == entry.snapshot() && adopt(cell, entry)) {
        return true;
      }
      putAway(cell, known);
      return known.snapshot() > 0;
    } finally {
      cell.changing.unlock();
    }
  }

  /** A suspend that was cut off after its snapshot was whole has happened. */
  private static Journal.Entry newest(Journal.Entry entry) {
    if (entry.phase() != VmInfo.Phase.SUSPENDING) {
      return entry;
    }
    try {
      OptionalInt number = Snapshots.newest(entry.folder());
      return number.isPresent() ? entry.withSnapshot(number.getAsInt()) : entry;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot read " + entry.folder() + ": " + e.getMessage(), "", e);
    }
  }

  private boolean adopt(Cell cell, Journal.Entry entry) {
    boolean may = entry.phase() == VmInfo.Phase.RUNNING || entry.phase() == VmInfo.Phase.SUSPENDING;
    if (!may || !entry.driver().equals(driver.name()) || !entry.process().alive()) {
      return false;
    }
    try {
      running(cell, machines.adopt(entry), "");
      return true;
    } catch (SandboxException e) {
      LOG.warn("VM {} cannot be adopted: {}", entry.id(), e.getMessage());
      return false;
    }
  }

  private List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(options.folder(), "vm-*")) {
      all.forEach(folders::add);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space", "cannot read " + options.folder() + ": " + e.getMessage(), "", e);
    }
    return folders;
  }

  @Override
  public void close() {
    closed = true;
    pool.close();
    cells
        .values()
        .forEach(
            cell -> {
              Machines.Live live = cell.live;
              if (live != null) {
                live.link().close();
              }
            });
    cells.clear();
  }
}
