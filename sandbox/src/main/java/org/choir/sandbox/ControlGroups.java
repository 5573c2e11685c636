package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.choir.core.Digest;

/**
 * One control group for each hypervisor process, below this server's own so that whatever bounds
 * the server bounds its VMs too.
 *
 * @param version of the kernel's interface, 1 or 2; it has different names for the same things
 * @param parents by controller ({@code cpu}, {@code memory}, {@code pids}): the group that holds
 *     those of all VMs; in version 2 it is one for all
 */
record ControlGroups(int version, Map<String, Path> parents) implements Confinement {
  private static final List<String> CONTROLLERS = List.of("cpu", "memory", "pids");
  private static final String PARENT = "choir";
  private static final long PERIOD_MICROS = 100_000;

  /** In a machine's folder: its groups, a line each. */
  static final String FILE = "groups";

  /** The kernel keeps a group busy for a moment after its last process has ended. */
  private static final int REMOVE_TRIES = 200;

  private static final long REMOVE_PAUSE_MILLIS = 10;

  ControlGroups {
    parents = Map.copyOf(parents);
  }

  /**
   * The groups that this process may use; empty if there are none.
   *
   * @param root where the paths begin, {@code /} on a host
   * @param mounts as {@code /proc/self/mounts}
   * @param self as {@code /proc/self/cgroup}
   * @param pid of this process
   */
  static Optional<ControlGroups> find(Path root, String mounts, String self, long pid) {
    Map<String, Path> v1 = new TreeMap<>();
    Path v2 = null;
    for (String line : mounts.lines().toList()) {
      String[] fields = line.split(" ", -1);
      if (fields.length < 4) {
        continue;
      }
      Path mount = below(root, fields[1]);
      if (fields[2].equals("cgroup2")) {
        v2 = mount;
      } else if (fields[2].equals("cgroup")) {
        for (String option : fields[3].split(",", -1)) {
          if (CONTROLLERS.contains(option)) {
            v1.put(option, mount);
          }
        }
      }
    }
    Map<String, String> own = own(self);
    if (v2 != null && controllers(v2).containsAll(CONTROLLERS)) {
      for (Path base : bases(v2, own.getOrDefault("", "/"))) {
        if (delegates(base, pid)) {
          Path parent = base.resolve(PARENT);
          if (writable(parent) && enabled(parent)) {
            Map<String, Path> parents = new TreeMap<>();
            CONTROLLERS.forEach(controller -> parents.put(controller, parent));
            return Optional.of(new ControlGroups(2, parents));
          }
        }
      }
    }
    Map<String, Path> parents = new TreeMap<>();
    v1.forEach(
        (controller, mount) ->
            bases(mount, own.getOrDefault(controller, "/")).stream()
                .map(base -> base.resolve(PARENT))
                .filter(ControlGroups::writable)
                .findFirst()
                .ifPresent(parent -> parents.put(controller, parent)));
    return parents.containsKey("memory")
        ? Optional.of(new ControlGroups(1, parents))
        : Optional.empty();
  }

