package org.choir.sandbox.firecracker;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where Firecracker is and how much its machines may take.
 *
 * @param firecracker its program; the jailer copies it into each jail
 * @param jailer the jailer's program
 * @param jails below which each VM's root folder is made; on the file system of the VMs' folders,
 *     with a short path, since sockets lie in it
 * @param firstUid of a range of users that nobody else has; each VM gets one of its own
 * @param uids how many there are
 * @param cgroups where control groups of version 2 are mounted
 * @param parentGroup the group that holds all VMs'
 * @param diskBytesPerSecond what a guest may read and write on each of its writable disks
 * @param apiPatience until the started process answers
 */
public record FirecrackerOptions(
    Path firecracker,
    Path jailer,
    Path jails,
    int firstUid,
    int uids,
    Path cgroups,
    String parentGroup,
    long diskBytesPerSecond,
    Duration apiPatience) {
  /** Fifty megabytes a second; the process answers within milliseconds where nothing is wrong. */
  public FirecrackerOptions(Path firecracker, Path jailer, Path jails) {
    this(
        firecracker,
        jailer,
        jails,
        30_000,
        10_000,
        Path.of("/sys/fs/cgroup"),
        "choir",
        50L << 20,
        Duration.ofSeconds(2));
  }
}
