package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.Capability;
import org.choir.sandbox.Driver;
import org.choir.sandbox.Hypervisor;
import org.choir.sandbox.HypervisorProcess;
import org.choir.sandbox.Machine;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.VmSpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Firecracker under its jailer: one process, one user, one control group and one root folder for
 * each VM. No guest code runs before the host, the version and the state of the process have been
 * found good. A process loads a state once; whatever fails, a new one is started.
 */
public final class FirecrackerDriver implements Driver {
  private static final Logger LOG = LoggerFactory.getLogger(FirecrackerDriver.class);
  private static final Duration POLL = Duration.ofMillis(1);
  private static final int GUEST_CID = 3;

  private final FirecrackerOptions options;
  private final Supplier<HostReport> host;
  private final FirecrackerVersions versions = FirecrackerVersions.builtIn();

  /**
   * @param host describes the host each time a machine starts
   */
  public FirecrackerDriver(FirecrackerOptions options, Supplier<HostReport> host) {
    this.options = options;
    this.host = host;
  }

  @Override
  public String name() {
    return "firecracker";
  }

  /** What the program says of itself; each process is asked again before it gets a guest. */
  @Override
  public String version() {
    try {
      Process process =
          new ProcessBuilder(options.firecracker().toString(), "--version")
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readNBytes(4_096), StandardCharsets.UTF_8);
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      String first = said.lines().findFirst().orElse("");
      if (!first.startsWith("Firecracker v")) {
        throw missing("it does not tell its version but: " + Text.visible(first, 80), null);
      }
      return first.substring("Firecracker v".length()).strip();
    } catch (IOException e) {
      throw missing(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.passing("cancelled", "asking for the version was interrupted", "", e);
    }
  }

  /**
   * Looks at the host and the program without starting a machine.
   *
   * @return what to tell of them
   * @throws SandboxException why no machine would be started
   */
  public String examine() {
    String version = version();
    StringBuilder told = new StringBuilder("Firecracker " + version);
    versions.require(version).ifPresent(warning -> told.append("; ").append(warning));
    host.get().require().forEach(problem -> told.append("; ").append(problem.message()));
    return told.toString();
  }

  private SandboxException missing(String why, @Nullable Throwable cause) {
    return SandboxException.lasting(
        "no_firecracker",
        options.firecracker() + " cannot be used: " + why,
        "install firecracker and jailer of one release, and set sandbox.firecracker.program",
        cause);
  }

  /** Debian's kernel does not hear of a new generation by itself; the agent reseeds it instead. */
  @Override
  public Set<Capability> capabilities(String accelerator) {
    return EnumSet.complementOf(EnumSet.of(Capability.VM_GENERATION_ID));
  }

  @Override
  public Hypervisor boot(Machine machine, boolean template) {
    return started(machine, jail -> {}, (vm, api) -> configure(machine, api));
  }

  @Override
  public Hypervisor fork(Machine machine, Path template) {
    return started(
        machine,
        jail -> {
          SharedState state = new SharedState(template);
          try {
            state.requireUnchanged();
          } catch (IOException e) {
            throw restoreFailed("it does not serve: " + e.getMessage(), e);
          }
          for (String name : List.of(FirecrackerHypervisor.STATE, FirecrackerHypervisor.MEMORY)) {
            jail.share(state.file(name), name);
          }
        },
        (vm, api) -> load(vm, api));
  }

  @Override
  public Hypervisor restore(Machine machine, InputStream state) {
    return started(
        machine,
        jail -> {
          Path device = jail.root().resolve(FirecrackerHypervisor.STATE);
          Path memory = jail.root().resolve(FirecrackerHypervisor.MEMORY);
          try {
            SavedState.read(state, device, memory);
            jail.own(device);
            jail.own(memory);
          } catch (IOException e) {
            throw restoreFailed("the saved state cannot be read: " + e.getMessage(), e);
          }
        },
        (vm, api) -> load(vm, api));
  }

