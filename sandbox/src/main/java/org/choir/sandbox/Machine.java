package org.choir.sandbox;

import java.nio.file.Path;
import java.util.List;

/**
 * A machine that a {@link Driver} makes a process of.
 *
 * @param folder the machine's own, mode 0700; short enough for sockets in it, or see {@link
 *     RuntimeFolder}
 * @param accelerator {@code kvm} or {@code tcg}
 * @param overlay the writable disk, formatted
 * @param volumes disks of the caller's
 * @param console whether what the guest's kernel prints is kept, as far as it is bounded
 * @param role what its agent is told on the kernel's command line
 */
public record Machine(
    Path folder,
    Image image,
    String accelerator,
    int cpus,
    int memoryMib,
    Path overlay,
    List<VmSpec.Volume> volumes,
    boolean console,
    VmSpec.Role role) {
  public Machine {
    volumes = List.copyOf(volumes);
  }
}
