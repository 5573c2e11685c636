package org.choir.sandbox;

import java.util.Locale;
import org.choir.core.TenantId;

/**
 * What is known of a VM without asking it.
 *
 * @param driver the {@link VmHost#name} of where it lives
 * @param pid the hypervisor's process id; -1 if no process of this machine runs it
 * @param accelerator {@code kvm}, {@code tcg}, or {@code remote} for a hosted one
 * @param phase where it stands
 * @param generation 1 for a booted machine, one more with each restore
 * @param startedMillis when it was created, since 1970
 */
public record VmInfo(
    String id,
    TenantId tenant,
    String driver,
    long pid,
    String accelerator,
    Phase phase,
    int cpus,
    int memoryMib,
    int overlayMib,
    int generation,
    long startedMillis) {

  /** Where a VM stands in its life. */
  public enum Phase {
    STARTING,
    /** Ready, and nobody's yet. */
    WARM,
    RUNNING,
    SUSPENDING,
    SUSPENDED,
    RESUMING,
    /** Its process is there and its guest does not answer; it is ended at its deadline. */
    HUNG,
    /** Its process has ended and its remains are not removed yet. */
    DEAD;

    /** The word in output and journals. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The word for {@link #phase}. */
  public String state() {
    return phase.word();
  }
}
