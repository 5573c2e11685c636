package org.choir.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.choir.agent.AgentDefinition;
import org.choir.agent.AgentRuntime;
import org.choir.agent.Limits;
import org.choir.agent.PlainGate;
import org.choir.agent.RunRequest;
import org.choir.agent.RunState;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.backbone.Backbone;
import org.choir.backbone.StateEntry;
import org.choir.core.AgentId;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.FileDataKeys;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelClient;
import org.choir.model.ModelEvent;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;
import org.choir.model.ToolSpec;

/**
 * Steps per second of the loop with an instant model and an instant tool, every boundary recorded
 * in a real stream. The yardstick is the stream itself: bare appends of the same size, two of which
 * a step needs.
 */
final class StepsBench implements Benches.Bench {
  private static final TenantId TENANT = TenantId.LOCAL;

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws InterruptedException {
    List<Figure> figures = new ArrayList<>();
    for (Backbone.Durability durability : Backbone.Durability.values()) {
      String mode = durability.name().toLowerCase(Locale.ROOT);
      progress.println("steps: durability " + mode);
      DataKeys keys = FileDataKeys.open(scratch.resolve("keys-" + mode));
      Backbone.Options options =
          new Backbone.Options(scratch.resolve("nats-" + mode), 0, durability);
      try (Backbone backbone = Backbone.start(options, keys, InstantSource.system())) {
        AgentRuntime runtime =
            new AgentRuntime(
                backbone,
                new PlainGate(Set.of("count")),
                event -> {},
                id -> new InstantModel(id),
                run -> {
                  throw new IllegalStateException("this run needs no virtual machine");
                },
                InstantSource.system());
        double appends = appends(backbone, 1_000);
        figures.add(
            new Figure(
                "steps",
                "yardstick: bare appends, " + mode,
                "1,000 of 400 bytes",
                rate(appends, "appends"),
                ""));
        runs(runtime, "rwarm" + mode, 1, 50);
        for (int steps :
            durability == Backbone.Durability.CRASH ? new int[] {50, 200, 1_000} : new int[] {50}) {
          double rate = runs(runtime, "rone" + mode + steps, 1, steps);
          figures.add(
              new Figure(
                  "steps",
                  "one agent, " + mode,
                  steps + " steps",
                  rate(rate, "steps"),
                  share(rate, appends)));
        }
        double many = runs(runtime, "rmany" + mode, 100, 50);
        figures.add(
            new Figure(
                "steps",
                "100 agents, " + mode,
                "50 steps each",
                rate(many, "steps"),
                share(many, appends)));
      }
    }
    return figures;
  }

  private static double appends(Backbone backbone, int count) {
    AgentId agent = new RunId("ryardstick").lead();
    StateEntry last = null;
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      ObjectNode event = Json.object().put("kind", "note").put("text", "x".repeat(400));
      last = backbone.state().append(TENANT, agent, 1, last, List.of(event));
    }
    return count / IndexBench.seconds(start);
  }

  private static double runs(AgentRuntime runtime, String prefix, int agents, int steps)
      throws InterruptedException {
    Limits limits =
        new Limits(steps + 10, Duration.ofMinutes(10), Optional.empty(), Optional.empty());
    AgentDefinition definition =
        new AgentDefinition(
            "bench",
            "",
            "Count.",
            List.of(new InstantTool()),
            List.of(),
            List.of(),
            AgentDefinition.Policy.NONE);
    List<RunId> ids = new ArrayList<>();
    for (int i = 0; i < agents; i++) {
      RunId id = new RunId(prefix + (1_000 + i));
      runtime.create(
          new RunRequest(
              id, TENANT, "count to " + steps, "instant:" + steps, limits, Json.object()));
      ids.add(id);
    }
    long start = System.nanoTime();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<RunState>> ends =
          ids.stream().map(id -> threads.submit(() -> runtime.run(id, definition, null))).toList();
      for (Future<RunState> end : ends) {
        if (end.get() != RunState.COMPLETED) {
          throw new IllegalStateException("a run of the benchmark ended as " + end.get());
        }
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a run of the benchmark failed", e);
    }
    return agents * steps / IndexBench.seconds(start);
  }

  private static String rate(double perSecond, String what) {
    return String.format(Locale.ROOT, "%,.0f %s/s", perSecond, what);
  }

  private static String share(double steps, double appends) {
    return String.format(
        Locale.ROOT,
        "%.2f of the %,.0f steps/s that bare appends allow",
        steps / (appends / 2),
        appends / 2);
  }

  private record InstantModel(String id) implements ModelClient {
    @Override
    public boolean isLanguageModel() {
      return false;
    }

    @Override
    public int contextTokens() {
      return Integer.MAX_VALUE;
    }

    @Override
    public ModelAnswer ask(ModelRequest request, Consumer<ModelEvent> events) {
      int steps = Integer.parseInt(id.substring(id.indexOf(':') + 1));
      long done = request.messages().stream().filter(m -> m instanceof Message.Assistant).count();
      List<ToolCall> calls =
          done < steps
              ? List.of(new ToolCall("c" + done, "count", "{\"n\":" + done + "}"))
              : List.of();
      ModelAnswer answer =
          new ModelAnswer(
              "step " + done,
              calls,
              ModelAnswer.Usage.NONE,
              calls.isEmpty() ? ModelAnswer.Stop.END : ModelAnswer.Stop.TOOLS);
      events.accept(new ModelEvent.Answered(answer));
      return answer;
    }
  }

  private static final class InstantTool implements Tool {
    @Override
    public ToolSpec spec() {
      ObjectNode schema =
          Json.parseObject(
              "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}");
      return new ToolSpec("count", "Counts.", schema);
    }

    @Override
    public ReplayClass replay() {
      return ReplayClass.READ_ONLY;
    }

    @Override
    public ToolOutput call(ToolContext context, ObjectNode arguments) {
      return ToolOutput.of("counted " + arguments.path("n").asInt());
    }
  }
}
