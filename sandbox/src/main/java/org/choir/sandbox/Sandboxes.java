package org.choir.sandbox;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** The microVMs of one server: creates, finds, adopts and reaps them. Thread-safe. */
public final class Sandboxes implements AutoCloseable {
  private Sandboxes() {}

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

  /** What a journal says of a VM. */
  public record VmInfo(String id, long pid, String accelerator, String state, long startedMillis) {}

  /** Opens the room; nothing is started. */
  public static Sandboxes open(Options options, InstantSource clock) {
    throw new UnsupportedOperationException();
  }

  /**
   * Adopts the live VMs of an earlier process and removes the remains of dead ones; call once after
   * a start.
   */
  public Recovery recover() {
    throw new UnsupportedOperationException();
  }

  /** What {@link #recover} found. */
  public record Recovery(List<String> adopted, List<String> reaped) {}

  /**
   * The running VM with this id, or a newly started one. Blocks until the guest has said hello (at
   * most 60 s).
   */
  public Vm obtain(String id) {
    throw new UnsupportedOperationException();
  }

  /** The running VM with this id. */
  public Optional<Vm> find(String id) {
    throw new UnsupportedOperationException();
  }

  /** All VMs, sorted by id. */
  public List<VmInfo> list() {
    throw new UnsupportedOperationException();
  }

  /** Leaves the VMs running (a later process adopts them) and releases what this process holds. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
