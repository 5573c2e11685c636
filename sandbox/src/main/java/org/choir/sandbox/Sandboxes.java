package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The microVMs of one server: creates, finds, adopts and reaps them. Thread-safe. */
public final class Sandboxes implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

  /** How long a caller waits for a VM that another caller is starting. */
  private static final Duration READY = Duration.ofSeconds(60);

  /**
   * What this room needs.
   *
   * @param folder owned by this room: one folder per VM with journal, sockets, overlay; sockets'
   *     paths must stay short
   * @param image the folder with {@code vmlinuz}, {@code initrd.img}, {@code root.img} and {@code
   *     manifest.json}
   * @param accelerator {@code auto} (probe by booting, remembered per host boot), {@code kvm} or
   *     {@code tcg}
   * @param vmLimit VMs at once; one more is refused with {@code vm_limit}
   */
  public record Options(
      Path folder, Path image, String accelerator, int memoryMib, int overlayMib, int vmLimit) {}

  /** A VM's place in this room, from the wish for it until its last remains are removed. */
  private static final class Slot {
    final CompletableFuture<GuestVm> ready = new CompletableFuture<>();
    final CompletableFuture<Void> gone = new CompletableFuture<>();
    boolean ending; // guarded by the room's lock

    boolean running() {
      return !ending && ready.isDone() && !ready.isCompletedExceptionally();
    }
  }

  private final Options options;
  private final Machines machines;
  private final Accelerators accelerators;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Slot> vms = new HashMap<>();
  private boolean closed;

  private Sandboxes(Options options, InstantSource clock) {
    this.options = options;
    this.machines = new Machines(options, clock, new QemuDriver(), Machines.BOOTS);
    this.accelerators =
        new Accelerators(Path.of("/dev/kvm"), RuntimeFolder.path().resolve("accelerator.json"));
  }

  /** Opens the room; nothing is started. */
  public static Sandboxes open(Options options, InstantSource clock) {
    try {
      Files.createDirectories(
          options.folder(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot make the folder for VMs " + options.folder() + ": " + e.getMessage(),
          "free some space or set another CHOIR_HOME",
          e);
    }
    return new Sandboxes(options, clock);
  }

  /**
   * Adopts the live VMs of an earlier process and removes the remains of dead ones; call once after
   * a start.
   */
  public VmHost.Recovery recover() {
    List<String> adopted = new ArrayList<>();
    List<String> reaped = new ArrayList<>();
    for (Path folder : folders()) {
      if (mine(folder)) {
        continue;
      }
      Optional<Journal.Entry> entry = Journal.read(folder);
      if (entry.isEmpty()) {
        machines.removeUnknown(folder);
        reaped.add(folder.getFileName().toString());
      } else if (adopt(entry.get())) {
        adopted.add(entry.get().id());
      } else {
        machines.remove(entry.get());
        reaped.add(entry.get().id());
      }
    }
    return new VmHost.Recovery(List.copyOf(adopted), List.copyOf(reaped));
  }

  private boolean adopt(Journal.Entry entry) {
    if (entry.phase() != VmInfo.Phase.RUNNING || !entry.process().alive()) {
      return false;
    }
    Slot slot = new Slot();
    lock.lock();
    try {
      if (closed || vms.putIfAbsent(entry.id(), slot) != null) {
        return false;
      }
    } finally {
      lock.unlock();
    }
    try {
      slot.ready.complete(watched(machines.adopt(entry), slot));
      return true;
    } catch (SandboxException e) {
      LOG.warn("VM {} cannot be adopted: {}", entry.id(), e.getMessage());
      forget(entry.id(), slot);
      return false;
    }
  }

  /** Whether a folder belongs to a VM of this process; while one starts, all of them may. */
  private boolean mine(Path folder) {
    lock.lock();
    try {
      return vms.values().stream()
          .anyMatch(slot -> !slot.running() || slot.ready.join().entry().folder().equals(folder));
    } finally {
      lock.unlock();
    }
  }

  /**
   * The running VM with this id, or a newly started one. Blocks until the guest has said hello (at
   * most 60 s).
   */
  public Vm obtain(String id) {
    VmSpec.requireId(id);
    long deadline = System.nanoTime() + READY.toNanos();
    while (true) {
      Slot slot;
      boolean first = false;
      lock.lock();
      try {
        slot = vms.get(id);
        if (slot == null) {
          slot = new Slot();
          first = true;
          admit(id, slot);
        }
      } finally {
        lock.unlock();
      }
      if (first) {
        return boot(id, slot);
      }
      Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
      GuestVm vm = await(id, slot.ready, left);
      if (!ending(slot)) {
        return vm;
      }
      await(id, slot.gone, left);
    }
  }

  private void admit(String id, Slot slot) {
    if (closed) {
      throw new IllegalStateException("this room is closed");
    }
    if (vms.size() >= options.vmLimit()) {
      throw SandboxException.passing(
          "vm_limit",
          "there are " + vms.size() + " VMs already, as many as sandbox.vm-limit allows",
          "wait for a run to end or raise sandbox.vm-limit",
          null);
    }
    vms.put(id, slot);
  }

  private GuestVm boot(String id, Slot slot) {
    try {
      GuestVm vm = watched(machines.boot(id, accelerator()), slot);
      slot.ready.complete(vm);
      return vm;
    } catch (RuntimeException e) {
      forget(id, slot);
      slot.ready.completeExceptionally(e);
      throw e;
    }
  }

  private static <T> T await(String id, CompletableFuture<T> what, Duration patience) {
    try {
      return what.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw SandboxException.passing(
          "vm_boot_failed", "the VM " + id + " is not ready after 60 s", "try again", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "waiting for " + id + " was interrupted", "", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SandboxException known
          ? known.again()
          : new IllegalStateException(e.getCause());
    }
  }

  /** Watches a machine from both sides: its process and its connection. */
  private GuestVm watched(Machines.Booted booted, Slot slot) {
    Journal.Entry entry = booted.entry();
    GuestLink link = booted.link();
    link.lost().thenRunAsync(() -> end(entry, link, slot, false), Thread::startVirtualThread);
    entry.process().exit().thenRunAsync(link::close, Thread::startVirtualThread);
    return new GuestVm(entry, link, () -> end(entry, link, slot, true));
  }

  /** Removes a machine that is to end, or that has ended by itself. */
  private void end(Journal.Entry entry, GuestLink link, Slot slot, boolean asked) {
    boolean first;
    lock.lock();
    try {
      // After this room was closed its VMs belong to whoever adopts them.
      first = !closed && !slot.ending;
      slot.ending = slot.ending || first;
    } finally {
      lock.unlock();
    }
    if (!first) {
      if (asked && ending(slot)) {
        await(entry.id(), slot.gone, READY);
      }
      return;
    }
    try {
      if (asked) {
        machines.stop(entry, link);
      } else {
        LOG.warn("VM {} ended: {}", entry.id(), link.lost().join().getMessage());
        machines.remove(entry);
      }
    } finally {
      forget(entry.id(), slot);
      slot.gone.complete(null);
    }
  }

  private boolean ending(Slot slot) {
    lock.lock();
    try {
      return slot.ending;
    } finally {
      lock.unlock();
    }
  }

  private void forget(String id, Slot slot) {
    lock.lock();
    try {
      vms.remove(id, slot);
    } finally {
      lock.unlock();
    }
  }

  /** The running VM with this id. */
  public Optional<Vm> find(String id) {
    lock.lock();
    try {
      Slot slot = vms.get(id);
      return slot != null && slot.running() ? Optional.of(slot.ready.join()) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** All VMs, sorted by id. */
  public List<VmInfo> list() {
    return folders().stream()
        .flatMap(folder -> Journal.read(folder).stream())
        .map(Journal.Entry::info)
        .sorted(Comparator.comparing(VmInfo::id))
        .toList();
  }

  /** The accelerator VMs start with; the first call on a host may boot one to find out. */
  public String accelerator() {
    return accelerators.choose(options.accelerator(), machines::bootsUnderKvm);
  }

  /** What a user must be told about the isolation of these VMs; empty if nothing. */
  public Optional<String> warning() {
    return accelerator().equals(Accelerators.TCG)
        ? Optional.of(
            "VMs run in software emulation (TCG): slow, and no boundary against hostile code."
                + " Use a host with working KVM for anything but development.")
        : Optional.empty();
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

  /** Leaves the VMs running (a later process adopts them) and releases what this process holds. */
  @Override
  public void close() {
    List<Slot> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(vms.values());
      vms.clear();
    } finally {
      lock.unlock();
    }
    all.forEach(slot -> slot.ready.thenAccept(vm -> vm.link().close()));
  }
}
