package org.choir.sandbox;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A place where VMs live: this machine under a hypervisor, or a hosted service. All of them run the
 * same conformance suite; what they differ in they tell by {@link #capabilities}. Thread-safe; two
 * changes of one VM at a time are refused with {@code vm_changing}.
 *
 * <p>Codes: {@code vm_exists} (created twice), {@code no_such_vm}, {@code vm_not_running} and
 * {@code vm_not_suspended} (a state that has passed), {@code vm_changing}, {@code snapshot_refused}
 * (it cannot be loaded here; not raised where a cold boot with the same disks takes its place),
 * {@code restore_failed}, {@code unsupported}, and those of a start.
 */
public interface VmHost extends AutoCloseable {

  /** One word: {@code qemu}, {@code firecracker}, {@code e2b}, ... */
  String name();

  Set<Capability> capabilities();

  /** How its machines run: {@code kvm}, {@code tcg} or {@code remote}; the first call may try. */
  String accelerator();

  /** A new VM, once its agent has answered; at most 60 s. */
  VmState.Running create(VmSpec spec);

  Optional<VmState> find(String id);

  /** All VMs of this place that this server made, sorted by id. */
  List<VmInfo> list();

  /**
   * Puts it on the disk and ends its process: files, running processes and their memory are kept.
   * If that fails it runs on.
   */
  VmState.Suspended suspend(VmState.Running vm);

  /**
   * Goes on where it was suspended. Returns only after the guest has fresh random numbers, the
   * right time and a new generation; a guest that does not confirm that is killed and stays
   * suspended.
   */
  VmState.Running resume(VmState.Suspended vm);

  /** Ends a VM in whatever state and removes all it left; without effect if there is none. */
  void destroy(String id);

  /**
   * Tells the id of each running VM that was lost, after what was left of it has been put away: it
   * is removed, or suspended again as it was last.
   */
  void onLoss(Consumer<String> listener);

  /** Finds the VMs of an earlier process again and removes what is left of dead ones. */
  Recovery recover();

  /**
   * What {@link #recover} found.
   *
   * @param adopted running VMs and suspended ones, by id
   * @param reaped what was removed, by id or by folder
   */
  record Recovery(List<String> adopted, List<String> reaped) {}

  /** Lets go of the VMs without ending them. */
  @Override
  void close();
}
