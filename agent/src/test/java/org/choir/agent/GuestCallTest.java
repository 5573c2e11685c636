package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.Verdict;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a program in a run's VM asks of the host, while the command that runs it is being executed:
 * a tool of the test's stands for that command.
 */
class GuestCallTest {
  @TempDir static Path folder;
  private static World world;

  private final List<String> answers = new ArrayList<>();
  private AgentRuntime runtime;
  private RunId run = new RunId("rnone00");

  @BeforeAll
  static void open() {
    world = new World(folder);
  }

  @AfterAll
  static void close() {
    world.close();
  }

  @BeforeEach
  void fresh() {
    world.gate = new PlainGate(Set.of());
    world.gated.clear();
    world.audited.clear();
    runtime = world.runtime();
  }

  /** A run whose one command asks the host like this. */
  private void run(Script script, BiFunction<ToolContext, ObjectNode, ToolOutput> command) {
    World.Counting search =
        new World.Counting(
            "kb.search",
            ReplayClass.READ_ONLY,
            (context, arguments) ->
                ToolOutput.of(
                    "{\"text\":\"seen " + context.recorded("evidence").size() + "\"}",
                    List.of(Json.object().put("kind", "evidence").put("key", "s1"))));
    AgentDefinition plain =
        World.definition(
            List.of(new World.Counting("command", ReplayClass.READ_ONLY, command)), List.of());
    AgentDefinition definition =
        new AgentDefinition(
            plain.name(),
            plain.description(),
            plain.instructions(),
            plain.tools(),
            plain.builtIns(),
            List.of(),
            plain.policy(),
            List.of(search));
    run = world.create(runtime, script);
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
  }

  private ToolOutput asking(String operation, ObjectNode arguments) {
    try {
      answers.add(runtime.call(run, 1000, operation, arguments, UnaryOperator.identity()).text());
    } catch (ChoirException e) {
      answers.add(e.code());
    }
    return ToolOutput.of("done");
  }

  private static Script oneCommand() {
    return new Script(
        request ->
            request.tools().isEmpty()
                ? Script.say("a short text")
                : Script.answered(request) == 0
                    ? Script.call(Script.tool("command"))
                    : Script.say("finished"));
  }

  private List<ObjectNode> events(String kind) {
    return world.events(run.lead(), kind);
  }

  @Test
  void aCallPassesTheGateAndIsAuditedAndRecorded() {
    run(oneCommand(), (context, arguments) -> asking("kb.search", Json.object().put("amount", 3)));
    assertThat(answers).containsExactly("{\"text\":\"seen 0\"}");
    assertThat(world.gated)
        .anySatisfy(action -> assertThat(action.operation()).isEqualTo("guest.kb.search"));
    assertThat(world.audited)
        .anySatisfy(
            event -> {
              assertThat(event.kind()).isEqualTo("action.decided");
              assertThat(event.data().path("operation").asText()).isEqualTo("guest.kb.search");
              assertThat(event.data().path("verdict").asText()).isEqualTo("ALLOW");
            });
    assertThat(events("evidence")).hasSize(1);
    assertThat(events("guest_call"))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.path("operation").asText()).isEqualTo("guest.kb.search");
              assertThat(event.path("agent").asText()).isEqualTo(run.value());
              assertThat(event.path("failed").asBoolean()).isFalse();
            });
  }

  @Test
  void whatOneCallBroughtTheNextOneOfTheSameCommandKnows() {
    run(
        oneCommand(),
        (context, arguments) -> {
          asking("kb.search", Json.object());
          return asking("kb.search", Json.object());
        });
    assertThat(answers).containsExactly("{\"text\":\"seen 0\"}", "{\"text\":\"seen 1\"}");
  }

  @Test
  void aCallThatTheGateDeniesIsNotDoneAndRecordedAsSuch() {
    world.gate =
        action ->
            action.operation().startsWith("guest.")
                ? new Verdict.Deny("test/no", "never")
                : new Verdict.Allow("test/yes");
    run(oneCommand(), (context, arguments) -> asking("kb.search", Json.object()));
    assertThat(answers).containsExactly("denied");
    assertThat(events("evidence")).isEmpty();
    assertThat(events("guest_call").getFirst().path("verdict").asText()).isEqualTo("DENY");
  }

  @Test
  void wrongArgumentsAndUnknownOperationsAreRefused() {
    run(
        oneCommand(),
        (context, arguments) -> {
          asking("kb.search", Json.object().put("amount", 0));
          return asking("submit_report", Json.object());
        });
    assertThat(answers).containsExactly("bad_request", "unknown_operation");
  }

  @Test
  void theModelIsNotAskedUnlessThatIsPermitted() {
    run(oneCommand(), (context, arguments) -> asking("model", Json.object().put("prompt", "hi")));
    assertThat(answers).containsExactly("denied");
    assertThat(events("model_asked")).isEmpty();
  }

  @Test
  void aPermittedModelAnswersFromTheRunsBudgetAndIsRecorded() {
    world.gate = new PlainGate(Set.of("guest.model"));
    run(
        oneCommand(),
        (context, arguments) -> {
          ToolOutput out = asking("model", Json.object().put("prompt", "Say something short."));
          asking("model", Json.object().put("prompt", " "));
          return out;
        });
    assertThat(answers).containsExactly("{\"text\":\"a short text\"}", "bad_request");
    ObjectNode asked = events("model_asked").getFirst();
    assertThat(asked.path("text").asText()).isEqualTo("a short text");
    // Two answers of the loop and this one, 110 tokens each; read anew from what is recorded too.
    assertThat(runtime.state(run).usage().total()).isEqualTo(330);
    assertThat(world.runtime().state(run).usage().total()).isEqualTo(330);
    assertThat(runtime.state(run).steps()).isEqualTo(2);
  }

  @Test
  void anExhaustedBudgetRefusesTheModel() {
    world.gate = new PlainGate(Set.of("guest.model"));
    run =
        world.create(
            runtime,
            oneCommand(),
            new Limits(1, Duration.ofHours(1), Optional.empty(), Optional.empty()));
    AgentDefinition definition =
        World.definition(
            List.of(
                new World.Counting(
                    "command",
                    ReplayClass.READ_ONLY,
                    (context, arguments) -> asking("model", Json.object().put("prompt", "hi")))),
            List.of());
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.BUDGET_EXHAUSTED);
    assertThat(answers).containsExactly("budget_exhausted");
  }

  @Test
  void aRunThatIsNotGoingOnAnswersNothing() {
    run(oneCommand(), (context, arguments) -> ToolOutput.of("done"));
    assertThatThrownBy(
            () -> runtime.call(run, 1000, "kb.search", Json.object(), UnaryOperator.identity()))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("not_available"));
    runtime.dialed(run, Json.object());
  }

  @Test
  void connectionsOutOfTheVmAreCountedIntoTheHistory() {
    run(
        oneCommand(),
        (context, arguments) -> {
          for (int i = 0; i < 1_000; i++) {
            runtime.dialed(
                run,
                Json.object()
                    .put("host", "h" + Math.min(i, 60) + ".example")
                    .put("verdict", "DENY")
                    .put("sent", 1)
                    .put("received", 2));
          }
          return ToolOutput.of("done");
        });
    ObjectNode egress = events("egress").getFirst();
    assertThat(events("egress")).hasSize(1);
    assertThat(egress.path("dials")).hasSize(50);
    assertThat(egress.path("more").asInt()).isEqualTo(950);
    assertThat(egress.path("dials").get(0).path("count").asInt()).isEqualTo(1);
  }
}
