package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns an image, a template or a snapshot into running machines and these back into nothing. */
final class Machines {
  private static final Logger LOG = LoggerFactory.getLogger(Machines.class);

  /** A first boot and a second: both fit into the minute that a caller waits. */
  static final List<Duration> BOOTS = List.of(Duration.ofSeconds(35), Duration.ofSeconds(23));

  /** A running guest answers at once; on a busy host at once takes its time. */
  private static final Duration ADOPTION = Duration.ofSeconds(20);

  /** A guest that does not confirm a restore by then does not run. */
  static final Duration ACKNOWLEDGED = Duration.ofSeconds(20);

  /** A machine under working KVM answers within two. */
  private static final Duration PROBE = Duration.ofSeconds(8);

  private static final Duration SHUTDOWN = Duration.ofSeconds(3);
  private static final int ENTROPY_BYTES = 64;
  private static final long SPACE_MIN = 256L << 20;

  private final Path folder;
  private final Path imageFolder;
  private final InstantSource clock;
  private final Driver driver;
  private final List<Duration> boots;
  private final Step.Watcher steps;
  private final SecureRandom random = new SecureRandom();

  /** A machine whose agent has said hello. */
  record Live(Journal.Entry entry, Hypervisor hypervisor, GuestLink link) {}

  Machines(
      Path folder,
      Path imageFolder,
      InstantSource clock,
      Driver driver,
      List<Duration> boots,
      Step.Watcher steps) {
    this.folder = folder;
    this.imageFolder = imageFolder;
    this.clock = clock;
    this.driver = driver;
    this.boots = boots;
    this.steps = steps;
  }

  Image image() {
    return Image.in(imageFolder);
  }

  /** A machine that boots, in a folder of its own. */
  Live boot(VmSpec spec, String accelerator) {
    return again(
        spec.id(),
        (patience, console) -> {
          Journal.Entry entry = begin(newFolder(folder, "vm-"), spec, accelerator);
          try {
            formatOverlay(entry.overlay(), spec.overlayMib());
            return boot(entry, image(), patience, console, false);
          } catch (SandboxException e) {
            remove(entry);
            throw e;
          }
        });
  }

  /** A machine that boots with the overlay of an earlier one; on failure the folder stays. */
  Live bootAgain(Journal.Entry entry) {
    return again(entry.id(), (patience, console) -> boot(entry, image(), patience, console, false));
  }

  /** A machine that boots to become a template, in a given folder; on failure the folder stays. */
  Live bootTemplate(Path at, VmSpec spec, String accelerator, Image image) {
    return again(
        spec.id(),
        (patience, console) -> {
          Journal.Entry entry = entry(at, spec, accelerator);
          formatOverlay(entry.overlay(), spec.overlayMib());
          return boot(entry, image, patience, console, true);
        });
  }

  private interface Attempt {
    Live with(Duration patience, boolean console);
  }

  /**
   * A boot that hangs is tried once more: under TCG the kernel's measuring of its clock does not
   * always end on a busy host.
   */
  private Live again(String id, Attempt attempt) {
    try {
      return attempt.with(boots.getFirst(), false);
    } catch (SandboxException first) {
      if (!first.failure().retryable()) {
        throw first;
      }
      LOG.warn("VM {}: {}; trying once more", id, first.getMessage());
      return attempt.with(boots.getLast(), true);
    }
  }

  /** Whether a machine comes up under KVM. */
  boolean bootsUnderKvm(VmSpec spec) {
    Journal.Entry entry = begin(newFolder(folder, "vm-"), spec, Accelerators.KVM);
    try {
      formatOverlay(entry.overlay(), spec.overlayMib());
      stop(boot(entry, image(), PROBE, false, false));
      return true;
    } catch (SandboxException e) {
      remove(entry);
      if (e.code().equals("vm_boot_failed") || e.failure().retryable()) {
        LOG.info("KVM is present but boots no machine: {}", e.getMessage());
        return false;
      }
      throw e;
    }
  }

