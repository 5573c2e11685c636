package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
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
      VmExecActions.Exec.class,
      VmExecActions.Attach.class,
      VmExecActions.Ps.class,
      VmExecActions.Kill.class,
      VmCopyAction.class,
      VmActions.Suspend.class,
      VmActions.Resume.class,
      SignActions.Sign.class,
      SignActions.Key.class,
      VmActions.Rm.class
    },
    footer = {
      "",
      "Examples:",
      "  choir vm create",
      "  choir vm exec ID -- python3 -c 'print(6 * 7)'",
      "  choir vm exec -it ID -- bash",
      "  choir vm cp data.csv ID:/workspace/sources/data.csv",
      "  choir vm suspend ID",
      "  choir vm sign report.md",
      "  choir vm rm ID"
    })
final class VmActions implements Runnable {
  @Override
  public void run() {
    throw ChoirException.usage(
        "no_command",
        "vm needs a command: create, ls, exec, attach, ps, kill, cp, suspend, resume, sign, key or"
            + " rm",
        "see: choir help vm");
  }

  /** {@code choir vm create}. */
  @Command(
      name = "create",
      description = "Start a VM and print its id.",
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
