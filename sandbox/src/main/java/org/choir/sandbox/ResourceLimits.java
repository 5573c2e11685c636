package org.choir.sandbox;

import java.nio.file.Path;
import java.util.List;

/**
 * Bounds of a process by the kernel's oldest means, for users without control groups. They bound
 * the address space and the open files; the share of the processors is the scheduler's.
 */
record ResourceLimits() implements Confinement {
  /** Address space that is never touched: libraries, thread stacks, the translation buffer. */
  private static final long RESERVED_BYTES = 4L << 30;

  @Override
  public String description() {
    return "resource limits only (no writable control groups)";
  }

  @Override
  public List<String> enter(Path folder, Limits limits) {
    return List.of(
        QemuDriver.program("prlimit", "sudo apt-get install -y util-linux").toString(),
        "--as=" + (limits.memoryBytes() + RESERVED_BYTES),
        "--nofile=1024");
  }

  @Override
  public boolean outOfMemory(Path folder) {
    return false; // a refused allocation is QEMU's own message
  }

  @Override
  public void leave(Path folder) {
    // Limits of a process end with it.
  }
}
