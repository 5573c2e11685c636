package org.choir.agent;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.backbone.FileStore;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;
import org.jspecify.annotations.Nullable;

/**
 * Puts the files of a VM back to what is recorded, exactly: what differs is replaced, what is not
 * recorded is removed, left-over processes of the agents are ended. Bodies come from the file
 * store; beside the current version under its own name, each recorded version is kept under its
 * digest, because a crash (or a writer that has lost the run) may have stored a newer body that no
 * entry names.
 */
final class Rewind {
  private static final String VERSIONS = ".choir/versions/";
  private static final List<String> FOLDERS =
      List.of("sources", "drafts", "reports", "tools", "tasks");
  static final int FOLDER_MODE = 0755;

  private final FileStore files;
  private final TenantId tenant;

  Rewind(FileStore files, TenantId tenant) {
    this.files = files;
    this.tenant = tenant;
  }

  /** The name a version of a file is kept under. */
  static String version(Digest digest) {
    return VERSIONS + digest.hex();
  }

  /** All folders of a run, in a VM that has just been started or adopted. */
  void run(Vm vm, RunId run, RunView view) {
    Home lead = new Home(run.lead());
    for (String folder : FOLDERS) {
      vm.makeDirectory(Home.path(folder), lead.owner(FOLDER_MODE));
    }
    Set<String> tasks = new HashSet<>();
    for (AgentId agent : view.agentsWithFiles()) {
      if (agent.isSubagent()) {
        tasks.add(new Home(agent).path());
      }
    }
    for (Vm.FileStat entry : vm.list(Home.TASKS, false)) {
      if (!tasks.contains(entry.path())) {
        vm.delete(entry.path());
      }
    }
    restore(vm, lead, view.folder(lead.agent()));
    for (AgentId agent : view.agentsWithFiles()) {
      if (agent.isSubagent()) {
        subagent(vm, agent, view.folder(agent));
      }
    }
  }

  /** One subagent's folder. */
  void subagent(Vm vm, AgentId agent, RunView.Folder recorded) {
    Home home = new Home(agent);
    if (!exists(vm, home.path())) {
      vm.makeDirectory(home.path(), home.owner(FOLDER_MODE));
      if (recorded.files().isEmpty() && recorded.folders().isEmpty()) {
        return;
      }
    }
    restore(vm, home, recorded);
  }

  private void restore(Vm vm, Home home, RunView.Folder recorded) {
    clear(vm, home);
    Set<String> right = new HashSet<>();
    List<Vm.FileStat> present =
        vm.list(home.path(), true).stream().filter(f -> home.holds(f.path())).toList();
    for (Vm.FileStat entry : present.reversed()) { // children before their folder
      if (entry.type().equals("directory")) {
        if (!keeps(home, recorded, entry.path())) {
          vm.delete(entry.path());
        }
      } else if (isRight(vm, entry, recorded.files().get(Home.name(entry.path())))) {
        right.add(Home.name(entry.path()));
      } else {
        vm.delete(entry.path());
      }
    }
    for (String folder : recorded.folders()) {
      vm.makeDirectory(Home.path(folder), home.owner(FOLDER_MODE));
    }
    for (WorkspaceFile file : recorded.files().values()) {
      if (!right.contains(file.path())) {
        byte[] body = body(home.agent(), file);
        vm.write(
            Home.path(file.path()),
            new ByteArrayInputStream(body),
            body.length,
            home.owner(file.mode()));
      }
    }
  }

  /** Whether this folder below {@code /workspace} is always there. */
  static boolean isStandard(Home home, String name) {
    return !home.agent().isSubagent() && FOLDERS.contains(name);
  }

  private static boolean keeps(Home home, RunView.Folder recorded, String folder) {
    return isStandard(home, Home.name(folder))
        || recorded.folders().contains(Home.name(folder))
        || recorded.files().keySet().stream().anyMatch(f -> GuestPath.within(Home.path(f), folder));
  }

  private static boolean isRight(Vm vm, Vm.FileStat entry, @Nullable WorkspaceFile recorded) {
    if (recorded == null
        || !entry.type().equals("file")
        || entry.size() != recorded.size()
        || (entry.mode() & 0777) != recorded.mode()) {
      return false;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.read(entry.path(), 0, recorded.size() + 1, out);
    return Digest.of(out.toByteArray()).equals(recorded.digest());
  }

  private byte[] body(AgentId agent, WorkspaceFile file) {
    Optional<byte[]> current = files.get(tenant, agent, file.path());
    if (current.isPresent() && Digest.of(current.get()).equals(file.digest())) {
      return current.get();
    }
    byte[] kept =
        files
            .get(tenant, agent, version(file.digest()))
            .orElseThrow(
                () ->
                    ChoirException.fatal(
                        "file_version_lost",
                        "the recorded version of /workspace/"
                            + file.path()
                            + " of "
                            + agent
                            + " is not in the file store",
                        "restore the file store from a backup: choir restore FILE"));
    files.put(tenant, agent, file.path(), kept); // others read the current version by its name
    return kept;
  }

  /**
   * Ends what an earlier owner of the run left running and removes what it left in /tmp: neither is
   * recorded. The image makes the workspace's folders writable for all agents of a run; each
   * history holds one's own, so they become the lead's.
   */
  private static void clear(Vm vm, Home home) {
    String own =
        home.agent().isSubagent()
            ? ""
            : "; cd " + Home.WORKSPACE + " && chmod 755 . " + String.join(" ", FOLDERS);
    vm.exec(
        new ExecRequest(
            List.of(
                "/bin/bash", "-c", "kill -KILL -1; find /tmp -mindepth 1 -user $UID -delete" + own),
            Map.of(),
            "/",
            home.uid(),
            Duration.ofSeconds(30),
            4 << 10),
        VmWorkspace.into(new ByteArrayOutputStream()));
  }

  private static boolean exists(Vm vm, String path) {
    try {
      vm.stat(path);
      return true;
    } catch (SandboxException e) {
      if (e.code().equals("file_not_found")) {
        return false;
      }
      throw e;
    }
  }
}
