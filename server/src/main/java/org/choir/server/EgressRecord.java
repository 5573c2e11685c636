package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.choir.agent.AgentRuntime;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.sandbox.EgressLog;
import org.jspecify.annotations.Nullable;

/**
 * Records every connection out of a VM, and every one that the server makes for an agent: as {@code
 * egress.dialed} in the audit chain, each on its own, before it is made and after it has ended; and
 * in the history of a live run, counted.
 */
final class EgressRecord implements EgressLog {
  private static final int FIRST_UID = 1_000;

  private final AuditSink audit;
  private final AtomicReference<@Nullable AgentRuntime> agents = new AtomicReference<>();

  EgressRecord(AuditSink audit) {
    this.audit = audit;
  }

  /** Told once; runs before that are not live. */
  void agents(AgentRuntime runtime) {
    agents.set(runtime);
  }

  @Override
  public void dialed(Dial dial) {
    Optional<RunId> run = run(dial.vm());
    AgentId agent = run.map(r -> agent(r, dial.uid())).orElse(VmRecord.BY_HAND);
    record(dial, agent, run, data(dial));
  }

  /** A connection that this server makes for an agent, not its VM. */
  void dialed(Dial dial, AgentId agent) {
    record(dial, agent, Optional.of(agent.run()), data(dial));
  }

  private void record(Dial dial, AgentId agent, Optional<RunId> run, ObjectNode data) {
    audit.record(new AuditEvent(dial.tenant(), dial.at(), "egress.dialed", agent, data));
    AgentRuntime runtime = agents.get();
    if (run.isPresent() && dial.phase() != Phase.OPENED && runtime != null) {
      ObjectNode line = Json.object().put("agent", agent.value());
      for (String field : new String[] {"host", "port", "address", "verdict", "reason"}) {
        line.set(field, data.get(field));
      }
      runtime.dialed(run.get(), line.put("sent", dial.sent()).put("received", dial.received()));
    }
  }

  private static ObjectNode data(Dial dial) {
    return Json.object()
        .put("dial", dial.id())
        .put("phase", dial.phase().name().toLowerCase(Locale.ROOT))
        .put("vm", dial.vm())
        .put("uid", dial.uid())
        .put("host", dial.host())
        .put("port", dial.port())
        .put("address", dial.address())
        .put("verdict", dial.verdict())
        .put("reason", dial.reason())
        .put("sent", dial.sent())
        .put("received", dial.received())
        .put("millis", dial.duration().toMillis());
  }

  private static Optional<RunId> run(String vm) {
    try {
      return VmCommands.isByHand(vm) ? Optional.empty() : Optional.of(new RunId(vm));
    } catch (ChoirException e) {
      return Optional.empty(); // a VM for no run
    }
  }

  /** By the user that the guest named: good for a record, not for a decision. */
  private static AgentId agent(RunId run, int uid) {
    int number = uid - FIRST_UID;
    return number >= 1 && number <= 9_999 ? run.lead().subagent(number) : run.lead();
  }
}
