package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a VM is put on the disk and taken from there. Every step is written to its journal first; the
 * order of the steps is what makes a crash between any two of them harmless.
 */
final class Sleep {
  private static final Logger LOG = LoggerFactory.getLogger(Sleep.class);

  /** Freezing the tools, closing the volume, writing the disk. */
  private static final Duration PREPARE = Duration.ofSeconds(30);

  private final Machines machines;
  private final Snapshots snapshots;
  private final InstantSource clock;
  private final Step.Watcher steps;
  private final Function<VmSpec, Snapshot.Fit> here;

  /** What a woken VM is: its machine, and what its user must be told. */
  record Woken(Machines.Live live, String notice) {}

  /**
   * @param here what a machine of this kind is bound to in this place
   */
  Sleep(
      Machines machines,
      Snapshots snapshots,
      InstantSource clock,
      Step.Watcher steps,
      Function<VmSpec, Snapshot.Fit> here) {
    this.machines = machines;
    this.snapshots = snapshots;
    this.clock = clock;
    this.steps = steps;
    this.here = here;
  }

  /**
   * Prepare, pause, snapshot, kill. If one of them fails before the snapshot is whole, it runs on.
   */
  VmState.Suspended suspend(Cell cell, Machines.Live live) {
    Journal.Entry entry = live.entry().with(VmInfo.Phase.SUSPENDING);
    int number = entry.snapshot() + 1;
    Journal.write(entry);
    cell.entry = entry;
    steps.reached(Step.SUSPEND_JOURNALLED);
    cell.unwatched();
    boolean whole = false;
    try {
      live.link().agent().prepare(PREPARE);
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
    cell.stopped();
    live.link().suspended();
    live.hypervisor().kill();
    steps.reached(Step.PROCESS_KILLED);
    suspended(cell, entry.withSnapshot(number));
    steps.reached(Step.SUSPENDED_JOURNALLED);
    return new VmState.Suspended(cell.journal().info());
  }

  /** After a suspend that failed; a guest that cannot be woken is lost, never left frozen. */
  private void runOn(Cell cell, Machines.Live live) {
    try {
      live.hypervisor().unpause();
      live.link().agent().wake();
      cell.watched(live);
      Journal.Entry entry = live.entry().with(VmInfo.Phase.RUNNING);
      Journal.write(entry);
      cell.entry = entry;
    } catch (SandboxException e) {
      LOG.warn("VM {} cannot go on: {}", live.entry().id(), e.getMessage());
      live.link().close();
    }
  }

  /** Without a machine; what its last snapshot is not made of is removed. */
  void suspended(Cell cell, Journal.Entry entry) {
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

  /** Load, then fail closed; if that cannot be, boot with the same disk. */
  Woken resume(Cell cell) {
    Journal.Entry from = cell.journal();
    // A number is given once, whatever becomes of this attempt: no two machines share one.
    Journal.Entry entry = from.with(VmInfo.Phase.RESUMING).withGeneration(from.generation() + 1);
    Journal.write(entry);
    cell.entry = entry;
    steps.reached(Step.RESUME_JOURNALLED);
    boolean done = false;
    try {
      Snapshot snapshot = Snapshot.read(entry.folder(), entry.snapshot());
      Optional<String> refusal =
          snapshot
              .refusal(entry.folder(), here.apply(entry.spec()))
              .or(() -> snapshot.changedSince(entry));
      unpack(entry);
      steps.reached(Step.OVERLAY_UNPACKED);
      Woken woken =
          refusal.isPresent()
              ? bootAgain(entry, refusal.get())
              : load(entry.withToken(snapshot.token()));
      done = true;
      return woken;
    } finally {
      if (!done) {
        machines.end(entry);
        suspended(cell, cell.journal()); // with the highest generation that was given
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

  private Woken load(Journal.Entry entry) {
    try (InputStream memory = snapshots.memory(entry)) {
      return new Woken(machines.restore(entry, memory), "");
    } catch (IOException e) {
      return bootAgain(entry, "its memory cannot be read: " + e.getMessage());
    } catch (SandboxException e) {
      if (e.getCause() instanceof IOException) {
        return bootAgain(entry, e.failure().message()); // it never ran
      }
      throw e;
    }
  }

  /** The same disk and volumes, but its processes are gone. */
  private Woken bootAgain(Journal.Entry entry, String why) {
    LOG.warn("VM {} is booted again with its disk: {}", entry.id(), why);
    Journal.Entry anew =
        new Journal.Entry(
            entry.spec(),
            entry.folder(),
            here.apply(entry.spec()),
            HypervisorProcess.NONE,
            entry.phase(),
            entry.generation(),
            entry.snapshot(),
            entry.startedMillis(),
            "");
    return new Woken(
        machines.bootAgain(anew),
        "its files are kept, its processes are gone: it was booted again, since " + why);
  }
}
