package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether one VM more may run. It is refused with what is full and what to do, rather than taken
 * and starved: a host without memory left slows every VM on it down.
 */
final class Admission {
  /** What a hypervisor needs beside its guest's memory: translated code, buffers. */
  private static final int OVERHEAD_MIB = 64;

  /** Kept for this server and the rest of the host. */
  private static final int RESERVE_MIB = 512;

  private static final Pattern LINE = Pattern.compile("(?m)^(\\w+):\\s+([0-9]+) kB$");

  private final int vmLimit;
  private final Quota quota;
  private final Path memoryInfo;

  /**
   * @param memoryInfo where the kernel tells of the host's memory
   */
  Admission(int vmLimit, Quota quota, Path memoryInfo) {
    this.vmLimit = vmLimit;
    this.quota = quota;
    this.memoryInfo = memoryInfo;
  }

  /**
   * Refuses what does not fit.
   *
   * @param active what runs, or is being started
   * @param tenantDiskMib the overlays of all of the tenant's VMs, without this one's
   * @throws SandboxException {@code vm_limit}, {@code tenant_limit}, {@code host_memory}
   */
  void require(VmSpec spec, List<VmSpec> active, long tenantDiskMib) {
    if (active.size() >= vmLimit) {
      throw SandboxException.passing(
          "vm_limit",
          "there are " + active.size() + " VMs already, as many as sandbox.vm-limit allows",
          "wait for a run to end, suspend a VM, or raise sandbox.vm-limit",
          null);
    }
    tenant(spec, active, tenantDiskMib);
    long committed = active.stream().mapToLong(s -> (long) s.memoryMib() + OVERHEAD_MIB).sum();
    long wanted = (long) spec.memoryMib() + OVERHEAD_MIB;
    long total = mib("MemTotal") - RESERVE_MIB;
    long available = mib("MemAvailable") - RESERVE_MIB;
    if (committed + wanted > total || wanted > available) {
      throw SandboxException.passing(
          "host_memory",
          "a VM with %d MiB does not fit: of %d MiB for VMs %d are promised to others and %d are free"
              .formatted(spec.memoryMib(), total, committed, Math.max(0, available)),
          "suspend a VM, or give VMs less: sandbox.memory-mib",
          null);
    }
  }

  private void tenant(VmSpec spec, List<VmSpec> active, long tenantDiskMib) {
    List<VmSpec> own = active.stream().filter(s -> s.tenant().equals(spec.tenant())).toList();
    within(spec, "VMs", own.size() + 1L, quota.vms());
    within(
        spec, "processors", own.stream().mapToLong(VmSpec::cpus).sum() + spec.cpus(), quota.cpus());
    within(
        spec,
        "MiB of memory",
        own.stream().mapToLong(VmSpec::memoryMib).sum() + spec.memoryMib(),
        quota.memoryMib());
    within(spec, "MiB of disk", tenantDiskMib + spec.overlayMib(), quota.diskMib());
  }

  private static void within(VmSpec spec, String what, long wanted, long allowed) {
    if (wanted > allowed) {
      throw SandboxException.passing(
          "tenant_limit",
          "%s would have %d %s, and may have %d".formatted(spec.tenant(), wanted, what, allowed),
          "end one of its VMs, or raise the limit: sandbox.tenant-*",
          null);
    }
  }

  private long mib(String name) {
    try {
      Matcher matcher = LINE.matcher(Files.readString(memoryInfo));
      while (matcher.find()) {
        if (matcher.group(1).equals(name)) {
          return Long.parseLong(matcher.group(2)) >> 10;
        }
      }
      throw new IOException("no line " + name);
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_proc", "cannot read " + memoryInfo + ": " + e.getMessage(), "", e);
    }
  }
}
