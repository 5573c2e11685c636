package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.named;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.Verdict;
import org.choir.model.Message;
import org.choir.model.ModelException;
import org.choir.model.ModelRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Subagents: side by side, each with its own history, sharing the run's budget. */
class TaskTest {
  @TempDir static Path folder;
  static World world;
  private AgentRuntime runtime;

  @BeforeAll
  static void start() {
    world = new World(folder);
  }

  @AfterAll
  static void stop() {
    world.close();
  }

  @BeforeEach
  void fresh() {
    world.gate = new PlainGate(java.util.Set.of("charge"));
    runtime = world.runtime();
  }

  private static AgentDefinition lead(Tool... subagentTools) {
    AgentDefinition helper =
        new AgentDefinition(
            "helper",
            "helps",
            "You help.",
            List.of(subagentTools),
            List.of("write_todos"),
            List.of(),
            AgentDefinition.Policy.NONE);
    return new AgentDefinition(
        "leader",
        "leads",
        "You lead.",
        List.of(),
        List.of("task", "write_todos"),
        List.of(helper),
        AgentDefinition.Policy.NONE);
  }

  private static boolean isLead(ModelRequest request) {
    return request.system().startsWith("You lead.");
  }

  private static String task(ModelRequest request) {
    return ((Message.User) request.messages().getFirst()).text();
  }

  private static org.choir.model.ToolCall task(String id, String description) {
    return named(id, tool("task", "description", description, "subagent_type", "helper"));
  }

