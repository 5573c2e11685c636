package org.choir.agent;

import java.util.Set;
import org.choir.core.Action;
import org.choir.core.Gate;
import org.choir.core.ReplayClass;
import org.choir.core.Verdict;

/**
 * The gate of a server without a supervisor: what stays inside the run's VM and what only reads is
 * allowed, operations that were named when it was made are allowed, everything else is denied. The
 * same action always gets the same verdict.
 */
public final class PlainGate implements Gate {
  private final Set<String> permitted;

  /**
   * @param permitted operations with an effect outside the VM that this server performs itself, for
   *     example {@code submit_report}
   */
  public PlainGate(Set<String> permitted) {
    this.permitted = Set.copyOf(permitted);
  }

  @Override
  public Verdict decide(Action action) {
    if (BuiltIns.NAMES.contains(action.operation())) {
      return new Verdict.Allow("plain/in-vm");
    }
    if (permitted.contains(action.operation())) {
      return new Verdict.Allow("plain/permitted");
    }
    if (action.replay() == ReplayClass.READ_ONLY) {
      return new Verdict.Allow("plain/read-only");
    }
    return new Verdict.Deny(
        "plain/unknown",
        "'" + action.operation() + "' has effects outside this machine that nobody has permitted");
  }
}