  private static SandboxException restoreFailed(String why, IOException cause) {
    return SandboxException.passing("restore_failed", why, "", cause);
  }

  private static void load(FirecrackerHypervisor vm, FirecrackerClient api) {
    metrics(api);
    try {
      vm.load();
    } catch (IOException e) {
      throw restoreFailed(
          "Firecracker cannot load the VM's state: %s; it printed: %s"
              .formatted(e.getMessage(), vm.complaint()),
          e);
    }
  }

  private interface Filling {
    void into(Jail jail);
  }

  private interface Orders {
    void give(FirecrackerHypervisor vm, FirecrackerClient api);
  }

  /** A process in a new jail that has been found good and has got its orders; or nothing at all. */
  private Hypervisor started(Machine machine, Filling filling, Orders orders) {
    host.get().require().forEach(problem -> LOG.warn("{}", problem.message()));
    versions.require(version());
    Jail jail = Jail.create(options, machine.folder());
    ServerSocketChannel listener = null;
    FirecrackerHypervisor vm = null;
    boolean done = false;
    try {
      jail.fill(machine);
      filling.into(jail);
      // Before the guest runs: what it finds nobody listening on, it cannot reach.
      listener = HybridVsock.listen(FirecrackerHypervisor.agentSocket(jail), jail.uid());
      HypervisorProcess process = launch(machine, jail);
      FirecrackerClient api = new FirecrackerClient(jail.api());
      vm = new FirecrackerHypervisor(jail, machine.folder(), process, api, listener);
      versions
          .require(api.get("/version", options.apiPatience()).path("firecracker_version").asText())
          .ifPresent(LOG::warn);
      if (!vm.state().equals("Not started")) {
        throw SandboxException.passing(
            "vmm_state", "a new Firecracker process is " + vm.state() + " already", "", null);
      }
      orders.give(vm, api);
      done = true;
      return vm;
    } catch (IOException e) {
      throw Jail.cannot("start Firecracker in " + jail.root(), e);
    } finally {
      if (!done) {
        abandon(jail, vm, listener);
      }
    }
  }

  private static void abandon(
      Jail jail, @Nullable FirecrackerHypervisor vm, @Nullable ServerSocketChannel listener) {
    if (vm != null) {
      vm.kill();
      return;
    }
    try (listener) {
      jail.clean();
    } catch (IOException e) {
      LOG.warn("the socket of jail {} cannot be closed: {}", jail.id(), e.getMessage());
    }
  }

