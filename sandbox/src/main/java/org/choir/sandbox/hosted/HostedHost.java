package org.choir.sandbox.hosted;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.choir.core.TenantId;
import org.choir.sandbox.Capability;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.VmHost;
import org.choir.sandbox.VmInfo;
import org.choir.sandbox.VmSpec;
import org.choir.sandbox.VmState;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A hosted service as a place for VMs. Nothing of a VM is kept here: the service is asked, and a VM
 * is known by the labels it was created with, so that another process finds it again. A loss shows
 * at the next call.
 */
public final class HostedHost implements VmHost {
  private static final Logger LOG = LoggerFactory.getLogger(HostedHost.class);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String SERVER = "choir-server";
  private static final String ID = "choir-id";
  private static final String TENANT = "choir-tenant";
  private static final String SIZE = "choir-size";

  private final HostedService service;
  private final String server;
  private final Map<String, Cell> cells = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** What this process knows of a VM beyond the service: who uses it and how often it came back. */
  private static final class Cell {
    final ReentrantLock changing = new ReentrantLock();
    volatile @Nullable HostedVm vm;
    volatile int generation = 1;
  }

  /**
   * @param server tells this server's sandboxes from those of others under the same key
   */
  public HostedHost(HostedService service, String server) {
    this.service = service;
    this.server = server;
  }

  @Override
  public String name() {
    return service.name();
  }

  @Override
  public Set<Capability> capabilities() {
    return service.capabilities();
  }

  @Override
  public String accelerator() {
    return "remote";
  }

  @Override
  public VmState.Running create(VmSpec spec) {
    if (closed) {
      throw new IllegalStateException("this host is closed");
    }
    if (spec.role() != VmSpec.Role.RUN || !spec.volumes().isEmpty()) {
      throw SandboxException.lasting(
          "unsupported",
          "a VM of " + name() + " holds no keys and no volumes",
          "use a driver of this machine: sandbox.driver");
    }
    Cell cell = cells.computeIfAbsent(spec.id(), id -> new Cell());
    return locked(
        spec.id(),
        cell,
        () -> {
          if (remote(spec.id()).isPresent()) {
            throw SandboxException.lasting(
                "vm_exists",
                "there is a VM " + spec.id() + " already",
                "find it, or remove it first");
          }
          HostedService.Remote remote = service.create(spec, labels(spec));
          boolean done = false;
          try {
            cell.generation = 1;
            prepare(remote);
            VmState.Running running = running(cell, spec.id(), remote);
            done = true;
            return running;
          } finally {
            if (!done) {
              service.destroy(remote);
            }
          }
        });
  }

  private Map<String, String> labels(VmSpec spec) {
    return Map.of(
        SERVER,
        server,
        ID,
        spec.id(),
        TENANT,
        spec.tenant().value(),
        SIZE,
        "%d %d %d".formatted(spec.cpus(), spec.memoryMib(), spec.overlayMib()));
  }

  private void prepare(HostedService.Remote remote) {
    StringBuilder said = new StringBuilder();
    int code =
        service.run(
            remote,
            Scripts.prepare(),
            PATIENCE,
            new ExecOutput() {
              @Override
              public void stdout(byte[] bytes) {}

              @Override
              public void stderr(byte[] bytes) {
                if (said.length() < 400) {
                  said.append(new String(bytes, StandardCharsets.UTF_8));
                }
              }
            });
    if (code != 0) {
      throw SandboxException.lasting(
          "vm_boot_failed",
          "the new sandbox at %s cannot be made ready (%d): %s".formatted(name(), code, said),
          "its image needs bash, coreutils, findutils, util-linux and root for setting up");
    }
  }

  private VmState.Running running(Cell cell, String id, HostedService.Remote remote) {
    HostedVm vm = new HostedVm(service, remote, id, () -> destroy(id));
    cell.vm = vm;
    return new VmState.Running(info(cell, id, remote), vm);
  }

  private VmInfo info(Cell cell, String id, HostedService.Remote remote) {
    String[] size = remote.labels().getOrDefault(SIZE, "1 0 0").split(" ", -1);
    return new VmInfo(
        id,
        new TenantId(remote.labels().getOrDefault(TENANT, TenantId.LOCAL.value())),
        name(),
        -1,
        "remote",
        switch (remote.state()) {
          case RUNNING -> VmInfo.Phase.RUNNING;
          case SUSPENDED -> VmInfo.Phase.SUSPENDED;
          case CHANGING -> VmInfo.Phase.RESUMING;
          case GONE -> VmInfo.Phase.DEAD;
        },
        Integer.parseInt(size[0]),
        Integer.parseInt(size[1]),
        Integer.parseInt(size[2]),
        cell.generation,
        remote.startedMillis());
  }

  /** The sandbox under an id; of two that a lost answer made, the older. */
  private Optional<HostedService.Remote> remote(String id) {
    return ours(Map.of(SERVER, server, ID, id)).stream().findFirst();
  }

  private List<HostedService.Remote> ours(Map<String, String> labels) {
    return service.list(labels).stream()
        .filter(remote -> remote.state() != HostedService.State.GONE)
        .filter(remote -> remote.labels().entrySet().containsAll(labels.entrySet()))
        .sorted(
            Comparator.comparingLong(HostedService.Remote::startedMillis)
                .thenComparing(HostedService.Remote::id))
        .toList();
  }

