package org.choir.sandbox;

/** What this host does against a hypervisor that a guest has taken over; for people. */
public final class HostProtection {
  private HostProtection() {}

  /** Whether each VM's process runs as a system user of its own. */
  public static boolean separateUsers() {
    return HypervisorUser.separate();
  }

  /** As whom VMs run. */
  public static String users() {
    return HypervisorUser.description();
  }

  /** Whether processor time, memory and processes of a VM are bounded by control groups. */
  public static boolean bounded() {
    return Confinement.ofHost() instanceof ControlGroups;
  }

  /** What bounds them. */
  public static String bounds() {
    return Confinement.ofHost().description();
  }
}