  /** Starts the jailer and waits until Firecracker listens. */
  private HypervisorProcess launch(Machine machine, Jail jail) throws IOException {
    List<String> command = new java.util.ArrayList<>(List.of("/usr/bin/setsid"));
    command.addAll(jail.command(machine));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(machine.folder().toFile());
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(machine.folder().resolve("jailer.log").toFile()));
    builder.environment().clear();
    Process jailer = builder.start();
    Path number = jail.root().resolve(options.firecracker().getFileName() + ".pid");
    long deadline = System.nanoTime() + options.apiPatience().toNanos();
    while (true) {
      Optional<HypervisorProcess> process = process(number);
      if (process.isPresent() && listens(jail.api())) {
        return process.get();
      }
      boolean failed = !jailer.isAlive() && jailer.exitValue() != 0;
      if (failed || System.nanoTime() > deadline) {
        String why =
            failed ? FcExit.of(jailer.exitValue()).word() + " " + jailer.exitValue() : "too late";
        throw SandboxException.lasting(
            "vm_boot_failed",
            "Firecracker did not start (%s): %s"
                .formatted(why, FirecrackerHypervisor.complaint(jail, machine.folder())),
            "choir doctor tells what is wrong");
      }
      java.util.concurrent.locks.LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /** A socket's file is there before anybody listens on it. */
  private static boolean listens(Path socket) throws IOException {
    if (!Files.exists(socket)) {
      return false;
    }
    try (SocketChannel ignored = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }

  private static Optional<HypervisorProcess> process(Path number) throws IOException {
    if (!Files.exists(number)) {
      return Optional.empty();
    }
    String text = Files.readString(number).strip();
    return text.matches("[0-9]{1,10}")
        ? HypervisorProcess.of(Long.parseLong(text))
        : Optional.empty();
  }

  /** A cold boot, in the order in which Firecracker's documents do it. */
  private void configure(Machine machine, FirecrackerClient api) {
    metrics(api);
    put(
        api,
        "/machine-config",
        Json.object()
            .put("vcpu_count", machine.cpus())
            .put("mem_size_mib", machine.memoryMib())
            .put("smt", false)
            .put("track_dirty_pages", false));
    put(
        api,
        "/boot-source",
        Json.object()
            .put("kernel_image_path", "/vmlinux")
            .put("initrd_path", "/initrd.img")
            .put("boot_args", bootArguments(machine)));
    put(api, "/drives/root", drive("root", true));
    put(api, "/drives/overlay", limited(drive("overlay", false)));
    for (VmSpec.Volume volume : machine.volumes()) {
      put(api, "/drives/" + volume.name(), limited(drive(volume.name(), false)));
    }
    put(api, "/entropy", limiter("bandwidth", 4_096, 4_096, 100));
    put(api, "/vsock", Json.object().put("guest_cid", GUEST_CID).put("uds_path", "/" + Jail.VSOCK));
    put(api, "/actions", Json.object().put("action_type", "InstanceStart"));
  }

  private static void metrics(FirecrackerClient api) {
    put(api, "/metrics", Json.object().put("metrics_path", "/metrics"));
  }

  private static void put(FirecrackerClient api, String path, ObjectNode body) {
    api.put(path, body, FirecrackerHypervisor.CONTROL);
  }

  private static ObjectNode drive(String name, boolean root) {
    ObjectNode drive =
        Json.object()
            .put("drive_id", name)
            .put("path_on_host", "/" + name + ".img")
            .put("is_root_device", root)
            .put("is_read_only", root);
    return root ? drive : drive.put("cache_type", "Writeback");
  }

  private ObjectNode limited(ObjectNode device) {
    device.set(
        "rate_limiter",
        limiter("bandwidth", options.diskBytesPerSecond(), 0, 1_000).get("rate_limiter"));
    return device;
  }

  /** A token bucket: {@code size} bytes, filled anew in {@code refillMillis}. */
  private static ObjectNode limiter(String kind, long size, long burst, long refillMillis) {
    ObjectNode all = Json.object();
    ObjectNode bucket = all.putObject("rate_limiter").putObject(kind);
    bucket.put("size", size).put("refill_time", refillMillis);
    if (burst > 0) {
      bucket.put("one_time_burst", burst);
    }
    return all;
  }

  /** Given arguments replace Firecracker's own, so {@code pci=off} has to be among them. */
  static String bootArguments(Machine machine) {
    return "reboot=k panic=1 pci=off i8042.noaux i8042.nomux i8042.dumbkbd swiotlb=noforce"
        + " random.trust_cpu=on rdinit=/init choir.channel=vsock choir.disks="
        + String.join(",", Jail.disks(machine))
        + (machine.role() == VmSpec.Role.RUN ? "" : " choir.role=" + machine.role().word())
        + (machine.console() ? " console=ttyS0" : " 8250.nr_uarts=0 quiet");
  }

  @Override
  public Hypervisor adopt(Machine machine, HypervisorProcess process) {
    Jail jail = Jail.existing(options, machine.folder());
    return new FirecrackerHypervisor(
        jail, machine.folder(), process, new FirecrackerClient(jail.api()), null);
  }

  @Override
  public void clean(Path folder) {
    Jail.existing(options, folder).clean();
  }
}
