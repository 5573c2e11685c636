package org.choir.agent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.choir.core.ChoirException;
import org.choir.sandbox.ExecEvent;
import org.choir.sandbox.ExecOutput;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;
import org.jspecify.annotations.Nullable;

/**
 * An agent's hands in its run's VM. It remembers what the current step touched, so that the loop
 * knows what to record, and notices when the VM behind it has changed. For one agent's thread.
 */
final class VmWorkspace implements Workspace {
  /** Bytes of a command's output that are kept; the command is not stopped by it. */
  static final long CAPTURE_MAX = 10L << 20;

  /** The newest bytes of each stream that are kept beyond that. */
  private static final long TAIL_BYTES = 64 << 10;

  private static final int COMMAND_MAX = 32 << 10;

  /** Agents of a run share a group; what lies in one's folder is changed by that one alone. */
  private static final String UMASK = "umask 022\n";

  private final Home home;
  private final RunVm vm;
  private final RunView view;
  private final Rewind rewind;
  private final Budget budget;
  private final Set<String> touched = new TreeSet<>();
  private final Set<String> folders = new HashSet<>();
  private boolean executed;
  private boolean used;
  private int stepGeneration;
  private @Nullable ChoirException broken;

  VmWorkspace(Home home, RunVm vm, RunView view, Rewind rewind, Budget budget) {
    this.home = home;
    this.vm = vm;
    this.view = view;
    this.rewind = rewind;
    this.budget = budget;
  }

  Home home() {
    return home;
  }

  /** Forgets what was touched: a new step begins, or the same one anew. */
  void beginStep() {
    touched.clear();
    folders.clear();
    executed = false;
    stepGeneration = 0;
    beginCall();
  }

  /** A new call begins. */
  void beginCall() {
    used = false;
    broken = null;
  }

  /** Whether the current call has used the VM. */
  boolean used() {
    return used;
  }

  /** The machine this step works on, 0 before it has used one. */
  int generation() {
    return stepGeneration;
  }

  /** Whether the current step may have changed files. */
  boolean changed() {
    return executed || !touched.isEmpty();
  }

  /** Whether a command ran, which may have changed anything. */
  boolean executed() {
    return executed;
  }

  /** The paths that file tools wrote or deleted in this step. */
  Set<String> touched() {
    return touched;
  }

  /**
   * Throws what ended a call although the tool has caught it: a lost VM, or that none can be had.
   */
  void rethrow() {
    if (broken != null) {
      throw broken;
    }
  }

  @Override
  public byte[] read(String path, long offset, long limit) {
    return with(
        vm -> {
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          vm.read(absolute(path), offset, limit, out);
          return out.toByteArray();
        });
  }

  @Override
  public void write(String path, byte[] body) {
    String target = writable(path);
    with(
        vm -> {
          touched.add(target);
          makeParents(vm, target);
          vm.write(target, new ByteArrayInputStream(body), body.length, home.owner(0644));
          return target;
        });
  }

  @Override
  public List<Vm.FileStat> list(String path, boolean recursive) {
    return with(vm -> vm.list(absolute(path), recursive));
  }

  @Override
  public Vm.FileStat stat(String path) {
    return with(vm -> vm.stat(absolute(path)));
  }

  @Override
  public void delete(String path) {
    String target = writable(path);
    with(
        vm -> {
          touched.add(target);
          folders.clear();
          vm.delete(target);
          return target;
        });
  }

  @Override
  public Executed execute(String command, Duration timeout) {
    if (command.getBytes(StandardCharsets.UTF_8).length > COMMAND_MAX) {
      throw ChoirException.usage(
          "command_too_long",
          "a command has at most " + COMMAND_MAX + " bytes",
          "write a script with write_file and run it");
    }
    Duration left = budget.remaining();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ExecResult result =
        with(
            vm -> {
              executed = true;
              folders.clear();
              return vm.exec(
                  new ExecRequest(
                          List.of("/bin/bash", "-c", UMASK + command),
                          Map.of(),
                          home.path(),
                          home.uid(),
                          timeout.compareTo(left) < 0 ? timeout : left,
                          CAPTURE_MAX)
                      .withTail(TAIL_BYTES),
                  marked(out));
            });
    return new Executed(result, out.toString(StandardCharsets.UTF_8));
  }

  /** For the loop itself, outside the accounts of a step. */
  <T> T with(Function<Vm, T> operation) {
    used = true;
    RunVm.Opened open;
    try {
      open = vm.open();
      if (stepGeneration != 0 && stepGeneration != open.generation()) {
        throw new RunVm.VmLostException(
            stepGeneration,
            ChoirException.fatal("guest_lost", "the VM of this step is gone", "").failure());
      }
      stepGeneration = open.generation();
      if (!open.homes().contains(home.agent())) {
        rewind.subagent(open.vm(), home.agent(), view.folder(home.agent()));
        open.homes().add(home.agent());
      }
      return operation.apply(open.vm());
    } catch (RunVm.VmLostException | StopException e) {
      broken = e;
      throw e;
    } catch (SandboxException e) {
      if (RunVm.isLoss(e)) {
        int gone = stepGeneration == 0 ? vm.generation() : stepGeneration;
        vm.lost(gone);
        broken = new RunVm.VmLostException(gone, e.failure());
        throw broken;
      }
      throw e;
    }
  }

  /** Folder by folder, since the guest would make missing ones writable for all agents. */
  private void makeParents(Vm vm, String path) {
    for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      String folder = path.substring(0, slash);
      if (home.holds(folder) && folders.add(folder)) {
        vm.makeDirectory(folder, home.owner(Rewind.FOLDER_MODE));
      }
    }
  }

  /** Collects both streams as they come; the guest's cap bounds it. */
  static ExecOutput into(ByteArrayOutputStream out) {
    return new ExecOutput() {
      @Override
      public void stdout(byte[] bytes) {
        out.writeBytes(bytes);
      }

      @Override
      public void stderr(byte[] bytes) {
        out.writeBytes(bytes);
      }
    };
  }

  /** The same, with a line where output was left out. */
  private static ExecOutput marked(ByteArrayOutputStream out) {
    ExecOutput plain = into(out);
    return new ExecOutput() {
      @Override
      public void stdout(byte[] bytes) {
        plain.stdout(bytes);
      }

      @Override
      public void stderr(byte[] bytes) {
        plain.stderr(bytes);
      }

      @Override
      public void gap(ExecEvent.Channel channel, long from, long to) {
        String line = "\n[... " + (to - from) + " bytes left out ...]\n";
        plain.stdout(line.getBytes(StandardCharsets.UTF_8));
      }
    };
  }

  private String absolute(String path) {
    return GuestPath.resolve(path, home.path());
  }

  private String writable(String path) {
    String target = absolute(path);
    if (!home.mayWrite(target)) {
      throw ChoirException.usage(
          "permission_denied",
          "'" + target + "' cannot be written or deleted from here",
          "use a path below "
              + home.path()
              + " or /tmp"
              + (home.agent().isSubagent()
                  ? ""
                  : "; the folders below /workspace/tasks belong to" + " subagents"));
    }
    return target;
  }
}
