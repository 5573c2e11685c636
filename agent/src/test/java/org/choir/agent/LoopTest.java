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
import java.util.List;
import java.util.Optional;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
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
