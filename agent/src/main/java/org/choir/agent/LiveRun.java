package org.choir.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelClient;
import org.jspecify.annotations.Nullable;

/** A run while this process owns it: its agents' journals, what they share, and how it ends. */
final class LiveRun {
  private static final System.Logger LOG = System.getLogger(LiveRun.class.getName());

  private final RuntimeParts parts;
  private final RunId run;
  private final TenantId tenant;
  private final RunView view = new RunView();
  private final Budget budget;
  private final Rewind rewind;
  private final RunVm vm;
  private final Inbox inbox;
  private final AuditTrail trail;
  private final Journal lead;
  private final Map<AgentId, Journal> subagents = new ConcurrentHashMap<>();
  private final TaskGroup group;
  private final GuestDesk desk;
  private volatile @Nullable AgentDefinition definition;
  private volatile RunStatus status;

  /**
   * @param history the lead's entries so far
   */
  LiveRun(RuntimeParts parts, RunId run, List<StateEntry> history) {
    this.parts = parts;
    this.run = run;
    this.tenant = history.getFirst().tenant();
    Limits recorded = Limits.of(history.getFirst().events().getFirst().path("limits"));
    this.budget = new Budget(recorded, parts.clock());
    this.rewind = new Rewind(parts.backbone().files(), tenant);
    this.vm = new RunVm(parts.vms(), run, view, rewind);
    this.inbox = new Inbox(run);
    this.trail = new AuditTrail(parts.audit(), tenant, run.lead());
    this.lead = journal(run.lead(), history);
    this.group = new TaskGroup(this::checkStop);
    this.desk =
        new GuestDesk(
            this,
            run.lead(),
            tenant,
            parts,
            inbox,
            new GuestModel(run.lead(), this::model, budget, this::cost));
    this.status = publish();
  }

  /** What a program in this run's VM asks of the host. */
  ToolOutput call(
      int uid, String operation, ObjectNode arguments, UnaryOperator<ObjectNode> between) {
    AgentDefinition known = definition;
    if (known == null) {
      throw ChoirException.retryable("not_available", "the run is only starting", "", null);
    }
    return desk.call(known, uid, operation, arguments, between);
  }

  /** A connection out of this run's VM. */
  void dialed(ObjectNode dial) {
    inbox.dialed(dial);
  }

  /** Whether this run has delegated to a subagent of this number. */
  boolean knows(int number) {
    return number <= 9_999 && subagents.containsKey(run.lead().subagent(number));
  }

  /** Runs to the end or to the next stop. */
  RunState run(AgentDefinition definition, @Nullable Limits raised) {
    this.definition = definition;
    if (lead.state().state().isFinal()) {
      return lead.state().state();
    }
    StateStream.Subscription control = parts.backbone().control().listen(run.lead(), inbox::accept);
    try {
      takeOver(definition, raised);
      return loop(definition);
    } catch (HaltException e) {
      throw e.reason();
    } finally {
      control.close();
    }
  }

  /** The gate, as it is for this run. */
  Gate gate() {
    return parts.gate().forRun(lead.state().runStarted());
  }

  /** The digest of the rules that the gate decides by; empty if it has told none. */
  String rules() {
    return trail.rules();
  }

  /** Records the new owner: from here on every earlier one is fenced. */
  private void takeOver(AgentDefinition definition, @Nullable Limits raised) {
    trail.made(run.lead(), definition);
    lead.settle();
    trail.rules(gate(), parts.clock().instant());
    List<ObjectNode> events = new ArrayList<>();
    if (raised != null) {
      ObjectNode event = Events.of("limits");
      event.set("limits", raised.json());
      events.add(event);
    }
    boolean first = lead.state().definition().isEmpty();
    if (first) {
      events.add(
          Events.of("agent_started")
              .put("agent", run.value())
              .put("definition", definition.name())
              .put("home", Home.WORKSPACE));
    }
    events.add(
        lead.state().steps() == 0
            ? Events.state(RunState.PLANNING, first ? "started" : "resumed")
            : Events.state(RunState.RUNNING, "resumed"));
    lead.append(events);
    budget.limits(lead.state().limits());
    budget.ran(lead.state().running());
    for (int n = 1; n <= lead.state().subagents(); n++) {
      AgentId agent = run.lead().subagent(n);
      List<StateEntry> history = parts.backbone().state().read(agent);
      if (!history.isEmpty()) {
        Journal journal = journal(agent, history);
        subagents.put(agent, journal);
        journal.settle();
        if (journal.state().ended().isEmpty()) {
          journal.append(List.of(Events.of("agent_resumed").put("agent", agent.value())));
        }
      }
    }
  }