  private Live boot(
      Journal.Entry entry, Image image, Duration patience, boolean console, boolean template) {
    long deadline = System.nanoTime() + patience.toNanos();
    Hypervisor hypervisor = driver.boot(machine(entry, image, console), template);
    GuestLink link = null;
    try {
      Journal.Entry started = entry.with(hypervisor.process());
      Journal.write(started);
      link = dial(started, hypervisor, left(deadline));
      Hello hello = link.hello(left(deadline));
      Journal.Entry running =
          started.with(VmInfo.Phase.RUNNING).withToken(HexFormat.of().formatHex(hello.token()));
      Journal.write(running);
      return new Live(running, hypervisor, link);
    } catch (SandboxException e) {
      SandboxException told = bootFailed(entry, hypervisor, e);
      if (link != null) {
        link.close();
      }
      hypervisor.kill();
      throw told;
    }
  }

  private SandboxException bootFailed(
      Journal.Entry entry, Hypervisor hypervisor, SandboxException cause) {
    String message =
        "the VM %s did not come up under %s (%s); it printed: %s"
            .formatted(entry.id(), entry.accelerator(), cause.getMessage(), hypervisor.complaint());
    String remedy = "choir doctor tells what is wrong";
    return hypervisor.process().alive()
        ? SandboxException.passing("vm_boot_failed", message, remedy, cause)
        : SandboxException.lasting("vm_boot_failed", message, remedy, cause);
  }

  /** A new machine from a template. */
  Live fork(VmSpec spec, String accelerator, Template template) {
    Journal.Entry entry = begin(newFolder(folder, "vm-"), spec, accelerator);
    try {
      try {
        SparseFiles.copy(template.overlay(), entry.overlay());
      } catch (IOException e) {
        throw noSpace("copy the template's overlay", e);
      }
      // The template's generation is the first; this machine's is the next one.
      Journal.Entry next = entry.withToken(template.token()).withGeneration(2);
      return go(next, driver.fork(machine(next, image(), false), template.folder()));
    } catch (RuntimeException e) {
      remove(entry);
      throw e;
    }
  }

  /** The machine of an entry, from its saved state; on failure the folder stays. */
  Live restore(Journal.Entry entry, InputStream state) throws IOException {
    Hypervisor hypervisor = driver.restore(machine(entry, image(), false), state);
    steps.reached(Step.STATE_LOADED);
    return go(entry, hypervisor);
  }

  /**
   * Lets a loaded machine run, and fails closed: until its agent has confirmed new random numbers,
   * the time and its generation, its tools are frozen, and if it does not it is killed.
   */
  private Live go(Journal.Entry entry, Hypervisor hypervisor) {
    GuestLink link = null;
    String stage = "starting";
    try {
      Journal.Entry started = entry.with(hypervisor.process());
      Journal.write(started);
      steps.reached(Step.PROCESS_JOURNALLED);
      hypervisor.unpause();
      steps.reached(Step.GUEST_UNPAUSED);
      link = dial(started, hypervisor, ACKNOWLEDGED);
      stage = "saying hello";
      link.hello(ACKNOWLEDGED);
      stage = "confirming its generation";
      byte[] entropy = new byte[ENTROPY_BYTES];
      random.nextBytes(entropy);
      String token =
          link.agent().restored(entry.generation(), entropy, clock.instant(), ACKNOWLEDGED);
      steps.reached(Step.GUEST_ACKNOWLEDGED);
      Journal.Entry running = started.with(VmInfo.Phase.RUNNING).withToken(token);
      Journal.write(running);
      steps.reached(Step.RUNNING_JOURNALLED);
      return new Live(running, hypervisor, link);
    } catch (SandboxException e) {
      String printed = hypervisor.complaint();
      if (link != null) {
        link.close();
      }
      hypervisor.kill();
      throw SandboxException.passing(
          "restore_failed",
          "the VM %s does not go on from its snapshot: %s, %s; it printed: %s"
              .formatted(entry.id(), stage, e.getMessage(), printed),
          "try again, or remove it: choir vm rm",
          e);
    }
  }

  private GuestLink dial(Journal.Entry entry, Hypervisor hypervisor, Duration patience) {
    try {
      Hypervisor.Pipe pipe = hypervisor.connect(patience);
      return GuestLink.over(
          entry.id(),
          pipe.channel(),
          clock,
          pipe.fresh() ? null : HexFormat.of().parseHex(entry.token()));
    } catch (IOException e) {
      throw GuestLink.noSocket(entry.id(), e);
    }
  }

