package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.choir.backbone.FileStore;
import org.choir.core.AgentId;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.sandbox.ExecRequest;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Vm;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a step changed in its agent's folder, stores the bodies, and makes the events that
 * record them.
 *
 * <p>What file tools touched is known by name. After a command everything is looked at: a file
 * counts as unchanged only if size, modification time and change time are those of the last look.
 * The change time is the guest kernel's and cannot be set back by a user, so an edit that keeps the
 * size and restores the modification time ({@code touch -r}, {@code cp -p}) is seen as well.
 */
final class WorkspaceScan {
  /** A larger file stays in the VM only. */
  static final long FILE_MAX = 16L << 20;

  /** Files of one agent that are kept. */
  static final int FILES_MAX = 2_000;

  private static final long LISTING_MAX = 32L << 20;

  private final FileStore store;
  private final TenantId tenant;
  private final Home home;
  private Map<String, Seen> seen = new HashMap<>();
  private int seenGeneration;

  private record Seen(long size, long modified, String changed) {}

  /**
   * What is to be recorded.
   *
   * @param notices for the model: what is not kept, and why
   */
  record Changes(List<ObjectNode> events, List<String> notices) {
    static final Changes NONE = new Changes(List.of(), List.of());
  }

  WorkspaceScan(FileStore store, TenantId tenant, Home home) {
    this.store = store;
    this.tenant = tenant;
    this.home = home;
  }

  /** The changes since the last recorded entry; bodies are stored when this returns. */
  Changes changes(VmWorkspace workspace, RunView.Folder recorded, int generation) {
    if (generation != seenGeneration) {
      seen = new HashMap<>();
      seenGeneration = generation;
    }
    return workspace.with(
        vm ->
            workspace.executed()
                ? everything(vm, Set.copyOf(workspace.touched()), recorded)
                : byName(vm, workspace.touched(), recorded));
  }

  private Changes byName(Vm vm, Set<String> touched, RunView.Folder recorded) {
    Collector out = new Collector(vm, recorded);
    for (String path : touched) {
      if (!home.holds(path)) {
        continue;
      }
      seen.remove(path);
      Vm.FileStat stat = stat(vm, path);
      if (stat != null && stat.type().equals("file")) {
        out.file(stat);
      } else if (stat == null) {
        out.gone(path);
      }
    }
    return out.changes();
  }

  private Changes everything(Vm vm, Set<String> touched, RunView.Folder recorded) {
    List<Vm.FileStat> present =
        vm.list(home.path(), true).stream().filter(f -> home.holds(f.path())).toList();
    Map<String, String> changeTimes = changeTimes(vm);
    Collector out = new Collector(vm, recorded);
    Set<String> filesThere = new HashSet<>();
    Set<String> foldersThere = new HashSet<>();
    Map<String, Seen> now = new HashMap<>();
    for (Vm.FileStat entry : present) {
      switch (entry.type()) {
        case "file" -> {
          filesThere.add(entry.path());
          Seen look =
              new Seen(
                  entry.size(), entry.modifiedMillis(), changeTimes.getOrDefault(entry.path(), ""));
          boolean same =
              look.equals(seen.get(entry.path()))
                  && !look.changed().isEmpty()
                  && !touched.contains(entry.path());
          if (same || out.file(entry)) {
            now.put(entry.path(), look);
          }
        }
        case "directory" -> {
          foldersThere.add(entry.path());
          out.folder(entry.path(), present);
        }
        default -> out.notices.add(Home.name(entry.path()) + " is not a plain file");
      }
    }
    recorded.files().keySet().stream()
        .map(Home::path)
        .filter(p -> !filesThere.contains(p))
        .forEach(out::gone);
    recorded.folders().stream()
        .map(Home::path)
        .filter(p -> !foldersThere.contains(p))
        .forEach(out::gone);
    seen = now;
    return out.changes();
  }

