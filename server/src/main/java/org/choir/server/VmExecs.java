package org.choir.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.ExecEvent;
import org.choir.sandbox.ExecInfo;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Execution;
import org.choir.sandbox.Vm;

/**
 * Commands in VMs for clients: one request follows a command to its end, others, over a second
 * connection, feed its input, send it signals and resize its terminal.
 */
final class VmExecs {
  /** The user that commands run as, and the folder they start in. */
  private static final int UID = 1000;

  private static final String FOLDER = "/workspace";
  private static final Duration TIMEOUT = Duration.ofHours(1);

  /** How long the end of a detached command can be asked for. */
  private static final Duration KEEP = Duration.ofHours(1);

  private static final long EVERYTHING = 1L << 60;
  private static final int INPUT_BYTES_MAX = 1 << 20;

  /** What a client follows now, by the command's id. */
  private final Map<String, Followed> followed = new ConcurrentHashMap<>();

  private record Followed(String vm, Execution execution) {}

  ObjectNode exec(Vm vm, Request request, Request.Events events) {
    ExecRequest asked = asked(request);
    if (request.flag("detach")) {
      try (Execution running = vm.start(asked.keptFor(KEEP))) {
        return Json.object().put("exec", running.id()).put("kept_seconds", KEEP.toSeconds());
      }
    }
    return follow(vm, vm.start(asked), events);
  }

  private static ExecRequest asked(Request request) {
    List<String> argv = request.texts("argv");
    if (argv.isEmpty()) {
      throw ChoirException.usage(
          "bad_request", "there is no command to run", "choir vm exec ID -- COMMAND [ARGUMENT]...");
    }
    Duration timeout =
        request.number("timeout_seconds").isPresent()
            ? Duration.ofSeconds(request.number("timeout_seconds").getAsLong())
            : TIMEOUT;
    JsonNode terminal = request.arguments().path("terminal");
    Map<String, String> env =
        terminal.isObject() ? Map.of("TERM", terminal.path("type").asText("xterm")) : Map.of();
    ExecRequest asked =
        new ExecRequest(argv, env, FOLDER, UID, timeout, EVERYTHING)
            .limitedTo(
                Duration.ofSeconds(request.number("cpu_seconds").orElse(0)),
                request.number("memory_mib").orElse(0) << 20);
    if (terminal.isObject()) {
      return asked.inTerminal(terminal.path("columns").asInt(), terminal.path("rows").asInt());
    }
    return request.flag("input") ? asked.withInput() : asked;
  }

  ObjectNode attach(Vm vm, Request request, Request.Events events) {
    long stdout = request.number("stdout_offset").orElse(0);
    long stderr = request.number("stderr_offset").orElse(0);
    return follow(vm, vm.attach(request.text("exec"), stdout, stderr), events);
  }

  private ObjectNode follow(Vm vm, Execution execution, Request.Events events) {
    try (execution) {
      followed.put(execution.id(), new Followed(vm.id(), execution));
      events.send(Json.object().put("exec", execution.id()));
      while (true) {
        switch (execution.next()) {
          case ExecEvent.Output(ExecEvent.Channel channel, long offset, byte[] bytes) ->
              events.send(Json.object().put(name(channel), bytes));
          case ExecEvent.Gap(ExecEvent.Channel channel, long from, long to) ->
              events.send(Json.object().put("gap", name(channel)).put("from", from).put("to", to));
          case ExecEvent.Ended(ExecResult result) -> {
            return json(result);
          }
        }
      }
    } finally {
      followed.remove(execution.id());
    }
  }

  private static String name(ExecEvent.Channel channel) {
    return channel == ExecEvent.Channel.STDOUT ? "stdout" : "stderr";
  }

  private static ObjectNode json(ExecResult result) {
    return Json.object()
        .put("exit", result.exitCode())
        .put("signal", result.signal())
        .put("timed_out", result.timedOut())
        .put("oom_killed", result.oomKilled())
        .put("cpu_exceeded", result.cpuExceeded())
        .put("truncated", result.truncated())
        .put("stdout_bytes", result.stdoutBytes())
        .put("stderr_bytes", result.stderrBytes())
        .put("stdout_file", result.stdoutFile().path())
        .put("stderr_file", result.stderrFile().path());
  }

  /** More of a command's standard input; answered when the guest has taken it. */
  ObjectNode input(Request request) {
    Execution execution = followed(request);
    try {
      JsonNode data = request.arguments().path("data");
      byte[] bytes = data.isTextual() ? data.binaryValue() : new byte[0];
      if (bytes.length > INPUT_BYTES_MAX) {
        throw ChoirException.usage(
            "bad_request", "an input of " + bytes.length + " bytes at once", "send less at once");
      }
      execution.input().write(bytes);
      if (request.flag("end")) {
        execution.input().close();
      }
    } catch (IOException e) {
      // The command has ended, or will never read: what its client learns from its own request.
      return Json.object().put("open", false);
    }
    return Json.object().put("open", true);
  }

  ObjectNode resize(Request request) {
    followed(request)
        .resize((int) request.number("columns").orElse(0), (int) request.number("rows").orElse(0));
    return Json.object();
  }

  ObjectNode signal(Vm vm, Request request) {
    vm.signal(request.text("exec"), (int) request.number("signal").orElse(0));
    return Json.object().put("exec", request.text("exec"));
  }

  ObjectNode list(Vm vm) {
    ArrayNode list = Json.array();
    for (ExecInfo info : vm.executions()) {
      ObjectNode one =
          list.addObject()
              .put("exec", info.id())
              .put("program", info.program())
              .put("state", info.result().isPresent() ? "ended" : "running")
              .put("started_millis", info.startedMillis())
              .put("stdout_bytes", info.stdoutBytes())
              .put("stderr_bytes", info.stderrBytes());
      info.result().ifPresent(result -> one.set("result", json(result)));
    }
    return Json.object().set("execs", list);
  }

  private Execution followed(Request request) {
    String exec = request.text("exec");
    Followed known = followed.get(exec);
    if (known == null || !known.vm().equals(request.text("id"))) {
      throw ChoirException.usage(
          "no_such_exec",
          "nobody follows a command '" + Text.visible(exec, 40) + "'",
          "list the commands of a VM with: choir vm ps ID");
    }
    return known.execution();
  }
}