  @Override
  public Optional<VmState> find(String id) {
    Optional<HostedService.Remote> remote = remote(id);
    if (remote.isEmpty()) {
      cells.remove(id);
      return Optional.empty();
    }
    Cell cell = cells.computeIfAbsent(id, name -> new Cell());
    return Optional.of(state(cell, id, remote.get()));
  }

  private VmState state(Cell cell, String id, HostedService.Remote remote) {
    return switch (remote.state()) {
      case RUNNING -> {
        HostedVm known = cell.vm;
        yield known != null && known.remote().id().equals(remote.id())
            ? new VmState.Running(info(cell, id, remote), known)
            : running(cell, id, full(remote));
      }
      case SUSPENDED -> new VmState.Suspended(info(cell, id, remote));
      case CHANGING, GONE -> new VmState.Changing(info(cell, id, remote));
    };
  }

  /** A list does not tell what calls into a sandbox need. */
  private HostedService.Remote full(HostedService.Remote remote) {
    return service.find(remote.id()).orElse(remote);
  }

  @Override
  public List<VmInfo> list() {
    Map<String, VmInfo> all = new LinkedHashMap<>();
    for (HostedService.Remote remote : ours(Map.of(SERVER, server))) {
      String id = remote.labels().getOrDefault(ID, "");
      Cell cell = cells.getOrDefault(id, new Cell());
      all.putIfAbsent(id, info(cell, id, remote));
    }
    return all.values().stream().sorted(Comparator.comparing(VmInfo::id)).toList();
  }

  @Override
  public VmState.Suspended suspend(VmState.Running vm) {
    String id = vm.info().id();
    return change(
        id,
        cell -> {
          HostedService.Remote remote = remote(id).orElseThrow(() -> none(id));
          HostedVm known = cell.vm;
          if (known != vm.vm() || known == null || remote.state() != HostedService.State.RUNNING) {
            throw passed("vm_not_running", id, "running");
          }
          HostedService.Remote put = service.suspend(known.remote());
          known.end();
          cell.vm = null;
          return new VmState.Suspended(info(cell, id, put));
        });
  }

  @Override
  public VmState.Running resume(VmState.Suspended vm) {
    String id = vm.info().id();
    return change(
        id,
        cell -> {
          HostedService.Remote remote = remote(id).orElseThrow(() -> none(id));
          if (remote.state() != HostedService.State.SUSPENDED) {
            throw passed("vm_not_suspended", id, "suspended");
          }
          HostedService.Remote again = service.resume(remote);
          cell.generation = Math.max(cell.generation, vm.info().generation()) + 1;
          return running(cell, id, again);
        });
  }

  @Override
  public void destroy(String id) {
    Cell cell = cells.computeIfAbsent(id, name -> new Cell());
    locked(
        id,
        cell,
        () -> {
          HostedVm known = cell.vm;
          cell.vm = null;
          if (known != null) {
            known.end();
          }
          // All of them: a lost answer may have made two.
          ours(Map.of(SERVER, server, ID, id)).forEach(service::destroy);
          cells.remove(id, cell);
          return id;
        });
  }

  /** Nobody tells of a loss: the next call into the VM does, and {@link #find} then has none. */
  @Override
  public void onLoss(Consumer<String> listener) {}

  @Override
  public Recovery recover() {
    List<String> adopted = new ArrayList<>();
    List<String> reaped = new ArrayList<>();
    for (HostedService.Remote remote : ours(Map.of(SERVER, server))) {
      String id = remote.labels().getOrDefault(ID, "");
      if (adopted.contains(id)) {
        LOG.warn("a second sandbox {} of VM {} is removed", remote.id(), id);
        service.destroy(remote);
        reaped.add(remote.id());
      } else {
        if (remote.state() == HostedService.State.RUNNING) {
          prepare(full(remote)); // its creation may have been cut off before
        }
        adopted.add(id);
      }
    }
    return new Recovery(List.copyOf(adopted), List.copyOf(reaped));
  }

  private interface Change<T> {
    T of(Cell cell);
  }

  private <T> T change(String id, Change<T> change) {
    Cell cell = cells.get(id);
    if (cell == null && find(id).isPresent()) {
      cell = cells.get(id);
    }
    if (cell == null) {
      throw none(id);
    }
    Cell found = cell;
    return locked(id, found, () -> change.of(found));
  }

  private interface Work<T> {
    T done();
  }

  private <T> T locked(String id, Cell cell, Work<T> work) {
    try {
      if (!cell.changing.tryLock(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw SandboxException.passing(
            "vm_changing", "the VM " + id + " is being changed", "wait and try again", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "waiting for " + id + " was interrupted", "", e);
    }
    try {
      return work.done();
    } finally {
      cell.changing.unlock();
    }
  }

  private static SandboxException none(String id) {
    return SandboxException.lasting(
        "no_such_vm", "there is no VM " + id, "list what exists with: choir vm ls");
  }

  private static SandboxException passed(String code, String id, String state) {
    return SandboxException.passing(
        code, "the VM " + id + " is not " + state + " any more", "look again", null);
  }

  @Override
  public void close() {
    closed = true;
    cells.values().forEach(cell -> cell.vm = null);
    cells.clear();
  }
}