  private RunState loop(AgentDefinition definition) {
    StopException stop;
    try {
      new AgentLoop(this, run.lead(), definition, lead, model()).run();
      return RunState.COMPLETED;
    } catch (StopException e) {
      stop = e;
    } catch (HaltException e) {
      throw e;
    } catch (ChoirException e) {
      stop =
          Interrupts.happened(e)
              ? StopException.interrupted()
              : StopException.failure(
                  e.failure().retryable() ? RunState.PAUSED : RunState.FAILED, e.failure());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "run " + run + " broke", e);
      stop =
          StopException.failure(
              RunState.FAILED,
              new Failure(
                  "internal_error",
                  "the run stopped on an internal error: " + e,
                  "report it with the server's log",
                  ExitStatus.FAILED,
                  false));
    }
    Thread.interrupted(); // the pause is what the interrupt asked for; recording it must not fail
    return record(stop);
  }

  private RunState record(StopException stop) {
    List<ObjectNode> events = new ArrayList<>(inbox.take(run.lead()));
    events.add(Events.state(stop));
    lead.append(events);
    subagents.forEach(
        (agent, journal) -> {
          List<ObjectNode> late = inbox.take(agent);
          if (!late.isEmpty()) {
            journal.append(late);
          }
        });
    return stop.state();
  }

  /**
   * @throws StopException if the run is to stop: asked to, interrupted, or out of time
   */
  void checkStop() {
    Optional<StopException> asked = inbox.stop();
    if (asked.isPresent()) {
      throw asked.get();
    }
    if (Thread.currentThread().isInterrupted()) {
      throw StopException.interrupted();
    }
    budget.checkTime();
  }

  /** Records what others have said to this agent since its last step. */
  void takeMessages(AgentId agent, Journal journal) {
    List<ObjectNode> events = inbox.take(agent);
    if (!events.isEmpty()) {
      journal.append(events);
    }
  }

  /** Whether a note waits for this agent: then its work is not over. */
  boolean hasNotes(AgentId agent) {
    return inbox.hasNote(agent);
  }

  void accept(ObjectNode message) {
    inbox.accept(message);
  }

  /** Performs the lead's tasks side by side. */
  void tasks(
      AgentDefinition definition, List<PendingCall> calls, Map<String, ToolOutput> finished) {
    group.perform(calls, call -> subagent(definition, call), finished);
  }

  private ToolOutput subagent(AgentDefinition definition, PendingCall call) {
    AgentId agent = run.lead().subagent(call.subagent());
    ObjectNode arguments = Json.parseObject(call.arguments());
    String type = arguments.path("subagent_type").asText();
    Optional<AgentDefinition> found = new ToolBox(definition).subagent(type);
    if (found.isEmpty()) {
      return ToolOutput.error("There is no subagent '" + type + "' any more.");
    }
    trail.made(agent, found.get());
    Journal journal =
        subagents.computeIfAbsent(agent, a -> journal(a, parts.backbone().state().read(a)));
    if (journal.state().ended().isPresent()) {
      return AgentLoop.output(journal.state());
    }
    if (journal.state().isEmpty()) {
      journal.append(
          List.of(
              Events.of("agent_started")
                  .put("agent", agent.value())
                  .put("definition", type)
                  .put("task", Strings.sound(arguments.path("description").asText()))
                  .put("parent", call.action())
                  .put("home", new Home(agent).path())));
    }
    return new AgentLoop(this, agent, found.get(), journal, model()).runAsSubagent();
  }

  private ModelClient model() {
    try {
      return parts.models().open(lead.state().runStarted().path("model").asText());
    } catch (ChoirException e) {
      // A missing key or an unreachable server can be mended; the run goes on from here then.
      throw StopException.failure(RunState.PAUSED, e.failure());
    }
  }

  private Journal journal(AgentId agent, List<StateEntry> history) {
    return new Journal(
        parts.backbone().state(),
        tenant,
        agent,
        history,
        view,
        budget,
        trail,
        new Journal.Boundaries() {
          @Override
          public void before(AgentId who, List<ObjectNode> events) {
            parts.boundaries().before(who, events);
          }

          @Override
          public void after(StateEntry entry) {
            if (!entry.agent().isSubagent()) {
              status = publish();
            }
            parts.boundaries().after(entry);
          }
        });
  }

  private RunStatus publish() {
    return RunStatus.of(run, lead.state(), budget.totals(), RunStatus.waiting(lead.state()), true);
  }

  /** As of the lead's newest entry. */
  RunStatus status() {
    return status;
  }

  Budget budget() {
    return budget;
  }

  RunVm vm() {
    return vm;
  }

  ArrayNode skills() {
    return view.recorded("skills").stream()
        .map(e -> (ArrayNode) e.path("skills"))
        .findFirst()
        .orElse(Json.array());
  }

  boolean knowsSkills() {
    return !view.recorded("skills").isEmpty();
  }

  VmWorkspace workspace(AgentId agent) {
    return new VmWorkspace(new Home(agent), vm, view, rewind, budget);
  }

  WorkspaceScan scan(AgentId agent) {
    return new WorkspaceScan(parts.backbone().files(), tenant, new Home(agent));
  }

  AgentContext context(AgentId agent, VmWorkspace workspace) {
    return new AgentContext(
        agent, tenant, lead.state().runStarted(), agent.value(), workspace, view);
  }

  Intents intents(AgentId agent, ToolBox tools) {
    return new Intents(tenant, agent, tools, gate(), trail.rules());
  }

  ModelCaller caller(
      ModelClient client,
      AgentDefinition definition,
      AgentId agent,
      ToolBox tools,
      Journal journal) {
    return new ModelCaller(
        client,
        Prompt.of(definition, new Home(agent), skills()),
        tools.specs(),
        journal,
        budget,
        parts.retry(),
        parts.clock());
  }

  /** What the provider charges for a call; a program that is no language model is free. */
  Optional<Money> cost(ModelClient client, Usage usage) {
    return client.isLanguageModel()
        ? parts.prices().apply(client.id(), usage)
        : Optional.of(Money.zero(Currency.USD));
  }
}
