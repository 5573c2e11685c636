package org.choir.sandbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Set;

/**
 * A hypervisor of this machine: how a {@link Machine} becomes a process. Templates, pool, journal,
 * encryption of snapshots and the guest's protocol are the same above every driver. Processes are
 * started in sessions of their own, so that they outlive this one.
 */
public interface Driver {

  /** One word, as in the journal: {@code qemu}, {@code firecracker}. */
  String name();

  /** The hypervisor's own version; a snapshot is bound to it exactly. */
  String version();

  Set<Capability> capabilities(String accelerator);

  /**
   * Starts a machine that boots its image.
   *
   * @param template whether it will become a template: its memory may then be kept in a file of its
   *     folder
   * @throws SandboxException {@code no_qemu}, {@code vm_boot_failed} and the like
   */
  Hypervisor boot(Machine machine, boolean template);

  /**
   * Starts a machine from a template that {@link Hypervisor#saveTemplate} wrote; its overlay is a
   * copy of the template's. It is paused when this returns. The template's files are shared and
   * never changed.
   */
  Hypervisor fork(Machine machine, Path template);

  /**
   * Starts a machine from what {@link Hypervisor#save} wrote; paused when this returns. A stream
   * that breaks or a state that does not load is {@code restore_failed}, and nothing is left.
   */
  Hypervisor restore(Machine machine, InputStream state) throws IOException;

  /** The hypervisor of a process that an earlier server started for this machine. */
  Hypervisor adopt(Machine machine, HypervisorProcess process);

  /**
   * Removes what a machine's process left outside its folder (sockets, jail, control group), and
   * the process if there is one that the journal does not know; without effect if nothing is there.
   */
  void clean(Path folder);
}
