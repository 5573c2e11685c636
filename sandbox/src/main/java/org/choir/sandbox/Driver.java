package org.choir.sandbox;

import java.nio.file.Path;

/** A hypervisor: how a machine becomes a process. */
interface Driver {
  /**
   * A machine to start.
   *
   * @param folder the machine's own
   * @param socket where its agent's port will listen
   * @param overlay the writable disk, formatted
   * @param console whether what the kernel prints is kept in {@code console.log}
   */
  record Machine(
      Path folder,
      Path socket,
      Path overlay,
      Image image,
      String accelerator,
      int memoryMib,
      boolean console) {}

  /**
   * Starts the machine's process in a session of its own, so that it outlives this one.
   *
   * @throws SandboxException {@code no_qemu}, {@code vm_boot_failed}
   */
  HypervisorProcess start(Machine machine);

  /** What the process said when it failed; for messages. */
  String complaint(Path folder);
}
