package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.choir.backbone.Backbone;
import org.choir.backbone.StateEntry;
import org.choir.core.Action;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.core.Verdict;
import org.choir.keys.FileDataKeys;
import org.choir.model.ModelAnswer.Usage;
import org.choir.model.ModelClient;
import org.choir.model.ToolSpec;

/** A real nats-server, a recording gate and audit sink, scripted models: what a run needs. */
final class World implements AutoCloseable {
  static final Limits AMPLE =
      new Limits(1_000, Duration.ofHours(1), Optional.empty(), Optional.empty());

  final Backbone backbone;
  final List<AuditEvent> audited = new CopyOnWriteArrayList<>();
  final List<Action> gated = new CopyOnWriteArrayList<>();
  final List<Duration> waits = new CopyOnWriteArrayList<>();
  final AtomicReference<Duration> ahead = new AtomicReference<>(Duration.ZERO);
  final AtomicInteger vmsStarted = new AtomicInteger();
  private final Map<String, ModelClient> models = new ConcurrentHashMap<>();
  private static final AtomicInteger RUNS = new AtomicInteger();

  AuditSink audit = audited::add;
  Gate gate = new PlainGate(java.util.Set.of("charge", "mail"));
  AgentRuntime.VmSource vms =
      run -> {
        throw new AssertionError("this run needs no VM");
      };
  BiFunction<String, Usage, Optional<Money>> prices = (model, usage) -> Optional.empty();
  Journal.Boundaries boundaries = Journal.Boundaries.NONE;

  World(Path folder) {
    backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("backbone"), 0, Backbone.Durability.CRASH),
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system());
  }

  /** System time, moved ahead by what has been waited for. */
  Instant now() {
    return Instant.now().plus(ahead.get());
  }

  AgentRuntime runtime() {
    return new AgentRuntime(
        new RuntimeParts(
            backbone,
            new Gate() {
              @Override
              public Verdict decide(Action action) {
                gated.add(action);
                return gate.decide(action);
              }

              @Override
              public JsonNode configuration() {
                return gate.configuration();
              }
            },
            event -> audit.record(event),
            id -> java.util.Objects.requireNonNull(models.get(id), id),
            run -> {
              vmsStarted.incrementAndGet();
              return vms.vm(run);
            },
            this::now,
            (model, usage) -> prices.apply(model, usage),
            new Retry(
                4,
                Duration.ofMinutes(5),
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                time -> {
                  waits.add(time);
                  ahead.updateAndGet(a -> a.plus(time));
                }),
            new Journal.Boundaries() {
              @Override
              public void before(AgentId agent, List<ObjectNode> events) {
                boundaries.before(agent, events);
              }

              @Override
              public void after(StateEntry entry) {
                boundaries.after(entry);
              }
            }));
  }

  /** A new run of this model, created. */
  RunId create(AgentRuntime runtime, ModelClient model, Limits limits) {
    RunId run = new RunId("rtest%05d".formatted(RUNS.incrementAndGet()));
    String id = "script:" + run;
    models.put(id, model);
    runtime.create(
        new RunRequest(run, TenantId.LOCAL, "What is asked?", id, limits, Json.object()));
    return run;
  }

  RunId create(AgentRuntime runtime, ModelClient model) {
    return create(runtime, model, AMPLE);
  }

  void replaceModel(RunId run, ModelClient model) {
    models.put("script:" + run, model);
  }

  static AgentDefinition definition(List<Tool> tools, List<String> builtIns) {
    return new AgentDefinition(
        "tester", "tests", "Do it.", tools, builtIns, List.of(), AgentDefinition.Policy.NONE);
  }

  /** All recorded events of one agent. */
  List<ObjectNode> events(AgentId agent) {
    List<ObjectNode> out = new ArrayList<>();
    backbone.state().read(agent).forEach(e -> out.addAll(e.events()));
    return out;
  }

  List<ObjectNode> events(AgentId agent, String kind) {
    return events(agent).stream().filter(e -> e.path("kind").asText().equals(kind)).toList();
  }

  AgentState state(AgentId agent) {
    AgentState state = new AgentState();
    backbone.state().read(agent).forEach(state::apply);
    return state;
  }

  /** A tool of the host that counts how often each of its actions was done. */
  static final class Counting implements Tool {
    final Map<String, Integer> done = new ConcurrentHashMap<>();
    private final String name;
    private final ReplayClass replay;
    private final BiFunction<ToolContext, ObjectNode, ToolOutput> body;

    Counting(String name, ReplayClass replay) {
      this(name, replay, (context, arguments) -> ToolOutput.of(name + " done"));
    }

    Counting(
        String name, ReplayClass replay, BiFunction<ToolContext, ObjectNode, ToolOutput> body) {
      this.name = name;
      this.replay = replay;
      this.body = body;
    }

    @Override
    public ToolSpec spec() {
      ObjectNode schema =
          Json.parseObject(
              "{\"type\":\"object\",\"properties\":{\"amount\":{\"type\":\"integer\",\"minimum\":1}}}");
      return new ToolSpec(name, "does " + name, schema);
    }

    @Override
    public ReplayClass replay() {
      return replay;
    }

    @Override
    public ToolOutput call(ToolContext context, ObjectNode arguments) {
      done.merge(context.actionId(), 1, Integer::sum);
      return body.apply(context, arguments);
    }
  }

  @Override
  public void close() {
    backbone.close();
  }
}