  private Map<String, String> changeTimes(Vm vm) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.exec(
        new ExecRequest(
            List.of("find", home.path(), "-xdev", "-type", "f", "-printf", "%C@ %p\\0"),
            Map.of(),
            "/",
            home.uid(),
            Duration.ofSeconds(60),
            LISTING_MAX),
        VmWorkspace.into(out));
    Map<String, String> times = new HashMap<>();
    for (String row : out.toString(StandardCharsets.UTF_8).split("\0", -1)) {
      int space = row.indexOf(' ');
      if (space > 0) {
        times.put(row.substring(space + 1), row.substring(0, space));
      }
    }
    return times;
  }

  private static Vm.@Nullable FileStat stat(Vm vm, String path) {
    try {
      return vm.stat(path);
    } catch (SandboxException e) {
      if (e.code().equals("file_not_found") || e.code().equals("not_a_directory")) {
        return null;
      }
      throw e;
    }
  }

  /** Events by path, so that a step's record does not depend on the order of discovery. */
  private final class Collector {
    private final Vm vm;
    private final RunView.Folder recorded;
    private final TreeMap<String, ObjectNode> events = new TreeMap<>();
    private final List<String> notices = new ArrayList<>();
    private int kept;

    Collector(Vm vm, RunView.Folder recorded) {
      this.vm = vm;
      this.recorded = recorded;
      this.kept = recorded.files().size();
    }

    /** Stores the file if it differs from what is recorded; false if it cannot be kept. */
    boolean file(Vm.FileStat stat) {
      String name = Home.name(stat.path());
      boolean known = recorded.files().containsKey(name);
      if (stat.size() > FILE_MAX) {
        notices.add(name + " has " + stat.size() + " bytes, the limit is " + FILE_MAX);
      } else if (!known && kept >= FILES_MAX) {
        notices.add(name + " is one file too many, the limit is " + FILES_MAX);
      } else {
        byte[] body = body(stat.path());
        if (body == null) {
          return false; // gone since it was listed
        }
        kept += known ? 0 : 1;
        store(name, body, stat.mode() & 0777);
        return true;
      }
      if (known) {
        gone(stat.path());
      }
      return false;
    }

    private void store(String name, byte[] body, int mode) {
      Digest digest = Digest.of(body);
      WorkspaceFile file = new WorkspaceFile(name, body.length, digest, mode);
      if (file.equals(recorded.files().get(name))) {
        return;
      }
      AgentId agent = home.agent();
      if (!recorded.stored().contains(digest)) {
        store.put(tenant, agent, Rewind.version(digest), body);
      }
      store.put(tenant, agent, name, body);
      events.put(
          name,
          Events.of("file_changed")
              .put("path", name)
              .put("size", body.length)
              .put("digest", digest.hex())
              .put("mode", mode));
    }

    private byte @Nullable [] body(String path) {
      try {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        vm.read(path, 0, FILE_MAX, out);
        return out.toByteArray();
      } catch (SandboxException e) {
        if (e.code().equals("file_not_found")) {
          return null;
        }
        throw e;
      }
    }

    /** An empty folder must be recorded, others come with their files. */
    void folder(String path, List<Vm.FileStat> present) {
      String name = Home.name(path);
      boolean empty = present.stream().noneMatch(f -> f.path().startsWith(path + "/"));
      if (empty && !Rewind.isStandard(home, name) && !recorded.folders().contains(name)) {
        events.put(name, Events.of("folder_made").put("path", name));
      }
    }

    /** A path that is no more: the file or folder there, and what was recorded below it. */
    void gone(String path) {
      for (String file : recorded.files().keySet()) {
        if (GuestPath.within(Home.path(file), path)) {
          store.delete(home.agent(), file);
          events.putIfAbsent(file, Events.of("file_deleted").put("path", file));
        }
      }
      for (String folder : recorded.folders()) {
        if (GuestPath.within(Home.path(folder), path)) {
          events.putIfAbsent(folder, Events.of("folder_deleted").put("path", folder));
        }
      }
    }

    Changes changes() {
      return new Changes(List.copyOf(events.values()), List.copyOf(notices));
    }
  }
}
