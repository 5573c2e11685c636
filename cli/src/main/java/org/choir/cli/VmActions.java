package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir vm}: sandboxes by hand. */
@Command(
    name = "vm",
    description = "Sandboxes by hand: microVMs without a network card.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      VmActions.Create.class,
      VmActions.Ls.class,
      VmActions.Exec.class,
      VmActions.Cp.class,
      VmActions.Suspend.class,
      VmActions.Resume.class,
      VmActions.Rm.class
    },
    footer = {
      "",
      "Examples:",
      "  choir vm create",
      "  choir vm exec ID -- python3 -c 'print(6 * 7)'",
      "  choir vm cp data.csv ID:/workspace/sources/data.csv",
      "  choir vm suspend ID",
      "  choir vm rm ID"
    })
final class VmActions implements Runnable {
  @Override
  public void run() {
    throw ChoirException.usage(
        "no_command",
        "vm needs a command: create, ls, exec, cp, suspend, resume or rm",
        "see: choir help vm");
  }

  /** {@code choir vm create}. */
  @Command(
      name = "create",
      description = "Start a VM and print its id.",
      footer = {"", "Example:", "  choir vm create"})
  static final class Create extends Action {
    Create(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode vm =
          ask(
              "vm.create",
              Json.object(),
              e -> say(e.path("progress").asText(e.path("notice").asText())));
      print(vm, vm.path("id").asText());
      return 0;
    }
  }

  /** {@code choir vm ls}. */
  @Command(
      name = "ls",
      description = "List VMs.",
      footer = {"", "Example:", "  choir vm ls"})
  static final class Ls extends Action {
    Ls(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      var vms = ask("vm.ls", Json.object()).path("vms");
      if (json) {
        print(Json.write(vms));
      } else {
        vms.forEach(
            vm ->
                print(
                    String.format(
                        "%-16s %-10s %-8s %-5s %5s MiB",
                        vm.path("id").asText(),
                        vm.path("state").asText(),
                        vm.path("pid").asLong() < 0 ? "-" : vm.path("pid").asText(),
                        vm.path("accelerator").asText(),
                        vm.path("memory_mib").asText())));
      }
      return 0;
    }
  }

  /** {@code choir vm exec}. */
  @Command(
      name = "exec",
      description = "Run a command in a VM; its output and exit status become this command's.",
      footer = {"", "Example:", "  choir vm exec ID -- uname -a"})
  static final class Exec extends Action {
    @Option(names = "--timeout", paramLabel = "SECONDS", description = "Kill it after so long.")
    long timeout;

    @Parameters(index = "0", paramLabel = "ID", description = "The VM.")
    String id = "";

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "After --")
    List<String> argv = List.of();

    Exec(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object().put("id", id);
      ArrayNode words = request.putArray("argv");
      argv.forEach(words::add);
      if (timeout > 0) {
        request.put("timeout_seconds", timeout);
      }
      ObjectNode result = ask("vm.exec", request, this::output);
      if (json) {
        print(Json.write(result));
      }
      if (result.path("timed_out").asBoolean()) {
        say("killed after its timeout");
      }
      int signal = result.path("signal").asInt();
      return signal > 0 ? 128 + signal : result.path("exit").asInt();
    }

    private void output(ObjectNode event) {
      try {
        if (event.has("stdout")) {
          (json ? context.err() : context.out()).write(event.get("stdout").binaryValue());
        } else if (event.has("stderr")) {
          context.err().write(event.get("stderr").binaryValue());
        }
        context.out().flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** {@code choir vm cp}. */
  @Command(
      name = "cp",
      description = "Copy a file into a VM or out of it; the side in the VM is ID:PATH.",
      footer = {
        "",
        "Examples:",
        "  choir vm cp data.csv ID:/workspace/sources/data.csv",
        "  choir vm cp ID:/workspace/out.txt out.txt"
      })
  static final class Cp extends Action {
    @Parameters(index = "0", paramLabel = "FROM")
    String from = "";

    @Parameters(index = "1", paramLabel = "TO")
    String to = "";

    Cp(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Optional<String[]> source = guest(from);
      Optional<String[]> target = guest(to);
      if (source.isPresent() == target.isPresent()) {
        throw ChoirException.usage(
            "bad_copy",
            "exactly one side must be in a VM, written ID:/PATH",
            "for example: choir vm cp data.csv ID:/workspace/sources/data.csv");
      }
      String[] inside = source.or(() -> target).orElseThrow();
      String file = context.absolute(source.isPresent() ? to : from).toString();
      ObjectNode result =
          ask(
              source.isPresent() ? "vm.read" : "vm.write",
              Json.object().put("id", inside[0]).put("path", inside[1]).put("file", file));
      print(result, result.path("bytes").asText() + " bytes");
      return 0;
    }

    private static Optional<String[]> guest(String side) {
      return side.matches("[a-z0-9]+:/.*") ? Optional.of(side.split(":", 2)) : Optional.empty();
    }
  }

  /** {@code choir vm suspend}. */
  @Command(
      name = "suspend",
      description = "Put a VM on the disk, with its processes; the next use resumes it.",
      footer = {"", "Example:", "  choir vm suspend ID"})
  static final class Suspend extends Action {
    @Parameters(paramLabel = "ID", description = "The VM.")
    String id = "";

    Suspend(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      print(ask("vm.suspend", Json.object().put("id", id)), "suspended VM " + id);
      return 0;
    }
  }

  /** {@code choir vm resume}. */
  @Command(
      name = "resume",
      description = "Have a suspended VM run again.",
      footer = {"", "Example:", "  choir vm resume ID"})
  static final class Resume extends Action {
    @Parameters(paramLabel = "ID", description = "The VM.")
    String id = "";

    Resume(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode vm = ask("vm.resume", Json.object().put("id", id));
      String notice = vm.path("notice").asText();
      if (!notice.isEmpty()) {
        say(notice);
      }
      print(vm, "resumed VM " + id);
      return 0;
    }
  }

  /** {@code choir vm rm}. */
  @Command(
      name = "rm",
      description = "End a VM and remove what it left.",
      footer = {"", "Example:", "  choir vm rm ID"})
  static final class Rm extends Action {
    @Parameters(paramLabel = "ID", description = "The VM.")
    String id = "";

    Rm(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      print(ask("vm.rm", Json.object().put("id", id)), "removed VM " + id);
      return 0;
    }
  }
}
