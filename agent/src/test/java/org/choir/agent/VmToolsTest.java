package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.agent.Script.call;
import static org.choir.agent.Script.named;
import static org.choir.agent.Script.say;
import static org.choir.agent.Script.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.ReplayClass;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.model.Message;
import org.choir.model.ToolCall;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The built-in tools in a real VM, through the loop, with what is recorded of them. */
class VmToolsTest {
  @TempDir static Path folder;
  static World world;
  static Machine machine;

  private static final List<String> ALL =
      List.of(
          "ls",
          "read_file",
          "write_file",
          "edit_file",
          "delete",
          "glob",
          "grep",
          "execute",
          "write_todos");

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

  private record Ran(RunId run, List<Message.ToolResult> results) {
    String text(int i) {
      return results.get(i).text();
    }
  }

  /** Each call a step of its own. */
  private static Ran run(List<Tool> tools, ToolCall... calls) {
    Script model =
        new Script(
            r -> Script.answered(r) < calls.length ? call(calls[Script.answered(r)]) : say("done"));
    AgentRuntime runtime = world.runtime();
    RunId run = world.create(runtime, model);
    assertThat(runtime.run(run, World.definition(tools, ALL), null))
        .as(() -> runtime.state(run).toString())
        .isEqualTo(RunState.COMPLETED);
    return new Ran(run, model.results());
  }

  private static ToolCall write(String path, String content) {
    return tool("write_file", "file_path", path, "content", content);
  }

  private static ToolCall bash(String command) {
    return tool("execute", "command", command);
  }

  private static ToolCall read(String path) {
    return tool("read_file", "file_path", path);
  }

  @Test
  void filesGoThroughWriteReadEditAndDelete() {
    String odd = "$VAR `x` $(y) 'q' \"d\"\t\\n 💡 مرحبا\n";
    Ran ran =
        run(
            List.of(),
            write("deep//er/with space.md", odd),
            bash("cat 'deep/er/with space.md'; stat -c '%a %u' deep deep/er"),
            write("/workspace/crlf.txt", "one\r\ntwo\r\n"),
            tool(
                "edit_file",
                "file_path",
                "crlf.txt",
                "old_string",
                "one\ntwo",
                "new_string",
                "1\n2"),
            bash("od -c crlf.txt | head -1"),
            read("crlf.txt"),
            tool("ls", "path", "/workspace"),
            tool("glob", "pattern", "*.md"),
            tool("grep", "pattern", "$VAR `x`", "output_mode", "content"),
            tool("delete", "file_path", "deep"),
            tool("delete", "file_path", "deep"),
            read("missing.md"),
            read("/workspace"),
            bash("head -c 300 /dev/urandom > bin.dat"),
            read("bin.dat"),
            write("../etc/x", ""),
            write("/etc/passwd", "x"),
            write("/workspace/tasks/3/x", "x"));
    assertThat(ran.text(0)).isEqualTo("Updated file /workspace/deep/er/with space.md");
    assertThat(ran.text(1))
        .isEqualTo(odd + "2755 1000\n2755 1000\n[Command succeeded with exit code 0]");
    assertThat(ran.text(3))
        .isEqualTo("Successfully replaced 1 instance(s) of the string in '/workspace/crlf.txt'");
    assertThat(ran.text(4)).contains("1  \\r  \\n   2  \\r  \\n");
    assertThat(ran.text(5)).isEqualTo("1  1\n2  2");
    assertThat(ran.text(6)).contains("/workspace/crlf.txt", "/workspace/drafts/");
    assertThat(ran.text(7)).isEqualTo("/workspace/deep/er/with space.md");
    assertThat(ran.text(8)).startsWith("/workspace/deep/er/with space.md:\n  1: $VAR `x`");
    assertThat(ran.text(9)).isEqualTo("Deleted /workspace/deep");
    assertThat(ran.results().subList(10, 13)).allMatch(Message.ToolResult::failed);
    assertThat(ran.text(10)).contains("file_not_found");
    assertThat(ran.text(11)).contains("file_not_found");
    assertThat(ran.text(12)).contains("not_a_file");
    assertThat(ran.text(14)).contains("not a text file");
    assertThat(ran.text(15)).contains("invalid_path", "'..'");
    assertThat(ran.text(16)).contains("permission_denied");
    assertThat(ran.text(17)).contains("permission_denied", "subagents");

    AgentState state = world.state(ran.run().lead());
    assertThat(state.files()).containsOnlyKeys("bin.dat", "crlf.txt");
    assertThat(world.backbone.files().get(TenantId.LOCAL, ran.run().lead(), "crlf.txt"))
        .hasValueSatisfying(
            b -> assertThat(new String(b, StandardCharsets.UTF_8)).isEqualTo("1\r\n2\r\n"));
    assertThat(
            world.backbone.files().get(TenantId.LOCAL, ran.run().lead(), "deep/er/with space.md"))
        .isEmpty();
  }

