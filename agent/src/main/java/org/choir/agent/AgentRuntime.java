package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.choir.backbone.Backbone;
import org.choir.backbone.FencedException;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Gate;
import org.choir.core.Money;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelClient;
import org.jspecify.annotations.Nullable;

/**
 * Runs agents: the loop, one virtual thread per agent, every boundary recorded in the state stream
 * before the next. Thread-safe; one instance serves all runs of a server.
 */
public final class AgentRuntime {
  private static final int CACHED_MAX = 10_000;

  /** Opens the workspace of a run lazily: a VM is started once per run and shared by its agents. */
  @FunctionalInterface
  public interface VmSource {
    /** The run's VM, started if need be. */
    org.choir.sandbox.Vm vm(RunId run);
  }

  /** Finds a model by its id. */
  @FunctionalInterface
  public interface Models {
    /** The client; the caller does not close it. */
    ModelClient open(String id);
  }

  private final RuntimeParts parts;
  private final Set<RunId> claimed = ConcurrentHashMap.newKeySet();
  private final Map<RunId, LiveRun> live = new ConcurrentHashMap<>();
  private final Map<RunId, RunStatus> statuses = new ConcurrentHashMap<>();

  /** A runtime without prices: a limit in money is refused. */
  public AgentRuntime(
      Backbone backbone,
      Gate gate,
      AuditSink audit,
      Models models,
      VmSource vms,
      InstantSource clock) {
    this(backbone, gate, audit, models, vms, clock, (model, usage) -> Optional.empty());
  }

  /**
   * A runtime with prices.
   *
   * @param prices what a model's provider charges for a call, by {@code PROVIDER:NAME}; empty where
   *     the price is not known
   */
  public AgentRuntime(
      Backbone backbone,
      Gate gate,
      AuditSink audit,
      Models models,
      VmSource vms,
      InstantSource clock,
      BiFunction<String, Usage, Optional<Money>> prices) {
    this(
        new RuntimeParts(
            backbone,
            gate,
            audit,
            models,
            vms,
            clock,
            prices,
            Retry.DEFAULT,
            Journal.Boundaries.NONE));
  }

  AgentRuntime(RuntimeParts parts) {
    this.parts = parts;
  }

  /**
   * Records {@code run_started}; the run is {@code queued}.
   *
   * @throws ChoirException {@code run_exists}; {@code unpriced_model} for a limit in money on a
   *     model whose price is not known
   */
  public void create(RunRequest request) {
    requirePrice(request.model(), request.limits());
    if (stream().last(request.run().lead()).isPresent()) {
      throw ChoirException.usage(
          "run_exists", "there is a run " + request.run() + " already", "use another id");
    }
    audit(
        stream()
            .append(
                request.tenant(),
                request.run().lead(),
                1,
                null,
                List.of(Events.runStarted(request), Events.state(RunState.QUEUED, "created"))));
  }

  /**
   * Starts or continues a run on the calling thread and blocks until it stops: completed, or in any
   * other state it can be resumed from. Interrupting the thread pauses the run; the interrupt is
   * consumed by that.
   *
   * @param raised replaces the recorded limits, for a resume with a larger budget; null keeps them
   * @throws FencedException if another process has taken the run over
   * @throws ChoirException {@code no_such_run}, {@code run_is_live}, {@code unpriced_model}, or why
   *     the history could not be written
   */
  public RunState run(RunId run, AgentDefinition definition, @Nullable Limits raised) {
    if (!claimed.add(run)) {
      throw ChoirException.usage(
          "run_is_live", "run " + run + " is running already", "watch it: choir events " + run);
    }
    try {
      List<StateEntry> history = history(run);
      if (raised != null) {
        requirePrice(history.getFirst().events().getFirst().path("model").asText(), raised);
      }
      LiveRun alive = new LiveRun(parts, run, history);
      live.put(run, alive);
      return alive.run(definition, raised);
    } finally {
      live.remove(run);
      claimed.remove(run);
    }
  }

  /**
   * Where a run stands. Cheap: live runs answer from memory, others are read once per change.
   *
   * @throws ChoirException {@code no_such_run}
   */
  public RunStatus state(RunId run) {
    LiveRun alive = live.get(run);
    if (alive != null) {
      return alive.status();
    }
    RunStatus known = statuses.get(run);
    Optional<StateEntry> newest = stream().last(run.lead());
    if (known != null
        && newest.isPresent()
        && newest.get().sequence() == known.lastSequence()
        && known.waiting().isEmpty()) {
      return known;
    }
    RunStatus read = read(run);
    if (statuses.size() >= CACHED_MAX) {
      statuses.clear();
    }
    statuses.put(run, read);
    return read;
  }

