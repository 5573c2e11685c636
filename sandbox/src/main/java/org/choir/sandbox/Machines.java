package org.choir.sandbox;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.TenantId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns an image into running machines and back into nothing. */
final class Machines {
  private static final Logger LOG = LoggerFactory.getLogger(Machines.class);

  /** A first boot and a second: both fit into the minute that a caller waits. */
  static final List<Duration> BOOTS = List.of(Duration.ofSeconds(35), Duration.ofSeconds(23));

  /** A running guest answers at once; on a busy host at once takes its time. */
  private static final Duration ADOPTION = Duration.ofSeconds(20);

  /** A machine under working KVM answers within two. */
  private static final Duration PROBE = Duration.ofSeconds(8);

  private static final Duration SHUTDOWN = Duration.ofSeconds(3);

  private static final long SPACE_MIN = 256L << 20;

  private final Sandboxes.Options options;
  private final InstantSource clock;
  private final Driver driver;
  private final List<Duration> boots;

  /** A machine whose agent has said hello. */
  record Booted(Journal.Entry entry, Hypervisor hypervisor, GuestLink link) {}

  Machines(Sandboxes.Options options, InstantSource clock, Driver driver, List<Duration> boots) {
    this.options = options;
    this.clock = clock;
    this.driver = driver;
    this.boots = boots;
  }

  /**
   * Starts a machine and waits for its agent. A boot that hangs is tried once more: under TCG the
   * kernel's measuring of its clock does not always end on a busy host.
   */
  Booted boot(String id, String accelerator) {
    Image image = Image.in(options.image());
    try {
      return attempt(id, accelerator, image, boots.getFirst(), false);
    } catch (SandboxException first) {
      if (!first.failure().retryable()) {
        throw first;
      }
      LOG.warn("VM {}: {}; trying once more", id, first.getMessage());
      return attempt(id, accelerator, image, boots.getLast(), true);
    }
  }

  /** Whether a machine comes up under KVM. */
  boolean bootsUnderKvm() {
    try {
      Booted booted = attempt("probe", Accelerators.KVM, Image.in(options.image()), PROBE, false);
      stop(booted.entry(), booted.link());
      return true;
    } catch (SandboxException e) {
      if (e.code().equals("vm_boot_failed") || e.failure().retryable()) {
        LOG.info("KVM is present but boots no machine: {}", e.getMessage());
        return false;
      }
      throw e;
    }
  }

  private Booted attempt(
      String id, String accelerator, Image image, Duration patience, boolean console) {
    long deadline = System.nanoTime() + patience.toNanos();
    Path folder = newFolder();
    long started = clock.millis();
    Journal.Entry entry =
        new Journal.Entry(
            new VmSpec(id, TenantId.LOCAL, 1, options.memoryMib(), options.overlayMib(), List.of()),
            folder,
            driver.name(),
            accelerator,
            HypervisorProcess.NONE,
            VmInfo.Phase.STARTING,
            1,
            started,
            "");
    try {
      // Before the process, so that a crash between the two leaves a trace to find it by.
      Journal.write(entry);
      Path overlay = overlay(folder);
      Hypervisor hypervisor =
          driver.boot(
              new Machine(
                  folder, image, accelerator, 1, options.memoryMib(), overlay, List.of(), console),
              false);
      entry = entry.with(hypervisor.process());
      Journal.write(entry);
      GuestLink link = connect(entry, hypervisor, deadline);
      try {
        GuestLink.Hello hello = link.hello(left(deadline));
        Journal.Entry running =
            entry.with(VmInfo.Phase.RUNNING).withToken(HexFormat.of().formatHex(hello.token()));
        Journal.write(running);
        return new Booted(running, hypervisor, link);
      } catch (SandboxException e) {
        link.close();
        throw bootFailed(entry, hypervisor, e);
      }
    } catch (SandboxException e) {
      remove(entry);
      throw e;
    }
  }

  private SandboxException bootFailed(
      Journal.Entry entry, Hypervisor hypervisor, SandboxException cause) {
    return SandboxException.passing(
        "vm_boot_failed",
        "the VM %s did not come up under %s (%s); it printed: %s"
            .formatted(entry.id(), entry.accelerator(), cause.getMessage(), hypervisor.complaint()),
        "choir doctor tells what is wrong",
        cause);
  }