  /** Connects to a machine that an earlier process started; wakes it if it was being suspended. */
  Live adopt(Journal.Entry entry) {
    Hypervisor hypervisor =
        driver.adopt(
            machine(entry, Image.at(imageFolder, entry.fit().image()), false), entry.process());
    boolean halfway = entry.phase() == VmInfo.Phase.SUSPENDING;
    if (halfway) {
      hypervisor.unpause();
    }
    GuestLink link = dial(entry, hypervisor, ADOPTION);
    try {
      link.hello(ADOPTION);
      if (halfway) {
        link.agent().wake();
      }
      link.agent().ping(ADOPTION);
      Journal.Entry running = entry.with(VmInfo.Phase.RUNNING);
      Journal.write(running);
      return new Live(running, hypervisor, link);
    } catch (SandboxException e) {
      link.close();
      throw e;
    }
  }

  /** Lets the guest end by itself, then removes all that is left. */
  void stop(Live live) {
    try {
      if (!live.link().lost().isDone()) {
        live.link().agent().shutdown(SHUTDOWN);
        live.hypervisor().process().ended(SHUTDOWN);
      }
    } catch (SandboxException e) {
      LOG.debug("VM {} could not be asked to end: {}", live.entry().id(), e.getMessage());
    } finally {
      live.link().close();
      live.hypervisor().kill();
      remove(live.entry());
    }
  }

  /** Kills whatever runs for a machine and removes its files. */
  void remove(Journal.Entry entry) {
    entry.process().kill();
    removeUnknown(entry.folder());
  }

  /** Removes a folder, and a process that was started in it and never written down. */
  void removeUnknown(Path remains) {
    driver.clean(remains);
    Journal.remove(remains);
  }

  /** Ends what may run for a machine and keeps its folder. */
  void end(Journal.Entry entry) {
    entry.process().kill();
    driver.clean(entry.folder());
  }

  private Machine machine(Journal.Entry entry, Image image, boolean console) {
    VmSpec spec = entry.spec();
    return new Machine(
        entry.folder(),
        image,
        entry.accelerator(),
        spec.cpus(),
        spec.memoryMib(),
        entry.overlay(),
        spec.volumes(),
        console,
        spec.role());
  }

  Journal.Entry entry(Path at, VmSpec spec, String accelerator) {
    return new Journal.Entry(
        spec,
        at,
        Snapshot.Fit.of(driver, accelerator, image(), spec),
        HypervisorProcess.NONE,
        VmInfo.Phase.STARTING,
        1,
        0,
        clock.millis(),
        "");
  }

  /** Written before there is a process, so that a crash between the two leaves a trace. */
  private Journal.Entry begin(Path at, VmSpec spec, String accelerator) {
    Journal.Entry entry = entry(at, spec, accelerator);
    Journal.write(entry);
    return entry;
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
  }

  static SandboxException noSpace(String what, IOException cause) {
    return SandboxException.lasting(
        "no_space",
        "cannot " + what + ": " + cause.getMessage(),
        "free some space: choir doctor --gc",
        cause);
  }

  static Path newFolder(Path parent, String prefix) {
    try {
      if (Files.getFileStore(parent).getUsableSpace() < SPACE_MIN) {
        throw SandboxException.lasting(
            "no_space",
            "less than 256 MiB are free for VMs in " + parent,
            "free some space: choir doctor --gc");
      }
      return Files.createTempDirectory(
          parent,
          prefix,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw noSpace("make a VM's folder in " + parent, e);
    }
  }

  /** Makes a sparse file with an empty file system; without a journal, which it needs not. */
  private static void formatOverlay(Path overlay, int mib) {
    Path mke2fs = QemuDriver.program("mke2fs", "sudo apt-get install -y e2fsprogs");
    Path log = overlay.resolveSibling("mke2fs.log");
    try {
      Files.deleteIfExists(overlay);
      try (RandomAccessFile file = new RandomAccessFile(overlay.toFile(), "rw")) {
        file.setLength((long) mib << 20);
      }
      Process process =
          new ProcessBuilder(
                  List.of(
                      mke2fs.toString(),
                      "-q",
                      "-F",
                      "-t",
                      "ext4",
                      "-m",
                      "0",
                      "-O",
                      "^has_journal,^resize_inode",
                      "-E",
                      "lazy_itable_init=1,nodiscard",
                      overlay.toString()))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw SandboxException.lasting(
            "no_space",
            "cannot format " + overlay + ": " + Files.readString(log),
            "free some space: choir doctor --gc");
      }
      Files.delete(log);
    } catch (IOException e) {
      throw noSpace("make " + overlay, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.lasting("cancelled", "the start of a VM was interrupted", "", e);
    }
  }
}
