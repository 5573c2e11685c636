package org.choir.sandbox;

import java.nio.file.Path;
import java.util.List;

/**
 * What bounds the hypervisor processes of this host: control groups of version 2, of version 1, or,
 * where this user has neither, resource limits of each process.
 */
public sealed interface Confinement permits ControlGroups, ResourceLimits {
  /**
   * What one process may use.
   *
   * @param cpuPercent of one processor
   * @param memoryBytes of the host, the guest's memory included
   * @param processes threads included
   */
  record Limits(int cpuPercent, long memoryBytes, int processes) {
    /** A hypervisor's own needs: translated code (128 MiB at most), devices, disk caches. */
    private static final long OVERHEAD_BYTES = 384L << 20;

    private static final int DEVICE_PERCENT = 50;

    /** Threads: one a processor, and up to 64 that read and write disks. */
    private static final int THREADS = 128;

    /** For a machine with so many processors and so much memory. */
    public static Limits of(int cpus, int memoryMib) {
      return new Limits(
          100 * cpus + DEVICE_PERCENT, ((long) memoryMib << 20) + OVERHEAD_BYTES, THREADS + cpus);
    }
  }

  /** For people: {@code control groups v1 (cpu, memory, pids)}. */
  String description();

  /**
   * Makes the bounds of a machine's process and writes down in its folder what was made.
   *
   * @return words that, put before a command, start it within them
   */
  List<String> enter(Path folder, Limits limits);

  /** Whether the process was killed because it took more memory than allowed. */
  boolean outOfMemory(Path folder);

  /** Removes what {@link #enter} made, once the process is gone; without effect if it is. */
  void leave(Path folder);

  /** The best that this host has; found out once. */
  static Confinement ofHost() {
    return HostConfinement.FOUND;
  }
}