  @Test
  void commandsReportHowTheyEndedAndAreKeptWithinTheirTime() {
    Ran ran =
        run(
            List.of(),
            bash("echo out; echo err >&2; exit 3"),
            tool("execute", "command", "echo never", "timeout", -1),
            tool("execute", "command", "echo never", "timeout", 3601),
            tool("execute", "command", "echo begun; sleep 100", "timeout", 1),
            bash("kill -9 $$"));
    assertThat(ran.text(0))
        .contains("out\n", "err\n")
        .endsWith("[Command failed with exit code 3]");
    assertThat(ran.results().getFirst().failed()).isFalse();
    assertThat(ran.text(1)).contains("Nothing was run").doesNotContain("never");
    assertThat(ran.text(2)).contains("Nothing was run");
    assertThat(ran.text(3)).contains("begun", "timed out after 1 s");
    assertThat(ran.text(4)).endsWith("ended by signal 9]");
  }

  @Test
  void movesALongResultToAFileWhoseMiddleCanBeRead() {
    Ran ran =
        run(
            List.of(),
            named("big/1", bash("seq 1 30000; exit 3")),
            tool(
                "read_file",
                "file_path",
                "/workspace/tools/large/big_1",
                "offset",
                14_999,
                "limit",
                1));
    assertThat(ran.text(0))
        .contains(
            "saved to /workspace/tools/large/big_1",
            "\n1\n2\n3\n4\n5\n[",
            "lines truncated]",
            "[Command failed with exit code 3]")
        .hasSizeLessThan(1_000);
    assertThat(ran.text(1)).startsWith("15000  15000\n");
    assertThat(world.state(ran.run().lead()).files()).containsKey("tools/large/big_1");
  }

  @Test
  void anOutputBeyondAllBoundsStaysInAFileOfTheMachineThatCommandsCanSearch() {
    Ran ran =
        run(
            List.of(),
            bash("seq 1 1700000"),
            bash(
                "grep -c 777 $(ls -d /var/choir/exec/*)/stdout; wc -c < /var/choir/exec/*/stdout"));
    assertThat(ran.text(0))
        .contains(
            "The output exceeded the capture size limit",
            "[All of stdout is in /var/choir/exec/",
            "exit code 0]");
    assertThat(ran.text(1)).contains("12488896\n", "succeeded");
  }

  @Test
  void recordsEveryWayAFileCanChange() {
    Ran ran =
        run(
            List.of(),
            bash("printf 1 > same; printf 1 > kept; chmod 600 kept; mkdir -p hollow/in"),
            bash("m=$(stat -c %y same); printf 2 > same; touch -d \"$m\" same"),
            bash("chmod +x same; rmdir hollow/in; ln -s same link; truncate -s 17M big"),
            bash("echo nothing changes"));
    List<String> recorded =
        world.events(ran.run().lead()).stream()
            .filter(e -> e.path("kind").asText().matches("file_.*|folder_.*"))
            .map(e -> e.path("kind").asText() + " " + e.path("path").asText())
            .toList();
    assertThat(recorded)
        .containsExactly(
            "folder_made hollow/in",
            "file_changed kept",
            "file_changed same",
            "file_changed same",
            "folder_made hollow",
            "folder_deleted hollow/in",
            "file_changed same");
    ObjectNode last = world.events(ran.run().lead(), "file_changed").getLast();
    assertThat(last.path("mode").asInt() & 0111).isNotZero();
    assertThat(ran.text(2)).contains("Not kept", "big has 17825792 bytes", "link is not a plain");
  }

  @Test
  void redoesTheStepOnANewMachineWhenTheOldOneIsLost() {
    AtomicInteger calls = new AtomicInteger();
    World.Counting kill =
        new World.Counting(
            "look",
            ReplayClass.READ_ONLY,
            (context, arguments) -> {
              if (calls.incrementAndGet() == 1) {
                machine.kill();
              }
              byte[] body = context.workspace().read("log.txt", 0, 100);
              return ToolOutput.of(new String(body, StandardCharsets.UTF_8));
            });
    ToolCall[] step = {named("x", bash("printf b >> log.txt")), named("y", tool("look"))};
    Script model =
        new Script(
            r ->
                switch (Script.answered(r)) {
                  case 0 -> call(named("w", bash("printf a >> log.txt")));
                  case 1 -> call(step);
                  default -> say("done");
                });
    AgentRuntime runtime = world.runtime();
    RunId run = world.create(runtime, model);
    int started = world.vmsStarted.get();
    assertThat(runtime.run(run, World.definition(List.of(kill), ALL), null))
        .isEqualTo(RunState.COMPLETED);
    assertThat(world.vmsStarted).hasValue(started + 2);
    assertThat(model.results().getLast().text()).isEqualTo("ab");
    assertThat(kill.done.values()).containsExactly(2);
  }
}
