package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.core.Json;
import org.choir.sandbox.ExecResult;

/** {@code write_todos execute read_skill task}. */
final class OtherTools {
  private static final int TIMEOUT_SECONDS = 120;
  private static final int TIMEOUT_SECONDS_MAX = 3_600;
  private static final int TODOS_MAX = 100;
  private static final int SKILL_MAX = 256 << 10;

  private OtherTools() {}

  static List<Tool> all() {
    return List.of(
        BuiltIns.of(
            "write_todos",
            "Replaces your plan. One item in_progress at a time; call it once per answer.",
            todosSchema(),
            OtherTools::todos),
        BuiltIns.of(
            "execute",
            "Runs a bash command in your folder and returns stdout and stderr with the exit code.",
            BuiltIns.schema(
                List.of("command"),
                Map.of(
                    "command", BuiltIns.property("string", "for /bin/bash -c"),
                    "timeout",
                        BuiltIns.property("integer", "seconds, 120 by default, at most 3600"))),
            OtherTools::execute),
        BuiltIns.of(
            "read_skill",
            "Reads the instructions of a skill listed in your system prompt.",
            BuiltIns.schema(
                List.of("name"), Map.of("name", BuiltIns.property("string", "the skill's name"))),
            OtherTools::skill));
  }

  /** The delegation tool of a definition with subagents; the loop performs it. */
  static Tool task(List<AgentDefinition> subagents) {
    StringBuilder who = new StringBuilder();
    ObjectNode type = BuiltIns.property("string", "who does it");
    for (AgentDefinition subagent : subagents) {
      who.append("\n- ").append(subagent.name()).append(": ").append(subagent.description());
    }
    return BuiltIns.of(
        "task",
        "Delegates a task to a subagent with its own conversation and folder; several calls in one"
            + " answer run side by side. It sees nothing but the description. Subagents:"
            + who,
        BuiltIns.schema(
            List.of("description", "subagent_type"),
            Map.of(
                "description",
                BuiltIns.property("string", "all the subagent needs to know, and what to return"),
                "subagent_type",
                type)),
        (context, arguments) -> {
          throw new IllegalStateException("the loop performs a task itself");
        });
  }

  private static ObjectNode todosSchema() {
    ObjectNode status = BuiltIns.property("string", "pending, in_progress or completed");
    status.set("enum", Json.array().add("pending").add("in_progress").add("completed"));
    ObjectNode item =
        BuiltIns.schema(
            List.of("content", "status"),
            Map.of("content", BuiltIns.property("string", "what is to be done"), "status", status));
    ObjectNode todos = BuiltIns.property("array", "the whole plan").put("maxItems", TODOS_MAX);
    todos.set("items", item);
    return BuiltIns.schema(List.of("todos"), Map.of("todos", todos));
  }

  private static ToolOutput todos(ToolContext context, ObjectNode arguments) {
    ObjectNode event = Events.of("todos");
    event.set("todos", arguments.get("todos"));
    int open = 0;
    for (JsonNode todo : arguments.get("todos")) {
      open += todo.path("status").asText().equals("completed") ? 0 : 1;
    }
    int all = arguments.get("todos").size();
    return ToolOutput.of(
        "Plan updated: " + all + " items, " + open + " of them open.", List.of(event));
  }

  private static ToolOutput execute(ToolContext context, ObjectNode arguments) {
    int seconds = arguments.path("timeout").asInt(TIMEOUT_SECONDS);
    if (seconds < 0 || seconds > TIMEOUT_SECONDS_MAX) {
      return ToolOutput.error(
          "timeout must be between 0 and "
              + TIMEOUT_SECONDS_MAX
              + " seconds, not "
              + arguments.get("timeout")
              + ". Nothing was run.");
    }
    Duration timeout = Duration.ofSeconds(seconds == 0 ? TIMEOUT_SECONDS : seconds);
    Workspace.Executed done =
        context.workspace().execute(arguments.path("command").asText(), timeout);
    StringBuilder out = new StringBuilder(done.output());
    if (!out.isEmpty() && out.charAt(out.length() - 1) != '\n') {
      out.append('\n');
    }
    ExecResult result = done.result();
    if (result.truncated()) {
      out.append("[The output exceeded the capture size limit of ")
          .append(VmWorkspace.CAPTURE_MAX)
          .append(" bytes; its newest part follows what was left out]\n");
      file(out, "stdout", result.stdoutFile(), result.stdoutBytes());
      file(out, "stderr", result.stderrFile(), result.stderrBytes());
    }
    if (result.timedOut()) {
      out.append("[Command timed out after ").append(timeout.toSeconds()).append(" s]\n");
    } else if (result.oomKilled()) {
      out.append("[Command was killed: the machine ran out of memory]\n");
    }
    if (result.signal() > 0) {
      out.append("[Command failed: ended by signal ").append(result.signal()).append(']');
    } else if (result.exitCode() == 0) {
      out.append("[Command succeeded with exit code 0]");
    } else {
      out.append("[Command failed with exit code ").append(result.exitCode()).append(']');
    }
    return ToolOutput.of(out.toString());
  }

  /** Where all of a stream can be read and searched, as long as its machine lives. */
  private static void file(
      StringBuilder out, String stream, ExecResult.OutputFile file, long written) {
    if (file.bytes() > 0) {
      out.append("[All of ").append(stream).append(" is in ").append(file.path());
      if (file.bytes() < written) {
        out.append(", its first ").append(file.bytes()).append(" bytes");
      }
      out.append("; search it with grep, head or tail]\n");
    }
  }

  private static ToolOutput skill(ToolContext context, ObjectNode arguments) {
    String name = arguments.path("name").asText();
    if (!name.matches("[a-z0-9][a-z0-9_-]{0,63}")) {
      return ToolOutput.error("There is no such skill. Use a name from the list of skills.");
    }
    byte[] body = context.workspace().read("/skills/" + name + "/SKILL.md", 0, SKILL_MAX);
    return ToolOutput.of(new String(body, StandardCharsets.UTF_8));
  }
}