  /** This process's own group by controller; by the empty name in version 2. */
  private static Map<String, String> own(String self) {
    Map<String, String> own = new LinkedHashMap<>();
    for (String line : self.lines().toList()) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3) {
        for (String controller : fields[1].split(",", -1)) {
          own.put(controller, fields[2]);
        }
      }
    }
    return own;
  }

  /** Where groups may be made: below this process's own, else at the top of what is mounted. */
  private static Set<Path> bases(Path mount, String own) {
    Set<Path> bases = new LinkedHashSet<>();
    Path nested = below(mount, own);
    if (Files.isDirectory(nested)) {
      bases.add(nested);
    }
    bases.add(mount);
    return bases;
  }

  private static Path below(Path base, String absolute) {
    return base.resolve(absolute.replaceFirst("^/+", "")).normalize();
  }

  private static Collection<String> controllers(Path group) {
    try {
      return List.of(Files.readString(group.resolve("cgroup.controllers")).strip().split(" ", -1));
    } catch (IOException e) {
      return List.of(); // not of version 2, or not mounted
    }
  }

  /** Whether a group hands its controllers to groups below it; it must hold no process then. */
  private static boolean delegates(Path group, long pid) {
    if (enabled(group)) {
      return true;
    }
    try {
      String inside = Files.readString(group.resolve("cgroup.procs")).strip();
      if (!inside.equals(Long.toString(pid))) {
        return false; // others live there, and they are not this process's to move
      }
      Path leaf = group.resolve("server");
      if (!writable(leaf)) {
        return false;
      }
      write(leaf, "cgroup.procs", Long.toString(pid));
      return enabled(group);
    } catch (IOException e) {
      return false; // another user's
    }
  }

  private static boolean enabled(Path group) {
    try {
      write(group, "cgroup.subtree_control", "+cpu +memory +pids");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean writable(Path group) {
    try {
      Files.createDirectory(group);
      return true;
    } catch (FileAlreadyExistsException e) {
      return Files.isWritable(group);
    } catch (IOException e) {
      return false; // read-only, or another user's
    }
  }

  @Override
  public String description() {
    return "control groups v"
        + version
        + " ("
        + String.join(", ", new TreeMap<>(parents).keySet())
        + ")";
  }

  @Override
  public List<String> enter(Path folder, Limits limits) {
    String name = "vm-" + Digest.of(folder.toString()).prefix(16);
    Set<Path> groups = new LinkedHashSet<>();
    parents.values().forEach(parent -> groups.add(parent.resolve(name)));
    try {
      // First, so that whatever is made next is found again.
      Files.writeString(
          folder.resolve(FILE),
          String.join("\n", groups.stream().map(Path::toString).toList()) + "\n");
      for (Path group : groups) {
        if (!Files.isDirectory(group)) {
          Files.createDirectory(group);
        }
      }
      for (Map.Entry<String, Map<String, String>> each : settings(limits).entrySet()) {
        Path parent = parents.get(each.getKey());
        if (parent != null) {
          for (Map.Entry<String, String> setting : each.getValue().entrySet()) {
            set(parent.resolve(name), setting.getKey(), setting.getValue());
          }
        }
      }
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_control_group",
          "cannot make a control group for a VM: " + e.getMessage(),
          "choir doctor tells what this host has",
          e);
    }
    List<String> words = new ArrayList<>();
    // The shell enters and becomes the command: no moment passes outside the group.
    words.add("/bin/sh");
    words.add("-c");
    words.add(
        "n=$1; shift; while [ \"$n\" -gt 0 ]; do echo $$ > \"$1\" || exit 97; shift; n=$((n - 1));"
            + " done; exec \"$@\"");
    words.add("choir-enter");
    words.add(Integer.toString(groups.size()));
    groups.forEach(group -> words.add(group.resolve("cgroup.procs").toString()));
    return words;
  }

  /** By controller: what is written into which file. Files that a kernel may lack end with ?. */
  private Map<String, Map<String, String>> settings(Limits limits) {
    String memory = Long.toString(limits.memoryBytes());
    String quota = Long.toString(limits.cpuPercent() * PERIOD_MICROS / 100);
    Map<String, String> pids = Map.of("pids.max", Integer.toString(limits.processes()));
    if (version == 2) {
      return Map.of(
          "cpu", Map.of("cpu.max", quota + " " + PERIOD_MICROS),
          "memory", ordered("memory.max", memory, "memory.swap.max?", "0"),
          "pids", pids);
    }
    return Map.of(
        "cpu",
            ordered("cpu.cfs_period_us", Long.toString(PERIOD_MICROS), "cpu.cfs_quota_us", quota),
        "memory", ordered("memory.limit_in_bytes", memory, "memory.memsw.limit_in_bytes?", memory),
        "pids", pids);
  }

  private static Map<String, String> ordered(String a, String x, String b, String y) {
    Map<String, String> map = new LinkedHashMap<>();
    map.put(a, x);
    map.put(b, y);
    return map;
  }

  private static void set(Path group, String file, String value) throws IOException {
    boolean optional = file.endsWith("?");
    String name = optional ? file.substring(0, file.length() - 1) : file;
    if (!optional || Files.exists(group.resolve(name))) {
      write(group, name, value);
    }
  }

  private static void write(Path group, String file, String value) throws IOException {
    Files.write(group.resolve(file), value.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public boolean outOfMemory(Path folder) {
    String file = version == 2 ? "memory.events" : "memory.oom_control";
    return recorded(folder).stream()
        .map(group -> group.resolve(file))
        .anyMatch(ControlGroups::killed);
  }

  private static boolean killed(Path events) {
    try {
      return Files.exists(events)
          && Files.readAllLines(events).stream()
              .anyMatch(line -> line.startsWith("oom_kill ") && !line.endsWith(" 0"));
    } catch (IOException e) {
      return false; // removed meanwhile
    }
  }

  @Override
  public void leave(Path folder) {
    for (Path group : recorded(folder)) {
      remove(group);
    }
  }

  private static List<Path> recorded(Path folder) {
    try {
      return Files.readAllLines(folder.resolve(FILE)).stream()
          .filter(line -> !line.isEmpty())
          .map(Path::of)
          .toList();
    } catch (NoSuchFileException e) {
      return List.of(); // never entered
    } catch (IOException e) {
      throw SandboxException.lasting(
          "cannot_clean", "cannot read " + folder.resolve(FILE) + ": " + e.getMessage(), "", e);
    }
  }

  private static void remove(Path group) {
    for (int i = 0; ; i++) {
      try {
        Files.deleteIfExists(group);
        return;
      } catch (DirectoryNotEmptyException e) {
        throw SandboxException.lasting(
            "cannot_clean", "the control group " + group + " has groups below it", "", e);
      } catch (FileSystemException e) {
        if (i == REMOVE_TRIES) {
          throw SandboxException.lasting(
              "cannot_clean",
              "cannot remove the control group " + group + ": " + e.getMessage(),
              "end the processes in it",
              e);
        }
        pause(group);
      } catch (IOException e) {
        throw SandboxException.lasting(
            "cannot_clean", "cannot remove " + group + ": " + e.getMessage(), "", e);
      }
    }
  }

  private static void pause(Path group) {
    try {
      Thread.sleep(REMOVE_PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SandboxException.lasting(
          "cancelled", "the removal of " + group + " was interrupted", "", e);
    }
  }
}
