package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.named;
import static org.choir.agent.Script.plan;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.backbone.StateEntry;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.model.Message;
import org.choir.model.ModelAnswer;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;
import org.choir.sandbox.Vm;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run with files, commands, an outside effect and two parallel subagents, stopped at every
 * recorded boundary as a kill would stop it, and resumed: the end is always that of the undisturbed
 * run, and nothing recorded is done twice.
 */
class CrashTest {
  @TempDir static Path folder;
  static World world;
  static Machine machine;

  @BeforeAll
  static void start() {
    world = new World(folder);
    machine = new Machine();
    world.vms = run -> machine.vm();
  }

  @AfterAll
  static void stop() {
    machine.close();
    world.close();
  }

  /** The end of the process: nothing after it is recorded. */
  static final class Killed extends Error {}

  /** Ends the process before or after the k-th append. */
  private static final class KillAt implements Journal.Boundaries {
    private final int boundary;
    private final boolean before;
    private int count;
    private boolean dead;

    KillAt(int boundary, boolean before) {
      this.boundary = boundary;
      this.before = before;
    }

    synchronized int count() {
      return count;
    }

    @Override
    public synchronized void before(AgentId agent, List<ObjectNode> events) {
      count++;
      dead |= before && count == boundary;
      if (dead) {
        throw new Killed();
      }
    }

    @Override
    public synchronized void after(StateEntry entry) {
      dead |= !before && count >= boundary; // another agent may have come in between
      if (dead) {
        throw new Killed();
      }
    }
  }

  private static ToolCall write(String id, String path, String content) {
    return named(id, tool("write_file", "file_path", path, "content", content));
  }

  private static ToolCall bash(String id, String command) {
    return named(id, tool("execute", "command", command));
  }

  private static ToolCall task(String id, String description) {
    return named(id, tool("task", "description", description, "subagent_type", "helper"));
  }

  // Appends, so that a command done twice shows in the file.
  private static final List<ModelAnswer> LEAD =
      List.of(
          call(named("p", plan("one", "two")), write("a", "drafts/plan.md", "# Plan\n- one\n")),
          call(
              bash("b", "mkdir -p out && echo 1 > out/a.txt && printf a >> log.txt"),
              named("c", tool("charge", "amount", 5))),
          call(task("d", "first"), task("e", "second")),
          call(
              bash(
                  "f",
                  "cat tasks/1/note.md tasks/2/note.md > drafts/joined.md; rm -r out;"
                      + " mkdir empty; printf b >> log.txt")),
          call(
              named(
                  "g",
                  tool(
                      "edit_file",
                      "file_path",
                      "drafts/plan.md",
                      "old_string",
                      "- one",
                      "new_string",
                      "- two")),
              named("h", tool("delete", "file_path", "empty"))),
          call(bash("i", "printf c >> log.txt; chmod 755 log.txt; touch -d @0 log.txt")),
          call(bash("j", "printf d >> log.txt; sed -i s/a/A/ log.txt; touch -d @0 log.txt")),
          call(named("k", tool("read_file", "file_path", "log.txt"))),
          say("The end."));

  private static final List<ModelAnswer> HELPER =
      List.of(
          call(write("m", "note.md", "note ")),
          call(bash("n", "printf x >> note.md; pwd; id -u"), named("o", tool("charge"))),
          say("Noted."));

  private static final AgentDefinition HELPS =
      new AgentDefinition(
          "helper",
          "helps",
          "You help.",
          List.of(),
          List.of(),
          List.of(),
          AgentDefinition.Policy.NONE);

  private static AgentDefinition definition(World.Counting charge) {
    AgentDefinition helper =
        new AgentDefinition(
            HELPS.name(),
            HELPS.description(),
            HELPS.instructions(),
            List.of(charge),
            List.of("write_file", "execute"),
            List.of(),
            HELPS.policy());
    return new AgentDefinition(
        "leader",
        "leads",
        "You lead.",
        List.of(charge),
        List.of("write_todos", "write_file", "read_file", "edit_file", "delete", "execute", "task"),
        List.of(helper),
        AgentDefinition.Policy.NONE);
  }

  private static String asked(ModelRequest request) {
    String who = ((Message.User) request.messages().getFirst()).text();
    return who + "/" + Script.answered(request);
  }

  private record Outcome(Map<String, Digest> states, Map<String, String> files) {}

  private static final class Trial {
    final World.Counting charge = new World.Counting("charge", ReplayClass.KEYED);
    final Script model =
        new Script(
            r -> (r.system().startsWith("You lead.") ? LEAD : HELPER).get(Script.answered(r)));
    final RunId run = world.create(world.runtime(), model);

    RunState go(Journal.Boundaries boundaries) {
      world.boundaries = boundaries;
      try {
        return world.runtime().run(run, definition(charge), null);
      } finally {
        world.boundaries = Journal.Boundaries.NONE;
      }
    }

