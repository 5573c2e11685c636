package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.choir.core.AuditEvent;
import org.choir.core.CanonicalJson;
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

/** What a run says to the audit chain, and what happens when nobody listens. */
class AuditTrailTest {
  @TempDir static Path folder;
  private static World world;
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
    world.gate = new PlainGate(Set.of("charge"));
    world.audited.clear();
    world.audit = world.audited::add;
    runtime = world.runtime();
  }

  /** Counts what is told once by its id, as the chain does; is down where the test says so. */
  private static final class Once implements org.choir.core.AuditSink {
    final List<AuditEvent> kept = new ArrayList<>();
    final Set<String> ids = new HashSet<>();
    Predicate<AuditEvent> down = event -> false;

    @Override
    public synchronized void record(AuditEvent event) {
      if (event.id().isEmpty() || !ids.contains(event.id())) {
        if (down.test(event)) {
          throw ChoirException.fatal("log_unavailable", "the disk of the log is full", "");
        }
        ids.add(event.id());
        kept.add(event);
      }
    }

    List<String> kinds() {
      return kept.stream().map(AuditEvent::kind).filter(k -> !k.equals("gate.configured")).toList();
    }
  }

  @Test
  void tellsEveryBoundaryOnceWithItsPlaceInTheHistory() {
    World.Counting charge = new World.Counting("charge", ReplayClass.KEYED);
    Script model = Script.of(call(tool("charge", "amount", 7)), call(tool("nothing")), say("done"));
    RunId run = world.create(runtime, model);
    runtime.run(run, World.definition(List.of(charge), List.of()), null);

    assertThat(world.audited)
        .extracting(AuditEvent::kind)
        .containsExactly(
            "run.created",
            "run.state",
            "run.created", // told again by who takes over: the chain leaves it out
            "run.state",
            "gate.configured",
            "agent.started",
            "run.state",
            "model.called",
            "run.state",
            "action.decided",
            "action.observed",
            "model.called",
            "action.decided",
            "action.observed",
            "model.called",
            "run.state");
    AuditEvent decided =
        world.audited.stream().filter(e -> e.kind().equals("action.decided")).findFirst().get();
    assertThat(decided.data().path("arguments").path("amount").asInt()).isEqualTo(7);
    assertThat(decided.data().path("verdict").asText()).isEqualTo("ALLOW");
    assertThat(decided.data().path("gate").asText())
        .isEqualTo(CanonicalJson.digest(world.gate.configuration()).hex());
    assertThat(decided.template()).matches("tester@[0-9a-f]{12}");
    assertThat(decided.id()).startsWith(run + ":").isEqualTo(run + ":2:3:2");
    AuditEvent denied =
        world.audited.stream()
            .filter(e -> e.data().path("verdict").asText().equals("DENY"))
            .findFirst()
            .get();
    assertThat(denied.data().path("rule").asText()).isEqualTo("choir/unknown-tool");
    assertThat(denied.data().has("gate")).isFalse();
  }

  @Test
  void whatAPersonTellsARunIsAnEventOfTheirs() {
    RunId run = world.create(runtime, Script.of(say("done")));
    runtime.tell(run, Json.object().put("kind", "note").put("text", "look at 2025, too"));
    AuditEvent note = world.audited.getLast();
    assertThat(note.kind()).isEqualTo("note.given");
    assertThat(note.data().path("text").asText()).isEqualTo("look at 2025, too");
    assertThat(note.data().path("by").asText()).startsWith("user:");
  }

  @Test
  void anActionDoesNotHappenWhileTheChainIsDownAndHappensOnceAfterwards() {
    World.Counting charge = new World.Counting("charge", ReplayClass.KEYED);
    Script model = Script.of(call(tool("charge", "amount", 7)), say("done"));
    Once chain = new Once();
    world.audit = chain;
    chain.down = event -> event.kind().equals("action.decided");
    RunId run = world.create(runtime, model);
    AgentDefinition definition = World.definition(List.of(charge), List.of());

    assertThatThrownBy(() -> runtime.run(run, definition, null))
        .isInstanceOf(ChoirException.class)
        .hasMessageContaining("the disk of the log is full");
    assertThat(charge.done).isEmpty();
    assertThat(chain.kinds()).doesNotContain("action.decided");

    chain.down = event -> false;
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    assertThat(charge.done).hasSize(1);
    assertThat(chain.kinds())
        .containsOnlyOnce("run.created", "action.decided", "action.observed", "agent.started");
  }

  @Test
  void aRunThatIsInterruptedAtEveryBoundaryTellsTheSameAsOneThatIsNot() {
    List<String> undisturbed = kindsOfARunStoppedAfter(Integer.MAX_VALUE);
    for (int stop = 1; stop <= 7; stop++) {
      assertThat(kindsOfARunStoppedAfter(stop))
          .as("stopped after event " + stop)
          .isEqualTo(undisturbed);
    }
  }

  /** Without the states, which tell of the interruption itself. */
  private List<String> kindsOfARunStoppedAfter(int events) {
    Once chain = new Once();
    world.audit = chain;
    World.Counting charge = new World.Counting("charge", ReplayClass.KEYED);
    Script model =
        Script.of(
            call(tool("charge", "amount", 7)), call(tool("charge", "amount", 8)), say("done"));
    RunId run = world.create(runtime, model);
    int before = chain.kept.size();
    chain.down = event -> chain.kept.size() - before == events;
    AgentDefinition definition = World.definition(List.of(charge), List.of());
    if (events < Integer.MAX_VALUE) {
      assertThatThrownBy(() -> runtime.run(run, definition, null))
          .isInstanceOf(ChoirException.class);
    }
    chain.down = event -> false;
    assertThat(runtime.run(run, definition, null)).isEqualTo(RunState.COMPLETED);
    return chain.kinds().stream().filter(k -> !k.equals("run.state")).toList();
  }

  @Test
  void settlesWhatAKilledServerCouldNotTell() {
    Once chain = new Once();
    world.audit = chain;
    RunId run = world.create(runtime, Script.of(say("done")));
    chain.down = event -> event.data().path("state").asText().equals("completed");
    AgentDefinition definition = World.definition(List.of(), List.of());
    assertThatThrownBy(() -> runtime.run(run, definition, null)).isInstanceOf(ChoirException.class);
    assertThat(runtime.state(run).state()).isEqualTo(RunState.COMPLETED);

    chain.down = event -> false;
    runtime.settle((tenant, agent) -> agent.equals(run.lead()));
    assertThat(chain.kept.getLast().data().path("state").asText()).isEqualTo("completed");
    int told = chain.kept.size();
    runtime.settle((tenant, agent) -> true);
    runtime.settle((tenant, agent) -> agent.equals(run.lead()));
    assertThat(chain.kept.stream().filter(e -> e.agent().equals(run.lead())).count())
        .isLessThanOrEqualTo(told);
  }

  @Test
  void whatReadsOutsideThisMachineIsDeniedToARunThatWasNotStartedWithIt() {
    PlainGate gate = new PlainGate(Set.of("charge"), Set.of("web_search"));
    org.choir.core.Action search =
        new org.choir.core.Action(
            org.choir.core.TenantId.LOCAL,
            new org.choir.core.AgentId("rtest0001"),
            "rtest0001:1:1",
            "web_search",
            org.choir.core.Json.object(),
            org.choir.core.ReplayClass.READ_ONLY);
    var plain = org.choir.core.Json.object();
    var greedy = org.choir.core.Json.object();
    greedy.putObject("options").putArray("permits").add("web_search").add("mail");
    assertThat(gate.decide(search)).isInstanceOf(Verdict.Deny.class);
    assertThat(gate.forRun(plain).decide(search)).isInstanceOf(Verdict.Deny.class);
    var opened = gate.forRun(greedy);
    assertThat(opened.decide(search)).isInstanceOf(Verdict.Allow.class);
    assertThat(opened.configuration().path("permitted").toString())
        .as("a run's options open what is named as outside and nothing else")
        .contains("web_search")
        .doesNotContain("mail");
    for (var each : List.of(gate, opened)) {
      assertThat(PlainGate.of(each.configuration()).orElseThrow().decide(search))
          .isEqualTo(each.decide(search));
    }
  }

  @Test
  void thePlainGateDecidesTheSameFromItsConfiguration() {
    var configuration = new PlainGate(Set.of("charge")).configuration();
    var again = PlainGate.of(configuration).orElseThrow();
    assertThat(again.configuration()).isEqualTo(configuration);
    assertThat(PlainGate.of(org.choir.core.Json.object().put("gate", "other/1"))).isEmpty();
    var action =
        new org.choir.core.Action(
            org.choir.core.TenantId.LOCAL,
            new RunId("rgate00001").lead(),
            "rgate00001:1:1",
            "charge",
            org.choir.core.Json.object(),
            ReplayClass.KEYED);
    assertThat(again.decide(action)).isEqualTo(new Verdict.Allow("plain/permitted"));
  }
}
