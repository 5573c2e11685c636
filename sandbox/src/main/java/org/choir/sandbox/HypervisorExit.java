package org.choir.sandbox;

import java.util.Map;

/**
 * How a hypervisor's process ended.
 *
 * @param status its exit status; above 128 it is a signal's number and 128
 */
record HypervisorExit(int status, boolean outOfMemory) {
  private static final Map<Integer, String> SIGNALS =
      Map.ofEntries(
          Map.entry(1, "HUP"),
          Map.entry(2, "INT"),
          Map.entry(3, "QUIT"),
          Map.entry(4, "ILL"),
          Map.entry(5, "TRAP"),
          Map.entry(6, "ABRT"),
          Map.entry(7, "BUS"),
          Map.entry(8, "FPE"),
          Map.entry(9, "KILL"),
          Map.entry(11, "SEGV"),
          Map.entry(13, "PIPE"),
          Map.entry(14, "ALRM"),
          Map.entry(15, "TERM"),
          Map.entry(24, "XCPU"),
          Map.entry(25, "XFSZ"),
          Map.entry(31, "SYS"));

  private static final int KILL = 9;
  private static final int XFSZ = 25;
  private static final int SYS = 31;

  /** The number of the signal that ended it, 0 if none did. */
  int signal() {
    return status > 128 && status <= 192 ? status - 128 : 0;
  }

  /**
   * The failure of the VM {@code id}: {@code hypervisor_violation} for a system call it may not
   * make (its guest may have taken it over), {@code hypervisor_limit} for memory or file sizes
   * beyond its bounds, else {@code guest_lost}.
   */
  SandboxException failure(String id) {
    int signal = signal();
    if (signal == SYS) {
      return SandboxException.passing(
          "hypervisor_violation",
          "the hypervisor of "
              + id
              + " made a system call it is not allowed (SIGSYS) and was"
              + " killed",
          "look at what ran in this VM before it is trusted again",
          null);
    }
    if (signal == XFSZ || (signal == KILL && outOfMemory)) {
      return SandboxException.passing(
          "hypervisor_limit",
          "the hypervisor of "
              + id
              + " was killed: "
              + (signal == XFSZ ? "it wrote a file beyond its limit" : "it took too much memory"),
          "obtain another one, with more memory or disk if need be",
          null);
    }
    String how =
        signal == 0
            ? "ended with status " + status
            : "was ended by signal " + signal + " (" + SIGNALS.getOrDefault(signal, "?") + ")";
    return SandboxException.passing(
        "guest_lost", "the hypervisor of " + id + " " + how, "obtain another one", null);
  }
}
