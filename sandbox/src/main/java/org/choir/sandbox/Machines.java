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

  /** Between two attempts to reach the socket; cut short when the process ends. */
  private static final Duration CONNECT_PAUSE = Duration.ofMillis(5);

  private static final long SPACE_MIN = 256L << 20;

  private final Sandboxes.Options options;
  private final InstantSource clock;
  private final Driver driver;
  private final List<Duration> boots;

  /** A machine whose agent has said hello. */
  record Booted(Journal.Entry entry, GuestLink link) {}

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
    Path socket = RuntimeFolder.socket(folder);
    long started = clock.millis();
    HypervisorProcess none = new HypervisorProcess(-1, -1, HypervisorProcess.hostBootId());
    Journal.Entry entry =
        new Journal.Entry(id, folder, socket, accelerator, none, "starting", started, "");
    try {
      // Before the process, so that a crash between the two leaves a trace to find it by.
      Journal.write(entry);
      Path overlay = overlay(folder);
      HypervisorProcess process =
          driver.start(
              new Driver.Machine(
                  folder, socket, overlay, image, accelerator, options.memoryMib(), console));
      entry = new Journal.Entry(id, folder, socket, accelerator, process, "starting", started, "");
      Journal.write(entry);
      GuestLink link = connect(entry, deadline);
      try {
        GuestLink.Hello hello = link.hello(left(deadline));
        Journal.Entry running =
            new Journal.Entry(
                id,
                folder,
                socket,
                accelerator,
                process,
                "running",
                started,
                HexFormat.of().formatHex(hello.token()));
        Journal.write(running);
        return new Booted(running, link);
      } catch (SandboxException e) {
        link.close();
        throw bootFailed(entry, e);
      }
    } catch (SandboxException e) {
      remove(entry);
      throw e;
    }
  }

  private SandboxException bootFailed(Journal.Entry entry, SandboxException cause) {
    return SandboxException.passing(
        "vm_boot_failed",
        "the VM %s did not come up under %s (%s); it printed: %s"
            .formatted(
                entry.id(),
                entry.accelerator(),
                cause.getMessage(),
                driver.complaint(entry.folder())),
        "choir doctor tells what is wrong",
        cause);
  }

  /** Connects as soon as the process listens. */
  private GuestLink connect(Journal.Entry entry, long deadline) {
    while (true) {
      try {
        return GuestLink.connect(entry.id(), entry.socket(), clock, null);
      } catch (IOException e) {
        if (!entry.process().alive()) {
          throw SandboxException.lasting(
              "vm_boot_failed",
              "QEMU ended while starting: " + driver.complaint(entry.folder()),
              "choir doctor tells what is wrong",
              e);
        }
        if (System.nanoTime() > deadline) {
          throw bootFailed(entry, GuestLink.noSocket(entry.id(), e));
        }
        entry.process().ended(CONNECT_PAUSE);
      }
    }
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
  }

  /** Connects to a machine that an earlier process started. */
  Booted adopt(Journal.Entry entry) {
    GuestLink link;
    try {
      link =
          GuestLink.connect(
              entry.id(), entry.socket(), clock, HexFormat.of().parseHex(entry.token()));
    } catch (IOException e) {
      throw GuestLink.noSocket(entry.id(), e);
    }
    try {
      link.hello(ADOPTION);
      link.ping(ADOPTION);
      return new Booted(entry, link);
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
    // A start that was cut off before its process was written down.
    if (entry.process().pid() < 0) {
      HypervisorProcess.withArgument(entry.folder().resolve("overlay.img").toString())
          .forEach(HypervisorProcess::kill);
    }
    try {
      Files.deleteIfExists(entry.socket());
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot remove " + entry.socket() + ": " + e.getMessage(), "", e);
    }
    Journal.remove(entry.folder());
  }

  /** Removes a folder without a journal, and a process that was started in it. */
  void removeUnknown(Path folder) {
    HypervisorProcess.withArgument(folder.resolve("overlay.img").toString())
        .forEach(HypervisorProcess::kill);
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
