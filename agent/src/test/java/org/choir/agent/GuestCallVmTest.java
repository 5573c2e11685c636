package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.sandbox.Egress;
import org.choir.sandbox.EgressLimits;
import org.choir.sandbox.EgressLog;
import org.choir.sandbox.EgressNetwork;
import org.choir.sandbox.GuestCalls;
import org.choir.sandbox.Outside;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A command of the agent in a real VM that asks the host and tries the network. */
class GuestCallVmTest {
  @TempDir static Path folder;
  private static World world;
  private static Machine machine;
  private static AgentRuntime runtime;
  private static volatile RunId current = new RunId("rnone00");

  @BeforeAll
  static void start() {
    world = new World(folder);
    runtime = world.runtime();
    EgressLog log =
        dial ->
            runtime.dialed(
                current, Json.object().put("host", dial.host()).put("verdict", dial.verdict()));
    Egress egress =
        new Egress(
            List.of(), EgressLimits.DEFAULT, EgressNetwork.system(), log, InstantSource.system());
    machine = new Machine(new Outside(egress, vm -> calls()));
    world.vms = run -> machine.vm();
  }

  @AfterAll
  static void stop() {
    machine.close();
    world.close();
  }

  private static GuestCalls calls() {
    return GuestCalls.of(
        List.of(
            new GuestCalls.Operation(
                "kb.search",
                Map.of("query", new GuestCalls.Field.OfText(true, 100)),
                Duration.ofSeconds(30),
                (caller, arguments) ->
                    Json.parseObject(
                        runtime
                            .call(
                                current,
                                caller.uid(),
                                "kb.search",
                                arguments,
                                UnaryOperator.identity())
                            .text()))));
  }

  @Test
  void whatACommandAskedForIsRecordedBeforeTheModelIsAskedAgain() {
    Tool search =
        new World.Counting(
            "kb.search",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              // The run's own file, read by the host while the command is running.
              byte[] file = context.workspace().read("/workspace/drafts/note", 0, 100);
              return ToolOutput.of(
                  Json.write(
                      Json.object()
                          .put(
                              "text",
                              "found "
                                  + new String(file, java.nio.charset.StandardCharsets.UTF_8))),
                  List.of(Json.object().put("kind", "evidence").put("key", "s1")));
            });
    AgentDefinition plain = World.definition(List.of(), List.of("execute"));
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
    Script model =
        new Script(
            r ->
                Script.answered(r) == 0
                    ? call(
                        tool(
                            "execute",
                            "command",
                            "echo mine > drafts/note; choir kb search x;"
                                + " curl -s -o /dev/null -w '%{http_code}' http://a.example/"))
                    : say("done"));
    RunId run = world.create(runtime, model);
    current = run;
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    assertThat(Script.results(model.asked.getLast()).getFirst().text())
        .startsWith("found mine\n403");
    List<ObjectNode> events = world.events(run.lead());
    List<String> kinds = events.stream().map(e -> e.path("kind").asText()).toList();
    assertThat(kinds).contains("guest_call", "evidence", "egress");
    assertThat(kinds.indexOf("evidence")).isLessThan(kinds.lastIndexOf("answered"));
    assertThat(world.events(run.lead(), "egress").getFirst().path("dials").get(0).path("host"))
        .hasToString("\"a.example\"");
  }
}