  @Test
  void runsTheTasksOfOneAnswerSideBySideAndReturnsResultsInCallOrder() {
    CyclicBarrier together = new CyclicBarrier(3);
    World.Counting meet =
        new World.Counting(
            "meet",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              try {
                together.await(20, TimeUnit.SECONDS);
              } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw ChoirException.fatal("alone", "the others did not come", "", e);
              }
              return ToolOutput.of("met");
            });
    Script model =
        new Script(
            r -> {
              if (isLead(r)) {
                return Script.answered(r) == 0
                    ? call(task("x", "one"), task("y", "two"), task("z", "three"))
                    : say("joined");
              }
              return Script.answered(r) == 0
                  ? call(tool("meet"))
                  : Script.answered(r) == 1 && task(r).equals("two")
                      ? call(tool("meet", "amount", 0))
                      : say(task(r) + " " + Script.results(r).getFirst().text());
            });
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, lead(meet), null)).isEqualTo(RunState.COMPLETED);

    List<Message.ToolResult> results =
        model.asked.stream()
            .filter(r -> isLead(r) && Script.answered(r) == 1)
            .map(Script::results)
            .findFirst()
            .orElseThrow();
    assertThat(results).extracting(Message.ToolResult::callId).containsExactly("x", "y", "z");
    assertThat(results)
        .extracting(Message.ToolResult::text)
        .containsExactly("one met", "two met", "three met");
    // Each has its own history; nothing of one is in another's.
    for (int n = 1; n <= 3; n++) {
      AgentState state = world.state(run.lead().subagent(n));
      assertThat(state.definition()).isEqualTo("helper");
      assertThat(state.ended()).isPresent();
      assertThat(state.conversation().messages().getFirst())
          .isEqualTo(new Message.User(List.of("one", "two", "three").get(n - 1)));
    }
    RunStatus status = runtime.state(run);
    assertThat(status.steps()).isEqualTo(model.asked.size());
    assertThat(status.usage().total()).isEqualTo(110L * model.asked.size());
  }

  @Test
  void aFailingSubagentNeverEndsItsSiblings() {
    Script model =
        new Script(
            r -> {
              if (isLead(r)) {
                return Script.answered(r) == 0
                    ? call(
                        task("x", "breaks"),
                        task("y", "works"),
                        named("z", tool("task", "description", "d", "subagent_type", "nobody")))
                    : say("joined");
              }
              if (task(r).equals("breaks")) {
                throw new ModelException(
                    ModelException.Kind.BAD_REQUEST,
                    new Failure("bad_request", "malformed", "", ExitStatus.FAILED, false),
                    null,
                    null);
              }
              return Script.answered(r) < 3 ? call(Script.plan("a")) : say("worked");
            });
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, lead(), null)).isEqualTo(RunState.COMPLETED);
    List<Message.ToolResult> results = Script.results(model.asked.getLast());
    assertThat(results.get(0).failed()).isTrue();
    assertThat(results.get(0).text()).contains("bad_request: malformed");
    assertThat(results.get(1).text()).isEqualTo("worked");
    assertThat(results.get(2).text()).contains("no subagent 'nobody'", "helper");
  }

  @Test
  void theBudgetIsSharedAndAStopKeepsWhatIsFinished() {
    World.Counting look = new World.Counting("look", ReplayClass.READ_ONLY);
    Script model =
        new Script(
            r -> {
              if (isLead(r)) {
                return Script.answered(r) == 0
                    ? call(task("x", "short"), task("y", "long"))
                    : say("joined");
              }
              int enough = task(r).equals("short") ? 1 : 12;
              return Script.answered(r) < enough ? call(tool("look")) : say("finished");
            });
    RunId run =
        world.create(
            runtime, model, new Limits(8, Duration.ofHours(1), Optional.empty(), Optional.empty()));
    assertThat(runtime.run(run, lead(look), null)).isEqualTo(RunState.BUDGET_EXHAUSTED);
    assertThat(runtime.state(run).steps()).isEqualTo(8);
    assertThat(world.events(run.lead(), "observed")).hasSize(1);
    assertThat(runtime.run(run, lead(look), World.AMPLE)).isEqualTo(RunState.COMPLETED);
    // One each for the lead's two, the short one's two, the long one's thirteen.
    assertThat(model.asked).hasSize(17);
    assertThat(look.done.values()).allMatch(times -> times == 1).hasSize(13);
    assertThat(world.backbone.state().read(run.lead().subagent(3))).isEmpty();
  }

  @Test
  void anInterruptStopsAllOfThem() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(2);
    World.Counting hang =
        new World.Counting(
            "hang",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              inside.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                throw ChoirException.retryable("cut", "cut", "", e);
              }
              return ToolOutput.of("never");
            });
    Script model =
        new Script(r -> isLead(r) ? call(task("x", "one"), task("y", "two")) : call(tool("hang")));
    RunId run = world.create(runtime, model);
    AtomicReference<RunState> end = new AtomicReference<>();
    Thread thread = Thread.ofVirtual().start(() -> end.set(runtime.run(run, lead(hang), null)));
    assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
    thread.interrupt();
    assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
    assertThat(end).hasValue(RunState.PAUSED);
    assertThat(world.events(run.lead().subagent(1), "observed")).isEmpty();
  }

  @Test
  void approvalsOfSubagentsAreTakenInAnyOrder() {
    World.Counting charge = new World.Counting("charge", ReplayClass.ASK);
    world.gate =
        action ->
            action.operation().equals("charge")
                ? new Verdict.Hold("limit", "a person decides")
                : new Verdict.Allow("ok");
    Script model =
        new Script(
            r -> {
              if (isLead(r)) {
                return Script.answered(r) == 0
                    ? call(task("x", "one"), task("y", "two"))
                    : say("joined");
              }
              return Script.answered(r) == 0 ? call(tool("charge")) : say("charged");
            });
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, lead(charge), null)).isEqualTo(RunState.WAITING_APPROVAL);
    List<String> waiting =
        runtime.state(run).waiting().stream().map(RunStatus.Waiting::action).toList();
    assertThat(waiting).containsExactly(run + "-1:1:1", run + "-2:1:1");
    for (String action : waiting.reversed()) {
      runtime.tell(run, org.choir.core.Json.object().put("kind", "approve").put("action", action));
    }
    assertThat(runtime.run(run, lead(charge), null)).isEqualTo(RunState.COMPLETED);
    assertThat(charge.done.values()).containsExactly(1, 1);
  }
}
