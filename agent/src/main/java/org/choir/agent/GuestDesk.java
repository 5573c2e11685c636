package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.TenantId;
import org.choir.core.Text;
import org.choir.core.Verdict;

/**
 * Does what a program in a live run's VM asks of the host. A call is an action like a tool's: the
 * gate decides, the audit sink hears the verdict before anything is done, and what was done is
 * recorded in the lead's history before its model is asked again. It acts on this run's own sources
 * and files, whatever the guest says; the user the guest names picks the folder that paths belong
 * to and nothing else. Thread-safe.
 */
final class GuestDesk {
  /** The operation that asks the run's model; not a tool, since it spends the run's budget. */
  static final String MODEL = "model";

  private static final int FIRST_UID = 1_000;
  private static final int SHOWN_MAX = 60;

  private final LiveRun run;
  private final AgentId lead;
  private final TenantId tenant;
  private final RuntimeParts parts;
  private final Inbox inbox;
  private final GuestModel model;
  private final Semaphore modelTurn = new Semaphore(1);
  private final AtomicLong calls = new AtomicLong();

  GuestDesk(
      LiveRun run,
      AgentId lead,
      TenantId tenant,
      RuntimeParts parts,
      Inbox inbox,
      GuestModel model) {
    this.run = run;
    this.lead = lead;
    this.tenant = tenant;
    this.parts = parts;
    this.inbox = inbox;
    this.model = model;
  }

  /**
   * Answers a call.
   *
   * @param between what the host does once the call is allowed and before the tool: arguments in,
   *     the tool's arguments out
   * @throws ChoirException {@code unknown_operation}, {@code bad_request}, {@code denied}, {@code
   *     needs_approval}, or what the tool throws
   */
  ToolOutput call(
      AgentDefinition definition,
      int uid,
      String operation,
      ObjectNode arguments,
      UnaryOperator<ObjectNode> between) {
    Optional<Tool> tool =
        definition.guestCalls().stream().filter(t -> t.spec().name().equals(operation)).findFirst();
    if (tool.isEmpty() && !operation.equals(MODEL)) {
      throw ChoirException.usage(
          "unknown_operation",
          "this run's agent knows no '" + Text.visible(operation, SHOWN_MAX) + "'",
          "choir help");
    }
    AgentId agent = agent(uid);
    Action action =
        new Action(
            tenant,
            agent,
            agent + ":call:" + parts.clock().millis() + "-" + calls.incrementAndGet(),
            "guest." + operation,
            arguments,
            tool.map(Tool::replay).orElse(ReplayClass.ASK));
    Verdict verdict = decide(action);
    audit(action, verdict);
    ObjectNode event = event(action, verdict);
    if (!(verdict instanceof Verdict.Allow)) {
      inbox.report(List.of(event.put("failed", true)));
      throw refused(verdict);
    }
    ToolOutput output;
    try {
      ObjectNode approved = between.apply(arguments);
      output = tool.isPresent() ? run(agent, tool.get(), action, approved) : ask(approved);
    } catch (ChoirException e) {
      inbox.report(List.of(event.put("failed", true).put("code", e.code())));
      throw e;
    }
    List<ObjectNode> happened = new ArrayList<>(output.events());
    happened.add(
        event.put("failed", output.failed()).put("answer", Digest.of(output.text()).hex()));
    inbox.report(happened);
    return output;
  }

  private AgentId agent(int uid) {
    int number = uid - FIRST_UID;
    return number >= 1 && run.knows(number) ? lead.subagent(number) : lead;
  }

  private ToolOutput run(AgentId agent, Tool tool, Action action, ObjectNode approved) {
    Arguments checked = Arguments.of(Json.write(approved), tool.spec().parameters());
    if (checked.problem().isPresent()) {
      throw ChoirException.usage("bad_request", checked.problem().get(), "choir help");
    }
    ToolContext context =
        new GuestContext(run.context(agent, run.workspace(agent)), action.id(), inbox);
    return tool.call(context, checked.object());
  }

  private ToolOutput ask(ObjectNode arguments) {
    if (!modelTurn.tryAcquire()) {
      throw ChoirException.retryable(
          "host_busy", "the run's model is answering another program", "try again", null);
    }
    try {
      return model.ask(arguments.path("prompt").asText());
    } finally {
      modelTurn.release();
    }
  }

  private Verdict decide(Action action) {
    try {
      return run.gate().decide(action);
    } catch (ChoirException e) {
      return new Verdict.Deny("gate/failed", e.failure().message());
    }
  }

  private static ChoirException refused(Verdict verdict) {
    String why =
        switch (verdict) {
          case Verdict.Deny deny -> deny.reason();
          case Verdict.Hold hold -> hold.reason();
          default -> "it is " + verdict.word();
        };
    return new ChoirException(
        new Failure(
            verdict instanceof Verdict.Hold ? "needs_approval" : "denied",
            Text.visible(why, 300),
            "",
            ExitStatus.FAILED,
            false));
  }

  private void audit(Action action, Verdict verdict) {
    parts.audit().record(AuditEvent.decided(action, verdict, run.rules(), parts.clock().instant()));
  }

  private static ObjectNode event(Action action, Verdict verdict) {
    return Events.of("guest_call")
        .put("action", action.id())
        .put("agent", action.agent().value())
        .put("operation", action.operation())
        .put("digest", action.digest().hex())
        .put("verdict", verdict.word())
        .put("rule", verdict.rule());
  }
}
