package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.named;
import static org.choir.agent.Script.plan;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.choir.backbone.FencedException;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.Verdict;
import org.choir.model.Message;
import org.choir.model.ToolCall;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop against a real nats-server, with tools of the host: no VM is started. */
class LoopTest {
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
    world.gate = new PlainGate(java.util.Set.of("charge", "mail"));
    world.prices = (model, usage) -> Optional.empty();
    world.waits.clear();
    world.audited.clear();
    runtime = world.runtime();
  }

  private static final World.Counting LOOK = new World.Counting("look", ReplayClass.READ_ONLY);

  @Test
  void recordsEachStepAsIntentThenResultAndNeverStartsAVm() {
    Script model = Script.of(call(plan("look")), call(tool("look")), say("All done."));
    RunId run = world.create(runtime, model);
    int vms = world.vmsStarted.get();

    RunState end =
        runtime.run(
            run, World.definition(List.of(LOOK), List.of("write_todos", "read_file")), null);

    assertThat(end).isEqualTo(RunState.COMPLETED);
    assertThat(world.vmsStarted).hasValue(vms);
    List<List<String>> kinds =
        world.backbone.state().read(run.lead()).stream()
            .map(e -> e.events().stream().map(v -> v.path("kind").asText()).toList())
            .toList();
    assertThat(kinds)
        .containsExactly(
            List.of("run_started", "state"),
            List.of("agent_started", "state"),
            List.of("answered", "intended"),
            List.of("observed", "todos"),
            List.of("answered", "state", "intended"),
            List.of("observed"),
            List.of("answered", "state"));
    ObjectNode intent = world.events(run.lead(), "intended").getLast();
    assertThat(intent.path("action").asText()).isEqualTo(run + ":2:1");
    assertThat(intent.path("verdict").asText()).isEqualTo("ALLOW");
    assertThat(intent.path("digest").asText()).hasSize(64);
    assertThat(world.audited)
        .extracting(a -> a.kind())
        .containsSubsequence("run.created", "run.state", "action.decided", "action.decided");

    RunStatus status = runtime.state(run);
    assertThat(status.state()).isEqualTo(RunState.COMPLETED);
    assertThat(status.steps()).isEqualTo(3);
    assertThat(status.usage().total()).isEqualTo(330);
    assertThat(status.todos()).hasSize(1);
    assertThat(status.definition()).isEqualTo("tester");
  }

  @Test
  void answersBadCallsWithAnObservationAndNeverExecutesThem() {
    World.Counting charge = new World.Counting("charge", ReplayClass.KEYED);
    Script model =
        Script.of(
            call(
                named("a", tool("nothing")),
                named("b", tool("execute", "command", "true")),
                new ToolCall("c", "charge", "{\"amount\":"),
                named("d", tool("charge", "amount", 0)),
                new ToolCall("e", "charge", "{\"amount\":1.5}"),
                named("f", tool("charge", "amount", 3)),
                new ToolCall("g", "charge", "{\"amount\":2,\"x\":\"\\ud800\"}")),
            say("done"));
    RunId run = world.create(runtime, model);

    assertThat(runtime.run(run, World.definition(List.of(charge), List.of()), null))
        .isEqualTo(RunState.COMPLETED);

    List<Message.ToolResult> results = model.results();
    assertThat(results)
        .extracting(Message.ToolResult::callId)
        .containsExactly("a", "b", "c", "d", "e", "f", "g");
    assertThat(results)
        .extracting(Message.ToolResult::failed)
        .containsExactly(true, true, true, true, true, false, true);
    assertThat(results.get(0).text()).contains("no tool 'nothing'", "charge");
    assertThat(results.get(2).text()).contains("not one JSON object");
    assertThat(results.get(3).text()).contains("at least 1");
    assertThat(charge.done).containsOnlyKeys(run + ":1:6");
    assertThat(world.events(run.lead(), "intended"))
        .extracting(e -> e.path("rule").asText())
        .containsExactly(
            "choir/unknown-tool",
            "choir/unknown-tool",
            "choir/arguments",
            "choir/arguments",
            "choir/arguments",
            "plain/permitted",
            "choir/arguments");
    // What a provider would refuse is patched in what it is shown.
    Message.Assistant shown = (Message.Assistant) model.asked.getLast().messages().get(1);
    assertThat(shown.calls().get(2).arguments()).isEqualTo("{}");
  }

  @Test
  void refusesTwoPlansInOneAnswer() {
    Script model = Script.of(call(plan("a"), plan("b")), say("done"));
    RunId run = world.create(runtime, model);
    runtime.run(run, World.definition(List.of(), List.of("write_todos")), null);
    assertThat(model.results()).allMatch(Message.ToolResult::failed);
    assertThat(world.events(run.lead(), "todos")).isEmpty();
  }

  @Test
  void turnsAToolsFailureIntoAnObservation() {
    World.Counting broken =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              if (context.actionId().endsWith(":1:1")) {
                throw ChoirException.fatal("gone", "the thing is gone", "take another");
              }
              throw new IllegalStateException("a bug");
            });
    Script model = Script.of(call(tool("look"), tool("look")), say("done"));
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, World.definition(List.of(broken), List.of()), null))
        .isEqualTo(RunState.COMPLETED);
    assertThat(model.results().get(0).text()).contains("gone: the thing is gone", "take another");
    assertThat(model.results().get(1).text()).startsWith("tool_broken").doesNotContain("a bug");
  }

  @Test
  void doesNotDoWhatTheGateDenies() {
    World.Counting wire = new World.Counting("wire", ReplayClass.KEYED);
    Script model = Script.of(call(tool("wire")), say("done"));
    RunId run = world.create(runtime, model);
    runtime.run(run, World.definition(List.of(wire), List.of()), null);
    assertThat(wire.done).isEmpty();
    assertThat(model.results().getFirst().text()).contains("plain/unknown");
    assertThat(world.events(run.lead(), "intended").getFirst().path("verdict").asText())
        .isEqualTo("DENY");
  }

  @Test
  void waitsForApprovalAndGoesOnAfterIt() {
    World.Counting charge = new World.Counting("charge", ReplayClass.ASK);
    world.gate =
        action ->
            action.operation().equals("charge")
                ? new Verdict.Hold("limit", "more than usual")
                : new Verdict.Allow("ok");
    Script model =
        Script.of(
            call(tool("look"), tool("charge", "amount", 7), tool("charge", "amount", 8)),
            say("done"));
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(charge, LOOK), List.of());

    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(charge.done).isEmpty();
    assertThat(runtime.state(run).waiting())
        .extracting(RunStatus.Waiting::action)
        .containsExactly(run + ":1:2", run + ":1:3");
    assertThat(world.events(run.lead(), "observed")).hasSize(1);

    runtime.tell(run, decision("deny", run + ":1:3").put("reason", "too much"));
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.WAITING_APPROVAL);
    runtime.tell(run, decision("approve", run + ":1:2"));
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);

    assertThat(charge.done).containsExactly(java.util.Map.entry(run + ":1:2", 1));
    assertThat(model.results())
        .extracting(Message.ToolResult::text)
        .satisfiesExactly(
            text -> assertThat(text).isEqualTo("look done"),
            text -> assertThat(text).isEqualTo("charge done"),
            text -> assertThat(text).contains("refused", "too much"));
  }

  private static ObjectNode decision(String kind, String action) {
    return Json.object().put("kind", kind).put("action", action).put("by", "tester");
  }

  @Test
  void asksAPersonWhenNobodyKnowsWhetherAnActionWasDone() {
    AtomicInteger crashes = new AtomicInteger();
    World.Counting mail =
        new World.Counting(
            "mail",
            ReplayClass.ASK,
            (context, arguments) -> {
              if (crashes.incrementAndGet() <= 2) {
                throw new Crash();
              }
              return ToolOutput.of("sent");
            });
    Script model = Script.of(call(tool("mail")), say("done"));
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(mail), List.of());

    assertThatThrownBy(() -> runtime.run(run, definition, null)).isInstanceOf(Crash.class);
    assertThat(runtime.state(run).state()).isEqualTo(RunState.PAUSED);
    assertThat(runtime.state(run).reason()).isEqualTo("interrupted");
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.NEEDS_DECISION);
    assertThat(mail.done).containsEntry(run + ":1:1", 1);

    runtime.tell(run, decision("approve", run + ":1:1"));
    assertThatThrownBy(() -> runtime.run(run, definition, null)).isInstanceOf(Crash.class);
    // The approval was for one attempt, and that attempt may have happened.
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.NEEDS_DECISION);
    assertThat(mail.done).containsEntry(run + ":1:1", 2);

    runtime.tell(run, decision("deny", run + ":1:1").put("reason", "it arrived"));
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    assertThat(mail.done).containsEntry(run + ":1:1", 2);
    assertThat(model.results().getFirst().text()).contains("it arrived");
  }

  /** As a kill would, it leaves nothing recorded. */
  static final class Crash extends Error {}

  @Test
  void redoesAKeyedCallWithTheSameKeyAndAsksNoRecordedAnswerAgain() {
    AtomicInteger crashes = new AtomicInteger();
    World.Counting charge =
        new World.Counting(
            "charge",
            ReplayClass.KEYED,
            (context, arguments) -> {
              if (crashes.incrementAndGet() == 1) {
                throw new Crash();
              }
              return ToolOutput.of("charged");
            });
    Script model = Script.of(call(tool("charge")), say("done"));
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(charge), List.of());
    assertThatThrownBy(() -> runtime.run(run, definition, null)).isInstanceOf(Crash.class);
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    assertThat(charge.done).containsExactly(java.util.Map.entry(run + ":1:1", 2));
    assertThat(model.asked).hasSize(2);
  }

  @Test
  void stopsAtEachLimitAndGoesOnWithALargerOne() {
    Script model = Script.of(call(tool("look")), call(tool("look")), say("done"));
    AgentDefinition definition = World.definition(List.of(LOOK), List.of());
    world.prices = (id, usage) -> Optional.of(new Money(usage.total(), Currency.USD));
    Limits[] small = {
      new Limits(1, Duration.ofHours(1), Optional.empty(), Optional.empty()),
      new Limits(9, Duration.ofHours(1), Optional.of(110L), Optional.empty()),
      new Limits(
          9, Duration.ofHours(1), Optional.empty(), Optional.of(new Money(110, Currency.USD)))
    };
    String[] reasons = {"steps", "tokens", "money"};
    for (int i = 0; i < small.length; i++) {
      RunId run = world.create(runtime, model, small[i]);
      assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.BUDGET_EXHAUSTED);
      assertThat(runtime.state(run).reason()).isEqualTo(reasons[i]);
      assertThat(runtime.state(run).steps()).isEqualTo(1);
      assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.BUDGET_EXHAUSTED);
      assertThat(runtime.run(run, definition, World.AMPLE)).isEqualTo(RunState.COMPLETED);
      assertThat(runtime.state(run).steps()).isEqualTo(3);
    }
  }

  @Test
  void countsRunningTimeOnlyAndStopsWhenItIsOver() {
    World.Counting slow =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              world.ahead.updateAndGet(a -> a.plusSeconds(40));
              return ToolOutput.of("looked");
            });
    Script model = Script.of(call(tool("look")), call(tool("look")), say("done"));
    Limits minute = new Limits(9, Duration.ofMinutes(1), Optional.empty(), Optional.empty());
    RunId run = world.create(runtime, model, minute);
    world.ahead.updateAndGet(a -> a.plusSeconds(500)); // before the run starts
    assertThat(runtime.run(run, World.definition(List.of(slow), List.of()), null))
        .isEqualTo(RunState.BUDGET_EXHAUSTED);
    assertThat(runtime.state(run).reason()).isEqualTo("time");
    assertThat(slow.done).hasSize(2);
  }

  @Test
  void refusesALimitInMoneyForAModelWithoutAPrice() {
    Limits dollar =
        new Limits(
            9, Duration.ofHours(1), Optional.empty(), Optional.of(new Money(1, Currency.USD)));
    assertThatThrownBy(() -> world.create(runtime, Script.of(say("x")), dollar))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("unpriced_model"));
    // A program that is no language model costs nothing.
    RunId free = world.create(runtime, new Script(r -> say("x"), false), dollar);
    assertThat(runtime.run(free, World.definition(List.of(), List.of()), null))
        .isEqualTo(RunState.COMPLETED);
    assertThat(runtime.state(free).cost()).contains(Money.zero(Currency.USD));
  }

  @Test
  void pausesBetweenStepsTakesNotesAndCanBeCancelled() {
    World.Counting look =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              if (context.actionId().endsWith(":1:1")) {
                runtime.tell(
                    context.agent().run(),
                    Json.object().put("kind", "note").put("text", "be brief"));
                runtime.tell(context.agent().run(), Json.object().put("kind", "pause"));
              }
              return ToolOutput.of("looked");
            });
    Script model =
        Script.of(call(tool("look")), call(tool("look")), call(tool("look")), say("done"));
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(look), List.of());

    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.PAUSED);
    assertThat(runtime.state(run).reason()).isEqualTo("user");
    assertThat(look.done).hasSize(1);
    runtime.tell(run, Json.object().put("kind", "note").put("text", "and kind"));

    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    assertThat(model.asked.get(1).messages())
        .contains(new Message.User("be brief"), new Message.User("and kind"));

    RunId second = world.create(runtime, Script.of(call(tool("look")), say("done")));
    runtime.tell(second, Json.object().put("kind", "cancel"));
    assertThat(runtime.run(second, definition, null)).isEqualTo(RunState.CANCELLED);
    assertThat(world.events(second.lead(), "answered")).isEmpty();
  }

  @Test
  void hearsControlMessagesOfOthers() {
    World.Counting look =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              world
                  .backbone
                  .control()
                  .send(context.tenant(), context.agent(), Json.object().put("kind", "cancel"));
              return ToolOutput.of("looked");
            });
    Script model = new Script(request -> call(tool("look")));
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, World.definition(List.of(look), List.of()), null))
        .isEqualTo(RunState.CANCELLED);
  }

  @Test
  void recordsAnInterruptAsAPauseAndGoesOnLater() throws InterruptedException {
    CountDownLatch inside = new CountDownLatch(1);
    World.Counting look =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              if (inside.getCount() > 0) {
                inside.countDown();
                try {
                  new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                  throw ChoirException.retryable("cut", "the call was cut", "", e);
                }
              }
              return ToolOutput.of("looked");
            });
    Script model = Script.of(call(tool("look")), say("done"));
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(look), List.of());
    AtomicReference<RunState> end = new AtomicReference<>();
    Thread thread = Thread.ofVirtual().start(() -> end.set(runtime.run(run, definition, null)));
    assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> runtime.run(run, definition, null))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("run_is_live"));
    thread.interrupt();
    assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
    assertThat(end).hasValue(RunState.PAUSED);
    assertThat(runtime.state(run).reason()).isEqualTo("interrupted");
    assertThat(world.events(run.lead(), "observed")).isEmpty();
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void stopsSilentlyWhenAnotherProcessHasTakenTheRunOver() {
    World.Counting look =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              // A successor takes over while this one is in the middle of its call.
              Script other = Script.of(call(tool("look")), say("by the successor"));
              world.replaceModel(context.agent().run(), other);
              World.Counting quiet = new World.Counting("look", ReplayClass.READ_ONLY);
              world
                  .runtime()
                  .run(context.agent().run(), World.definition(List.of(quiet), List.of()), null);
              return ToolOutput.of("looked");
            });
    Script model = Script.of(call(tool("look")), call(tool("look")), say("by the zombie"));
    RunId run = world.create(runtime, model);
    assertThatThrownBy(() -> runtime.run(run, World.definition(List.of(look), List.of()), null))
        .isInstanceOf(FencedException.class);
    assertThat(model.asked).hasSize(1);
    assertThat(world.state(run.lead()).result()).isEqualTo("by the successor");
    assertThat(runtime.state(run).state()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void sendsAModelBackToWorkAtMostThreeTimesInARow() {
    AgentDefinition.Policy never =
        new AgentDefinition.Policy() {
          @Override
          public Optional<String> unfinished(ToolContext context) {
            return Optional.of("The report is missing.");
          }
        };
    AgentDefinition definition =
        new AgentDefinition("t", "t", "Do.", List.of(LOOK), List.of(), List.of(), never);
    Script model = new Script(request -> say("I am done."));
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.FAILED);
    assertThat(model.asked).hasSize(4);
    assertThat(runtime.state(run).message()).contains("The report is missing.");
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.FAILED);
    assertThat(model.asked).hasSize(4);
  }

  @Test
  void recordsTheStageAPolicyNames() {
    AgentDefinition.Policy policy =
        new AgentDefinition.Policy() {
          @Override
          public Optional<String> stageOf(String tool, ObjectNode arguments, ToolContext context) {
            return Optional.of(tool.equals("look") ? "search" : "plan");
          }
        };
    AgentDefinition definition =
        new AgentDefinition(
            "t", "t", "Do.", List.of(LOOK), List.of("write_todos"), List.of(), policy);
    Script model = Script.of(call(plan("a")), call(tool("look"), tool("look")), say("done"));
    RunId run = world.create(runtime, model);
    runtime.run(run, definition, null);
    assertThat(world.events(run.lead(), "stage"))
        .extracting(e -> e.path("stage").asText())
        .containsExactly("plan", "search");
    assertThat(runtime.state(run).stage()).isEqualTo("search");
  }

  @Test
  void refusesASecondRunOfTheSameId() {
    Script model = Script.of(say("x"));
    RunId run = world.create(runtime, model);
    assertThatThrownBy(
            () ->
                runtime.create(
                    new RunRequest(
                        run,
                        org.choir.core.TenantId.LOCAL,
                        "q",
                        "script:" + run,
                        World.AMPLE,
                        Json.object())))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("run_exists"));
    assertThatThrownBy(() -> runtime.state(new RunId("rmissing1")))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_such_run"));
    assertThat(new AgentId("rmissing1").isSubagent()).isFalse();
  }
}
