package org.choir.sandbox;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The templates of one machine, one folder for each kind of VM, named by the digest of all its
 * state is bound to. Several processes may use one folder.
 */
final class Templates implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Templates.class);
  private static final Duration PREPARE = Duration.ofSeconds(20);
  private static final String UNFINISHED = "making-";

  private final Path folder;
  private final Driver driver;
  private final Machines machines;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable Path making;
  private volatile boolean closed;

  Templates(Path folder, Driver driver, Machines machines) {
    this.folder = folder;
    this.driver = driver;
    this.machines = machines;
  }

  /** Whether machines of this kind can come from a template: one without disks of its own. */
  boolean serves(VmSpec spec, String accelerator) {
    return spec.role() == VmSpec.Role.RUN
        && spec.volumes().isEmpty()
        && driver.capabilities(accelerator).contains(Capability.TEMPLATE);
  }

  /** The template for this kind of machine, made by booting one if there is none yet. */
  Template of(VmSpec spec, String accelerator) {
    Image image = machines.image();
    Snapshot.Fit fit = Snapshot.Fit.of(driver, accelerator, image, spec);
    Path at = place(fit);
    Optional<Template> ready = Template.read(at, fit);
    if (ready.isPresent()) {
      return ready.get();
    }
    lock.lock();
    try {
      PrivateFiles.folder(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock()) {
        Optional<Template> made = Template.read(at, fit);
        if (made.isPresent()) {
          return made.get();
        }
        removeUseless(fit);
        if (Files.exists(at)) {
          LOG.warn("the template {} is not as it was made; it is made anew", at);
          Journal.remove(at);
        }
        return make(at, spec, accelerator, image, fit);
      }
    } catch (IOException e) {
      throw Machines.noSpace("make a template in " + folder, e);
    } finally {
      lock.unlock();
    }
  }

  /** Forgets a template that does not load; the next call makes it anew. */
  void discard(VmSpec spec, String accelerator) {
    Snapshot.Fit fit = Snapshot.Fit.of(driver, accelerator, machines.image(), spec);
    Journal.remove(place(fit));
  }

  private Path place(Snapshot.Fit fit) {
    return folder.resolve(Digest.of(Json.write(fit.json())).prefix(24));
  }

  private Template make(Path at, VmSpec spec, String accelerator, Image image, Snapshot.Fit fit)
      throws IOException {
    Path work = Machines.newFolder(folder, UNFINISHED);
    making = work;
    try {
      if (closed) {
        throw new IllegalStateException("this host is closed");
      }
      VmSpec nobodys =
          new VmSpec(
              "template",
              TenantId.LOCAL,
              spec.cpus(),
              spec.memoryMib(),
              spec.overlayMib(),
              List.of());
      Machines.Live live = machines.bootTemplate(work, nobodys, accelerator, image);
      Path ready = work.resolve("ready");
      try {
        live.link().agent().prepare(PREPARE);
        live.hypervisor().pause();
        live.hypervisor().saveTemplate(ready);
      } finally {
        live.link().close();
        live.hypervisor().kill();
      }
      Files.move(live.entry().overlay(), ready.resolve("overlay.img"));
      try (DirectoryStream<Path> all = Files.newDirectoryStream(ready)) {
        for (Path file : all) {
          Journal.force(file);
        }
      }
      new Template(ready, live.entry().token()).write(fit);
      Files.move(ready, at, StandardCopyOption.ATOMIC_MOVE);
      Journal.force(folder);
      return new Template(at, live.entry().token());
    } finally {
      machines.removeUnknown(work);
      making = null;
    }
  }

  /**
   * Removes what a server left that ended while it made a template. Another's that is at it holds
   * the lock, and clears up itself.
   */
  void recover() {
    if (!Files.isDirectory(folder) || !lock.tryLock()) {
      return;
    }
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.tryLock()) {
      if (held != null) {
        removeUnfinished();
      }
    } catch (OverlappingFileLockException e) {
      LOG.debug("another room of this process makes a template in {}", folder);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot tidy up " + folder + ": " + e.getMessage(), "", e);
    } finally {
      lock.unlock();
    }
  }

  private void removeUnfinished() throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, UNFINISHED + "*")) {
      for (Path left : all) {
        machines.removeUnknown(left);
      }
    }
  }

  /** Ends what is being made; nobody will ask for it. */
  @Override
  public void close() {
    closed = true;
    Path unfinished = making;
    if (unfinished != null) {
      machines.removeUnknown(unfinished);
    }
  }

  /**
   * Removes what a crash left, and templates of another image or hypervisor: none can be asked for
   * any more. Machines that came from one keep it open. Only under the lock.
   */
  private void removeUseless(Snapshot.Fit fit) throws IOException {
    removeUnfinished();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, Files::isDirectory)) {
      for (Path old : all) {
        if (!Template.isFor(old, fit.image(), fit.version())) {
          Journal.remove(old);
        }
      }
    }
  }
}