  private GuestLink connect(Journal.Entry entry, Hypervisor hypervisor, long deadline) {
    try {
      return link(entry, hypervisor.connect(left(deadline)));
    } catch (IOException e) {
      if (hypervisor.process().alive()) {
        throw bootFailed(entry, hypervisor, GuestLink.noSocket(entry.id(), e));
      }
      throw SandboxException.lasting(
          "vm_boot_failed",
          "the hypervisor ended while starting: " + hypervisor.complaint(),
          "choir doctor tells what is wrong",
          e);
    }
  }

  private GuestLink link(Journal.Entry entry, Hypervisor.Pipe pipe) {
    return GuestLink.over(
        entry.id(),
        pipe.channel(),
        clock,
        pipe.fresh() ? null : HexFormat.of().parseHex(entry.token()));
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
  }

  /** Connects to a machine that an earlier process started. */
  Booted adopt(Journal.Entry entry) {
    Hypervisor hypervisor =
        driver.adopt(
            new Machine(
                entry.folder(),
                Image.in(options.image()),
                entry.accelerator(),
                entry.spec().cpus(),
                entry.spec().memoryMib(),
                entry.folder().resolve("overlay.img"),
                entry.spec().volumes(),
                false),
            entry.process());
    GuestLink link;
    try {
      link = link(entry, hypervisor.connect(ADOPTION));
    } catch (IOException e) {
      throw GuestLink.noSocket(entry.id(), e);
    }
    try {
      link.hello(ADOPTION);
      link.ping(ADOPTION);
      return new Booted(entry, hypervisor, link);
    } catch (SandboxException e) {
      link.close();
      throw e;
    }
  }

  /** Lets the guest end by itself, then removes all that is left. */
  void stop(Journal.Entry entry, GuestLink link) {
    try {
      if (!link.lost().isDone()) {
        link.shutdown(SHUTDOWN);
        entry.process().ended(SHUTDOWN);
      }
    } catch (SandboxException e) {
      LOG.debug("VM {} could not be asked to end: {}", entry.id(), e.getMessage());
    } finally {
      link.close();
      remove(entry);
    }
  }

  /** Kills the process of a machine and removes its files. */
  void remove(Journal.Entry entry) {
    entry.process().kill();
    driver.clean(entry.folder());
    Journal.remove(entry.folder());
  }

  /** Removes a folder without a journal, and a process that was started in it. */
  void removeUnknown(Path folder) {
    driver.clean(folder);
    Journal.remove(folder);
  }

  private Path newFolder() {
    try {
      Path folders = options.folder();
      if (Files.getFileStore(folders).getUsableSpace() < SPACE_MIN) {
        throw SandboxException.lasting(
            "no_space",
            "less than 256 MiB are free for VMs in " + folders,
            "free some space: choir doctor --gc");
      }
      return Files.createTempDirectory(
          folders,
          "vm-",
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot make a VM's folder in " + options.folder() + ": " + e.getMessage(),
          "free some space: choir doctor --gc",
          e);
    }
  }

  /**
   * A sparse file with an empty file system; without a journal, since it lives no longer than its
   * VM.
   */
  private Path overlay(Path folder) {
    Path overlay = folder.resolve("overlay.img");
    Path mke2fs = QemuDriver.program("mke2fs", "sudo apt-get install -y e2fsprogs");
    try {
      try (RandomAccessFile file = new RandomAccessFile(overlay.toFile(), "rw")) {
        file.setLength((long) options.overlayMib() << 20);
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
              .redirectOutput(folder.resolve("mke2fs.log").toFile())
              .start();
      if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw SandboxException.lasting(
            "no_space",
            "cannot format " + overlay + ": " + Files.readString(folder.resolve("mke2fs.log")),
            "free some space: choir doctor --gc");
      }
      return overlay;
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_space",
          "cannot make " + overlay + ": " + e.getMessage(),
          "free some space: choir doctor --gc",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.lasting("cancelled", "the start of a VM was interrupted", "", e);
    }
  }
}
