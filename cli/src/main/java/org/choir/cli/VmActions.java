package org.choir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
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
      VmActions.Rm.class
    },
    footer = {
      "",
      "Examples:",
      "  choir vm create",
      "  choir vm exec ID -- python3 -c 'print(6 * 7)'",
      "  choir vm cp data.csv ID:/workspace/sources/data.csv",
      "  choir vm rm ID"
    })
final class VmActions implements Runnable {
  @Override
  public void run() {
    throw ChoirException.usage(
        "no_command", "vm needs a command: create, ls, exec, cp or rm", "see: choir help vm");
  }

  /** {@code choir vm create}. */
  @Command(
      name = "create",
      description = "Boot a VM and print its id.",
      footer = {"", "Examples:", "  choir vm create", "  choir vm create --allow example.org"})
  static final class Create extends Action {
    @Option(
        names = "--allow",
        paramLabel = "HOST[:PORT]",
        description = "A host it may reach; may be given again. '*.HOST': every host below.")
    List<String> allowed = new ArrayList<>();

    Create(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode request = Json.object();
      allowed.forEach(request.putArray("allow")::add);
      ObjectNode vm =
          ask("vm.create", request, e -> say(e.path("progress").asText(e.path("notice").asText())));
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
                        "%-16s %-8s %-5s %s",
                        vm.path("id").asText(),
                        vm.path("pid").asText(),
                        vm.path("accelerator").asText(),
                        vm.path("state").asText())));
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