    List<AgentId> agents() {
      return List.of(run.lead(), run.lead().subagent(1), run.lead().subagent(2));
    }

    Outcome outcome() {
      Map<String, Digest> states = new TreeMap<>();
      for (AgentId agent : agents()) {
        states.put("agent " + agent.number(), world.state(agent).digest());
      }
      Map<String, String> files = new TreeMap<>();
      Vm vm = machine.vm();
      for (Vm.FileStat entry : vm.list("/workspace", true)) {
        String body = "";
        if (entry.type().equals("file")) {
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          vm.read(entry.path(), 0, 1 << 20, out);
          body = out.toString(StandardCharsets.UTF_8);
        }
        files.put(
            entry.path(),
            Integer.toOctalString(entry.mode() & 0777)
                + " "
                + entry.uid()
                + " "
                + entry.type()
                + " "
                + body);
      }
      for (AgentId agent : agents()) {
        world
            .state(agent)
            .files()
            .values()
            .forEach(
                f ->
                    assertThat(
                            world
                                .backbone
                                .files()
                                .get(TenantId.LOCAL, agent, f.path())
                                .map(Digest::of))
                        .as("stored %s of %s", f.path(), agent)
                        .contains(f.digest()));
      }
      return new Outcome(states, files);
    }
  }

  private static Outcome undisturbed() {
    Trial trial = new Trial();
    assertThat(trial.go(Journal.Boundaries.NONE)).isEqualTo(RunState.COMPLETED);
    Outcome outcome = trial.outcome();
    assertThat(outcome.files().get("/workspace/log.txt")).isEqualTo("755 1000 file Abcd");
    assertThat(outcome.files().get("/workspace/drafts/joined.md")).endsWith("note xnote x");
    assertThat(outcome.files().get("/workspace/tasks/2/note.md")).contains(" 1002 file note x");
    assertThat(outcome.files()).doesNotContainKeys("/workspace/out", "/workspace/empty");
    return outcome;
  }

  private static void killAndResume(Outcome expected, int boundary, boolean before, int second) {
    String where = (before ? "before" : "after") + " boundary " + boundary + ", then " + second;
    Trial trial = new Trial();
    KillAt kill = new KillAt(boundary, before);
    assertThatThrownBy(() -> trial.go(kill)).as(where).isInstanceOf(Killed.class);
    if (second > 0) {
      assertThatThrownBy(() -> trial.go(new KillAt(second, before)))
          .as(where)
          .isInstanceOf(Killed.class);
    }
    List<String> recorded = new ArrayList<>();
    Map<String, Integer> settled = new HashMap<>();
    for (AgentId agent : trial.agents()) {
      AgentState state = world.state(agent);
      if (!state.isEmpty()) {
        String who = ((Message.User) state.conversation().messages().getFirst()).text();
        for (int step = 0; step < state.steps(); step++) {
          recorded.add(who + "/" + step);
        }
      }
      for (ObjectNode done : world.events(agent, "observed")) {
        String action = done.path("action").asText();
        settled.put(action, trial.charge.done.getOrDefault(action, 0));
      }
    }
    int before2 = trial.model.asked.size();
    assertThat(trial.go(Journal.Boundaries.NONE)).as(where).isEqualTo(RunState.COMPLETED);
    assertThat(trial.outcome()).as(where).isEqualTo(expected);
    assertThat(trial.model.asked.subList(before2, trial.model.asked.size()))
        .as(where)
        .extracting(CrashTest::asked)
        .doesNotContainAnyElementsOf(recorded.isEmpty() ? List.of("nothing") : recorded);
    settled.forEach(
        (action, times) ->
            assertThat(trial.charge.done.getOrDefault(action, 0))
                .as(where + ": " + action)
                .isEqualTo(times));
    assertThat(trial.charge.done).as(where).hasSize(3);
  }

  private static int boundaries() {
    Trial trial = new Trial();
    KillAt never = new KillAt(Integer.MAX_VALUE, true);
    trial.go(never);
    assertThat(never.count()).isGreaterThan(25);
    return never.count();
  }

  @Test
  void endsAlikeWhereverItWasKilled() {
    Outcome expected = undisturbed();
    int boundaries = boundaries();
    for (int boundary = 1; boundary <= boundaries; boundary++) {
      killAndResume(expected, boundary, boundary % 2 == 0, 0);
    }
  }

  @Test
  @Tag("long")
  void endsAlikeWhereverItWasKilledBeforeAndAfterAndAgainDuringTheRecovery() {
    Outcome expected = undisturbed();
    int boundaries = boundaries();
    for (int boundary = 1; boundary <= boundaries; boundary++) {
      killAndResume(expected, boundary, boundary % 2 == 1, 0);
      if (boundary < boundaries - 3) {
        killAndResume(expected, boundary, true, 2);
        killAndResume(expected, boundary, false, 3);
      }
    }
  }
}
