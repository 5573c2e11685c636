package org.choir.sandbox;

import java.io.IOException;
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
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.choir.keys.DataKeys;
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

  private final Sandboxes.Options options;
  private final Driver driver;
  private final InstantSource clock;
  private final Outside outside;
  private final Machines machines;
  private final Starts starts;
  private final Sleep sleep;
  private final WarmPool pool;
  private final Supplier<String> accelerator;
  private final Map<String, Cell> cells = new ConcurrentHashMap<>();
  private volatile Watchdog.Patience patience = Watchdog.Patience.DEFAULT;
  private volatile Consumer<String> onLoss = id -> {};
  private volatile boolean closed;

  OwnHost(
      Sandboxes.Options options,
      Driver driver,
      DataKeys keys,
      InstantSource clock,
      Outside outside,
      Step.Watcher steps) {
    this.options = options;
    this.driver = driver;
    this.clock = clock;
    this.outside = outside;
    this.machines =
        new Machines(options.folder(), options.image(), clock, driver, Machines.BOOTS, steps);
    Accelerators accelerators =
        new Accelerators(Path.of("/dev/kvm"), RuntimeFolder.path().resolve("accelerator.json"));
    this.accelerator =
        () ->
            accelerators.choose(
                options.accelerator(), () -> machines.bootsUnderKvm(options.spec("probe")));
    this.sleep =
        new Sleep(
            machines,
            new Snapshots(keys, steps),
            clock,
            steps,
            spec -> Snapshot.Fit.of(driver, accelerator(), machines.image(), spec));
    this.starts =
        new Starts(
            machines, new Templates(options.templates(), driver, machines), accelerator, READY);
    this.pool = new WarmPool(options.spec("warm"), options.pool(), starts::cold, machines);
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
    Cell cell = new Cell(patience);
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
        requireFree(spec);
        Machines.Live live = pool.claim(spec).orElseGet(() -> starts.cold(spec));
        if (closed) {
          machines.stop(live); // nobody was left to know of it
          throw new IllegalStateException("this host is closed");
        }
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

  /**
   * Refuses a volume that another VM carries. A suspended one holds it too: its memory knows what
   * was on the disk, and a change behind its back would ruin the file system.
   */
  private void requireFree(VmSpec spec) {
    for (Cell other : cells.values()) {
      Journal.Entry entry = other.entry;
      for (VmSpec.Volume volume : spec.volumes()) {
        if (entry != null
            && entry.spec().volumes().stream().anyMatch(v -> v.file().equals(volume.file()))) {
          throw SandboxException.lasting(
              "volume_in_use",
              "the volume " + volume.file() + " is the VM " + entry.id() + "'s",
              "remove that VM first: choir vm rm " + entry.id());
        }
      }
    }
  }

  /** Takes a machine in; watches it from both sides, its process and its connection. */
  private VmState.Running running(Cell cell, Machines.Live live, String notice) {
    Journal.Entry entry = live.entry();
    VmOutside way = new VmOutside(entry.id(), entry.folder(), outside, clock);
    live.link().guestStreams().serve(way);
    HypervisorProcess process = live.hypervisor().process();
    live.link().onEnding(() -> Launch.ending(entry.id(), process, entry.folder()));
    GuestVm vm = new GuestVm(entry, live.link(), way, () -> destroy(cell, live));
    cell.runs(live, vm);
    live.link().lost().thenRunAsync(() -> lost(cell, live), Thread::startVirtualThread);
    process.exit().thenRunAsync(live.link()::hypervisorEnded, Thread::startVirtualThread);
    return new VmState.Running(entry.info(), vm, notice);
  }

  /** How patient the watchdogs are of VMs that are made from now on. */
  void watching(Watchdog.Patience with) {
    patience = with;
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
    cell.stopped();
    machines.end(entry);
    if (entry.snapshot() > 0) {
      sleep.suspended(cell, entry);
    } else {
      try {
        Journal.remove(entry.folder());
      } finally {
        cells.remove(entry.id(), cell); // last, so that whoever destroys it waits for the end
      }
    }
  }

  @Override
  public Optional<VmState> find(String id) {
    Cell cell = cells.get(id);
    Machines.Live live = cell == null ? null : cell.live;
    if (cell != null && live != null && !live.hypervisor().process().alive()) {
      live.link().close();
      lost(cell, live); // its end may not have been told yet
    }
    return Optional.ofNullable(cells.get(id)).flatMap(Cell::state);
  }

  @Override
  public List<VmInfo> list() {
    return folders().stream()
        .flatMap(folder -> Journal.read(folder).stream())
        .map(this::info)
        .filter(info -> info.phase() != VmInfo.Phase.WARM)
        .sorted(Comparator.comparing(VmInfo::id))
        .toList();
  }

  /** What is known of a VM; one whose guest does not answer looks hung and never ready. */
  private VmInfo info(Journal.Entry entry) {
    Cell cell = cells.get(entry.id());
    boolean hung = entry.phase() == VmInfo.Phase.RUNNING && cell != null && cell.hangs();
    return (hung ? entry.with(VmInfo.Phase.HUNG) : entry).info();
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
          return sleep.suspend(cell, live);
        });
  }

  @Override
  public VmState.Running resume(VmState.Suspended vm) {
    return change(
        vm.info().id(),
        cell -> {
          Journal.Entry entry = cell.journal();
          if (cell.live != null || entry.phase() != VmInfo.Phase.SUSPENDED) {
            throw passed("vm_not_suspended", entry.id(), "suspended");
          }
          return starts.bounded(
              entry.id(),
              () -> {
                Sleep.Woken woken = sleep.resume(cell);
                return running(cell, woken.live(), woken.notice());
              });
        });
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
          same.stopped();
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

  private <T> T change(String id, Cell.Change<T> change) {
    Cell cell = cells.get(id);
    if (cell == null) {
      throw SandboxException.lasting(
          "no_such_vm", "there is no VM " + id, "list what exists with: choir vm ls");
    }
    return cell.change(id, READY, change);
  }

  private static SandboxException passed(String code, String id, String state) {
    return SandboxException.passing(
        code, "the VM " + id + " is not " + state + " any more", "look again", null);
  }

  @Override
  public Recovery recover() {
    starts.recover();
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
    Cell cell = new Cell(patience);
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
    starts.close();
    pool.close();
    cells
        .values()
        .forEach(
            cell -> {
              Machines.Live live = cell.live;
              cell.unwatched();
              if (live != null) {
                live.link().close();
              }
            });
    cells.clear();
  }
}
