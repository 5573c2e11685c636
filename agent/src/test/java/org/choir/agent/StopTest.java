package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.agent.Script.call;
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
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.Verdict;
import org.choir.model.Message;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How runs stop, who may stop them, and that they go on from there. */
class StopTest {
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
}
