package org.choir.sandbox;

/**
 * What one tenant may have at once.
 *
 * @param vms running VMs
 * @param cpus virtual processors of its running VMs
 * @param memoryMib memory of its running VMs, MiB
 * @param diskMib overlays of all its VMs, suspended ones too, MiB
 */
public record Quota(int vms, int cpus, int memoryMib, long diskMib) {
  /** As much as a machine of its own would give; narrower ones are for servers of many. */
  public static final Quota DEFAULT = new Quota(256, 256, 1 << 20, 1L << 20);
}