  /**
   * Answers what a program in a live run's VM asks of the host; see {@link
   * AgentDefinition#guestCalls}. The caller knows the run from the VM's channel, never from what
   * was said on it.
   *
   * @param uid the user in the guest, by the guest's own word
   * @param operation a tool of {@code guestCalls}, or {@code model}
   * @param between what the caller does once the gate has allowed it, before the tool: the asked
   *     arguments in, the tool's out
   * @return its text is a JSON object
   * @throws ChoirException {@code not_available} if the run is not live, {@code denied}, or what
   *     the operation refuses
   */
  public ToolOutput call(
      RunId run,
      int uid,
      String operation,
      ObjectNode arguments,
      UnaryOperator<ObjectNode> between) {
    LiveRun alive = live.get(run);
    if (alive == null) {
      throw ChoirException.retryable("not_available", "run " + run + " is not going on", "", null);
    }
    return alive.call(uid, operation, arguments, between);
  }

  /**
   * Notes a connection out of a live run's VM, for its history; without effect on any other run.
   *
   * @param dial {@code agent host port address verdict reason sent received}
   */
  public void dialed(RunId run, ObjectNode dial) {
    LiveRun alive = live.get(run);
    if (alive != null) {
      alive.dialed(dial);
    }
  }

  /**
   * Tells a run something: {@code {"kind":"note","text":..}}, {@code pause}, {@code cancel}, {@code
   * approve} or {@code deny} with {@code action} and {@code reason}. A live run records it between
   * its steps; into any other it is recorded here, and counts when the run is resumed.
   *
   * @throws ChoirException {@code no_such_run}, {@code bad_message}
   */
  public void tell(RunId run, ObjectNode message) {
    String kind = message.path("kind").asText();
    boolean stops = kind.equals("pause") || kind.equals("cancel");
    Inbox.Event event =
        stops
            ? new Inbox.Event(run.lead(), Events.state(Inbox.cancel()))
            : Inbox.event(run, message);
    for (int attempt = 1; ; attempt++) {
      LiveRun alive = live.get(run);
      if (alive != null) {
        alive.accept(message);
        return;
      }
      if (kind.equals("pause") || (kind.equals("cancel") && state(run).state().isFinal())) {
        return; // it does not run
      }
      try {
        record(event);
        return;
      } catch (FencedException e) {
        if (attempt == 3) {
          throw e;
        } // it came to life in between
      }
    }
  }

  private void record(Inbox.Event event) {
    StateEntry last =
        stream().last(event.agent()).orElseThrow(() -> noSuchRun(event.agent().run()));
    audit(last);
    audit(
        stream()
            .append(last.tenant(), event.agent(), last.epoch() + 1, last, List.of(event.data())));
  }

  /** Returns when the audit chain has what the entry says. */
  private void audit(StateEntry entry) {
    new AuditTrail(parts.audit(), entry.tenant(), entry.agent().run().lead()).submit(entry).await();
  }

  /**
   * Tells the audit chain of every agent's newest entry once more: a process that stored it may
   * have ended before the chain had it. The chain leaves out what it has.
   *
   * @param known whether the chain has ever heard of the agent; histories from before there was a
   *     chain are left alone
   */
  public void settle(BiPredicate<TenantId, AgentId> known) {
    for (AgentId agent : stream().agents()) {
      stream()
          .last(agent)
          .filter(entry -> entry.n() == 1 || known.test(entry.tenant(), agent))
          .ifPresent(this::audit);
    }
  }

  private RunStatus read(RunId run) {
    AgentState lead = fold(history(run));
    Budget totals = new Budget(lead.limits(), parts.clock());
    totals.used(run.lead(), lead.steps(), lead.usage(), lead.cost());
    List<RunStatus.Waiting> waiting = new ArrayList<>(RunStatus.waiting(lead));
    for (int n = 1; n <= lead.subagents(); n++) {
      AgentId agent = run.lead().subagent(n);
      AgentState state = fold(stream().read(agent));
      totals.used(agent, state.steps(), state.usage(), state.cost());
      waiting.addAll(RunStatus.waiting(state));
    }
    return RunStatus.of(run, lead, totals.totals(), List.copyOf(waiting), false);
  }

  private static AgentState fold(List<StateEntry> history) {
    AgentState state = new AgentState();
    history.forEach(state::apply);
    return state;
  }

  private List<StateEntry> history(RunId run) {
    List<StateEntry> history = stream().read(run.lead());
    if (history.isEmpty()) {
      throw noSuchRun(run);
    }
    return history;
  }

  private static ChoirException noSuchRun(RunId run) {
    return ChoirException.usage(
        "no_such_run", "there is no run " + run, "list what exists with: choir runs");
  }

  private void requirePrice(String model, Limits limits) {
    if (limits.money().isEmpty()) {
      return;
    }
    ModelClient client = parts.models().open(model);
    if (client.isLanguageModel() && parts.prices().apply(client.id(), Usage.NONE).isEmpty()) {
      throw ChoirException.usage(
          "unpriced_model",
          "the price of "
              + model
              + " is not known, so a limit of "
              + limits.money().get()
              + " cannot be kept",
          "limit tokens instead (--budget 200000tok), or configure the price");
    }
  }

  private StateStream stream() {
    return parts.backbone().state();
  }
}
