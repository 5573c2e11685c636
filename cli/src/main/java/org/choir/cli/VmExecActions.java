package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Commands in VMs: {@code choir vm exec|attach|ps|kill}. */
final class VmExecActions {
  private VmExecActions() {}

  /** {@code choir vm exec}. */
  @Command(
      name = "exec",
      description = {
        "Run a command in a VM; its output and exit status become this command's.",
        "Ctrl-C is passed on to it; the third one leaves and ends it."
      },
      footer = {
        "",
        "Examples:",
        "  choir vm exec ID -- uname -a",
        "  choir vm exec -i ID -- tar x < files.tar",
        "  choir vm exec -it ID -- bash",
        "  choir vm exec --detach ID -- make all"
      })
  static final class Exec extends Action {
    @Option(
        names = {"-i", "--interactive"},
        description = "Pass standard input on to it.")
    boolean interactive;

    @Option(
        names = {"-t", "--tty"},
        description = "Give it a terminal; needs one here.")
    boolean tty;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "Kill it after so long.")
    long timeout;

    @Option(
        names = "--cpu",
        paramLabel = "SECONDS",
        description = "Kill it after so much processor time.")
    long cpu;

    @Option(names = "--memory", paramLabel = "MIB", description = "Kill it beyond so much memory.")
    long memory;

    @Option(
        names = "--detach",
        description = "Print its id and leave it running; its output and exit are kept an hour.")
    boolean detach;

    @Parameters(index = "0", paramLabel = "ID", description = "The VM.")
    String id = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "After --")
    List<String> argv = List.of();

    Exec(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      if (detach && (interactive || tty)) {
        throw ChoirException.usage(
            "bad_request",
            "a detached command has no input and no terminal",
            "leave -i and -t out");
      }
      ObjectNode request = Json.object().put("id", id).put("input", interactive);
      ArrayNode words = request.putArray("argv");
      argv.forEach(words::add);
      limit(request, "timeout_seconds", timeout);
      limit(request, "cpu_seconds", cpu);
      limit(request, "memory_mib", memory);
      if (detach) {
        ObjectNode started = ask("vm.exec", request.put("detach", true));
        print(started, started.path("exec").asText());
        return 0;
      }
      return new ExecSession(this, id, interactive || tty, tty).run("vm.exec", request);
    }

    private static void limit(ObjectNode request, String name, long value) {
      if (value > 0) {
        request.put(name, value);
      }
    }
  }

  /** {@code choir vm attach}. */
  @Command(
      name = "attach",
      description =
          "Follow a command that was started before, from its first output or an offset, to its"
              + " end; its exit status becomes this command's.",
      footer = {"", "Example:", "  choir vm attach ID EXEC"})
  static final class Attach extends Action {
    @Option(
        names = {"-i", "--interactive"},
        description = "Pass standard input on to it.")
    boolean interactive;

    @Option(
        names = "--stdout-from",
        paramLabel = "BYTE",
        description = "Leave out what it printed before.")
    long stdoutFrom;

    @Option(names = "--stderr-from", paramLabel = "BYTE", description = "The same for errors.")
    long stderrFrom;

    @Parameters(index = "0", paramLabel = "ID", description = "The VM.")
    String id = "";

    @Parameters(index = "1", paramLabel = "EXEC", description = "As exec --detach printed it.")
    String exec = "";

    Attach(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      return new ExecSession(this, id, interactive, false)
          .run(
              "vm.attach",
              Json.object()
                  .put("id", id)
                  .put("exec", exec)
                  .put("stdout_offset", stdoutFrom)
                  .put("stderr_offset", stderrFrom));
    }
  }

  /** {@code choir vm ps}. */
  @Command(
      name = "ps",
      description = "List the commands of a VM that run, or have ended and are kept.",
      footer = {"", "Example:", "  choir vm ps ID"})
  static final class Ps extends Action {
    @Parameters(paramLabel = "ID", description = "The VM.")
    String id = "";

    Ps(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      var execs = ask("vm.ps", Json.object().put("id", id)).path("execs");
      if (json) {
        print(Json.write(execs));
      } else {
        execs.forEach(
            exec ->
                print(
                    String.format(
                        "%-16s %-8s %10s bytes  %s",
                        exec.path("exec").asText(),
                        exec.path("state").asText(),
                        exec.path("stdout_bytes").asLong() + exec.path("stderr_bytes").asLong(),
                        exec.path("program").asText())));
      }
      return 0;
    }
  }

  /** {@code choir vm kill}. */
  @Command(
      name = "kill",
      description = "End a command and all it started at once, or send it a signal.",
      footer = {"", "Examples:", "  choir vm kill ID EXEC", "  choir vm kill --signal 2 ID EXEC"})
  static final class Kill extends Action {
    @Option(names = "--signal", paramLabel = "NUMBER", description = "1 to 31.")
    int signal;

    @Parameters(index = "0", paramLabel = "ID", description = "The VM.")
    String id = "";

    @Parameters(index = "1", paramLabel = "EXEC", description = "The command.")
    String exec = "";

    Kill(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode done =
          ask("vm.signal", Json.object().put("id", id).put("exec", exec).put("signal", signal));
      print(done, (signal == 0 ? "killed " : "signalled ") + exec);
      return 0;
    }
  }
}
