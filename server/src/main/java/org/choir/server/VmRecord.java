package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.sandbox.Signing;
import org.choir.sandbox.VmEvents;
import org.choir.sandbox.VmInfo;

/**
 * Records the steps of each VM's life in its tenant's audit chain. A VM whose start cannot be
 * recorded does not run; an end that cannot be recorded is an end all the same.
 */
final class VmRecord implements VmEvents {
  /** Stands in the chain for a VM that a person made and no agent uses. */
  static final AgentId BY_HAND = new AgentId("rbyhand");

  private final AuditSink audit;
  private final InstantSource clock;

  VmRecord(AuditSink audit, InstantSource clock) {
    this.audit = audit;
    this.clock = clock;
  }

  @Override
  public void started(VmInfo vm, Duration took) {
    record(vm, "vm.started", millis(vm, took).put("accelerator", vm.accelerator()));
  }

  @Override
  public void resumed(VmInfo vm, boolean cold, Duration took) {
    ObjectNode data = millis(vm, took).put("cold", cold).put("generation", vm.generation());
    record(vm, "vm.resumed", data);
  }

  @Override
  public void suspended(VmInfo vm, Duration took) {
    record(vm, "vm.suspended", millis(vm, took));
  }

  @Override
  public void ended(VmInfo vm) {
    record(vm, "vm.ended", data(vm.id()));
  }

  @Override
  public void lost(VmInfo vm, boolean kept) {
    record(vm, kept ? "vm.suspended" : "vm.ended", data(vm.id()).put("reason", "lost"));
  }

  /** Records the end of the VMs of runs that did not outlive the server before this one. */
  void reaped(List<String> ids, Function<RunId, TenantId> tenants) {
    for (String id : ids) {
      try {
        if (VmCommands.isOfRun(id)) {
          RunId run = new RunId(id);
          ObjectNode data = data(id).put("reason", "found_dead");
          audit.record(
              new AuditEvent(tenants.apply(run), clock.instant(), "vm.ended", run.lead(), data));
        }
      } catch (ChoirException e) {
        System.getLogger(VmRecord.class.getName())
            .log(System.Logger.Level.WARNING, "the end of VM " + id + " is not recorded", e);
      }
    }
  }

  private void record(VmInfo vm, String kind, ObjectNode data) {
    audit.record(new AuditEvent(vm.tenant(), clock.instant(), kind, agent(vm.id()), data));
  }

  /** Whose VM it is: a run's, one made by hand, or the signer of a person. */
  static AgentId agent(String vm) {
    if (VmCommands.isByHand(vm)) {
      return BY_HAND;
    }
    return VmCommands.isOfRun(vm) ? new RunId(vm).lead() : Signing.PERSON;
  }

  private static ObjectNode data(String vm) {
    return Json.object().put("vm", vm);
  }

  private static ObjectNode millis(VmInfo vm, Duration took) {
    return data(vm.id()).put("millis", took.toMillis());
  }
}
