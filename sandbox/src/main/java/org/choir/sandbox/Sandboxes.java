package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs of one server, wherever they live: who may have how many, which one belongs to an id, how
 * long an unused one runs. Thread-safe.
 */
public final class Sandboxes implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

  /** How long a caller waits for a VM, whoever starts it. */
  private static final Duration READY = Duration.ofSeconds(60);

  /** A run may think for long between two calls; an hour unused is idle. */
  static final Duration LEASE = Duration.ofHours(1);

  /**
   * What this room needs.
   *
   * @param folder owned by this room: one folder per VM with journal, sockets, overlay, snapshot;
   *     sockets' paths must stay short
   * @param image the folder with {@code vmlinuz}, {@code initrd.img}, {@code root.img} and {@code
   *     manifest.json}
   * @param accelerator {@code auto} (probe by booting, remembered per host boot), {@code kvm} or
   *     {@code tcg}
   * @param cpus of a VM whose spec is not given
   * @param vmLimit running VMs at once; one more is refused with {@code vm_limit}
   * @param pool how many are kept ready for the next caller
   * @param lease unused for so long, a VM is suspended
   * @param quota of each tenant
   * @param templates where templates lie; several rooms may share them
   */
  public record Options(
      Path folder,
      Path image,
      String accelerator,
      int cpus,
      int memoryMib,
      int overlayMib,
      int vmLimit,
      int pool,
      Duration lease,
      Quota quota,
      Path templates) {

    /** One processor each, none kept ready, a lease of an hour. */
    public Options(
        Path folder, Path image, String accelerator, int memoryMib, int overlayMib, int vmLimit) {
      this(
          folder,
          image,
          accelerator,
          1,
          memoryMib,
          overlayMib,
          vmLimit,
          0,
          LEASE,
          Quota.DEFAULT,
          folder.resolve("templates"));
    }

    public Options withAccelerator(String wanted) {
      return new Options(
          folder,
          image,
          wanted,
          cpus,
          memoryMib,
          overlayMib,
          vmLimit,
          pool,
          lease,
          quota,
          templates);
    }

    public Options withPool(int ready) {
      return new Options(
          folder,
          image,
          accelerator,
          cpus,
          memoryMib,
          overlayMib,
          vmLimit,
          ready,
          lease,
          quota,
          templates);
    }

    public Options withLease(Duration unused) {
      return new Options(
          folder,
          image,
          accelerator,
          cpus,
          memoryMib,
          overlayMib,
          vmLimit,
          pool,
          unused,
          quota,
          templates);
    }

    public Options withQuota(Quota each) {
      return new Options(
          folder,
          image,
          accelerator,
          cpus,
          memoryMib,
          overlayMib,
          vmLimit,
          pool,
          lease,
          each,
          templates);
    }

    public Options withTemplates(Path at) {
      return new Options(
          folder, image, accelerator, cpus, memoryMib, overlayMib, vmLimit, pool, lease, quota, at);
    }

    /** A VM of the usual size. */
    public VmSpec spec(String id, TenantId tenant) {
      return new VmSpec(id, tenant, cpus, memoryMib, overlayMib, List.of());
    }

    VmSpec spec(String id) {
      return spec(id, TenantId.LOCAL);
    }
  }

  private final Options options;
  private final VmHost host;
  private final Leases leases;

  private Sandboxes(Options options, VmHost host, InstantSource clock) {
    this.options = options;
    this.host = host;
    this.leases =
        new Leases(
            host,
            new Admission(options.vmLimit(), options.quota(), Path.of("/proc/meminfo")),
            clock);
  }

  /**
   * Opens the room over QEMU on this machine; nothing is started. Its VMs reach nothing outside.
   *
   * @param keys under which the tenants' snapshots lie
   */
  public static Sandboxes open(Options options, DataKeys keys, InstantSource clock) {
    return open(options, keys, clock, Outside.nothing());
  }

  /** As {@link #open(Options, DataKeys, InstantSource)}, with a way out for VMs allowed one. */
  public static Sandboxes open(
      Options options, DataKeys keys, InstantSource clock, Outside outside) {
    return over(thisMachine(new QemuDriver(), options, keys, clock, outside), options, clock);
  }

  /** Opens the room over another place for VMs. */
  public static Sandboxes over(VmHost host, Options options, InstantSource clock) {
    return new Sandboxes(options, host, clock);
  }

  /** This machine as a place for VMs, under a hypervisor. */
  public static VmHost thisMachine(
      Driver driver, Options options, DataKeys keys, InstantSource clock, Outside outside) {
    makeFolder(options.folder());
    return new OwnHost(options, driver, keys, clock, outside, step -> {});
  }

  static void makeFolder(Path folder) {
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot make the folder for VMs " + folder + ": " + e.getMessage(),
          "free some space or set another CHOIR_HOME",
          e);
    }
  }

  /** Tells what becomes of VMs from now on; one listener. */
  public void tell(VmEvents listener) {
    leases.tell(listener);
  }

  /** Where the VMs live, and what that place promises. */
  public VmHost host() {
    return host;
  }

  /**
   * Adopts the VMs of an earlier process and removes the remains of dead ones; call once after a
   * start.
   */
  public VmHost.Recovery recover() {
    VmHost.Recovery recovery = host.recover();
    for (String id : recovery.adopted()) {
      leases.known(id);
    }
    return recovery;
  }

  /**
   * The VM with this id, running: found, resumed or newly started. Blocks until the guest has said
   * hello (at most 60 s).
   */
  public Vm obtain(String id) {
    return obtain(options.spec(id));
  }

  /** The same for a tenant. */
  public Vm obtain(String id, TenantId tenant) {
    VmSpec.requireId(id);
    return obtain(options.spec(id, tenant));
  }

  /** The same with a size of its own; one that is there already keeps the size it has. */
  public Vm obtain(VmSpec spec) {
    long deadline = System.nanoTime() + READY.toNanos();
    while (true) {
      Leased vm = leases.known(spec.id()).orElseGet(() -> leases.added(spec));
      if (!vm.spec().tenant().equals(spec.tenant())) {
        throw SandboxException.lasting(
            "vm_exists", "the id " + spec.id() + " is taken", "choose another");
      }
      Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
      if (vm.open(left).isPresent() && leases.isCurrent(vm)) {
        return vm.handle();
      }
    }
  }

  /** The VM with this id, running or suspended; a call to it resumes it. */
  public Optional<Vm> find(String id) {
    return leases.known(id).map(Leased::handle);
  }

  /** The same if it is this tenant's; another's is as if it were not there. */
  public Optional<Vm> find(String id, TenantId tenant) {
    return leases.known(id).filter(vm -> vm.spec().tenant().equals(tenant)).map(Leased::handle);
  }

  /** All VMs, sorted by id. */
  public List<VmInfo> list() {
    return host.list();
  }

  /**
   * Puts a running VM on the disk; its next call resumes it.
   *
   * @throws SandboxException {@code no_such_vm}, {@code vm_not_running}, {@code suspend_failed}
   */
  public VmInfo suspend(String id) {
    return leases.known(id).orElseThrow(() -> none(id)).suspend();
  }

  /**
   * Has a suspended VM run again.
   *
   * @return its state, with what its user must be told
   * @throws SandboxException {@code no_such_vm}, {@code vm_not_suspended}, {@code restore_failed}
   */
  public VmState.Running resume(String id) {
    Leased vm = leases.known(id).orElseThrow(() -> none(id));
    if (vm.running() != null) {
      throw SandboxException.lasting(
          "vm_not_suspended", "the VM " + id + " runs", "nothing is to be done");
    }
    return vm.open(READY).orElseThrow(() -> none(id));
  }

  /** Ends a VM in whatever state and removes all it left; without effect if there is none. */
  public void destroy(String id) {
    leases.known(id).ifPresent(Leased::destroy);
  }

  /** Suspends every VM whose lease has ended; to be called now and then. Names them. */
  public List<String> suspendIdle() {
    Instant limit = leases.now().minus(options.lease());
    List<String> suspended = new ArrayList<>();
    for (Leased vm : leases.all()) {
      try {
        if (vm.suspendIfIdleSince(limit)) {
          suspended.add(vm.spec().id());
        }
      } catch (SandboxException e) {
        LOG.warn("VM {} could not be suspended: {}", vm.spec().id(), e.getMessage());
      }
    }
    return suspended;
  }

  /** How many VMs are ready for the next caller. */
  public int warm() {
    return host instanceof OwnHost own ? own.warm() : 0;
  }

  /** How VMs run: {@code kvm}, {@code tcg} or {@code remote}; the first call may boot one. */
  public String accelerator() {
    return host.accelerator();
  }

  /** What a user must be told about the isolation of these VMs; empty if nothing. */
  public Optional<String> warning() {
    if (accelerator().equals("remote")) {
      return Optional.of(
          "VMs run at "
              + host.name()
              + ": whoever runs that service can read what lies in them, and what they send through"
              + " their own network card is not checked here.");
    }
    return host.capabilities().contains(Capability.ISOLATION)
        ? Optional.empty()
        : Optional.of(
            "VMs run in software emulation (TCG): slow, and no boundary against hostile code."
                + " Use a host with working KVM for anything but development.");
  }

  private static SandboxException none(String id) {
    return SandboxException.lasting(
        "no_such_vm", "there is no VM " + id, "list what exists with: choir vm ls");
  }

  /** Leaves the VMs running (a later process adopts them) and releases what this process holds. */
  @Override
  public void close() {
    leases.close();
    host.close();
  }
}
