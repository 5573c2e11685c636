package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.choir.core.Action;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.Verdict;

/**
 * The gate of a server without a supervisor: what stays inside the run's VM and what only reads is
 * allowed, operations that were named when it was made are allowed, everything else is denied.
 * Operations that read outside this machine are denied to a run that was not started with them. The
 * same action of a run always gets the same verdict.
 */
public final class PlainGate implements Gate {
  /** Raised whenever the same configuration would decide otherwise. */
  private static final String NAME = "plain/1";

  private final Set<String> inVm;
  private final Set<String> permitted;
  private final Set<String> outside;

  /**
   * @param permitted operations with an effect outside the VM that this server performs itself, for
   *     example {@code submit_report}
   */
  public PlainGate(Set<String> permitted) {
    this(permitted, Set.of());
  }

  /**
   * @param permitted as above
   * @param outside operations that read outside this machine: a run may do those that stand in
   *     {@code options.permits} of its first event
   */
  public PlainGate(Set<String> permitted, Set<String> outside) {
    this(BuiltIns.NAMES, permitted, outside);
  }

  private PlainGate(Set<String> inVm, Set<String> permitted, Set<String> outside) {
    this.inVm = Set.copyOf(inVm);
    this.permitted = Set.copyOf(permitted);
    this.outside = Set.copyOf(outside);
  }

  /**
   * The gate that decides as the one with this {@link #configuration} did.
   *
   * @return empty if it is another gate's
   */
  public static Optional<Gate> of(JsonNode configuration) {
    if (!configuration.path("gate").asText().equals(NAME)) {
      return Optional.empty();
    }
    return Optional.of(
        new PlainGate(
            names(configuration.path("in_vm")),
            names(configuration.path("permitted")),
            names(configuration.path("outside"))));
  }

  private static Set<String> names(JsonNode list) {
    Set<String> names = new HashSet<>();
    list.forEach(n -> names.add(n.asText()));
    return names;
  }

  @Override
  public Gate forRun(JsonNode runStarted) {
    Set<String> more = names(runStarted.path("options").path("permits"));
    more.retainAll(outside);
    if (more.isEmpty()) {
      return this;
    }
    more.addAll(permitted);
    return new PlainGate(inVm, more, outside);
  }

  @Override
  public JsonNode configuration() {
    ObjectNode out = Json.object().put("gate", NAME);
    new TreeSet<>(inVm).forEach(out.putArray("in_vm")::add);
    new TreeSet<>(permitted).forEach(out.putArray("permitted")::add);
    if (!outside.isEmpty()) {
      new TreeSet<>(outside).forEach(out.putArray("outside")::add);
    }
    return out;
  }

  @Override
  public Verdict decide(Action action) {
    if (inVm.contains(action.operation())) {
      return new Verdict.Allow("plain/in-vm");
    }
    if (permitted.contains(action.operation())) {
      return new Verdict.Allow("plain/permitted");
    }
    if (outside.contains(action.operation())) {
      return new Verdict.Deny(
          "plain/outside",
          "'" + action.operation() + "' leaves this machine, and this run was not started with it");
    }
    if (action.replay() == ReplayClass.READ_ONLY) {
      return new Verdict.Allow("plain/read-only");
    }
    return new Verdict.Deny(
        "plain/unknown",
        "'" + action.operation() + "' has effects outside this machine that nobody has permitted");
  }
}
