package org.choir.sandbox.firecracker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.choir.sandbox.SandboxException;

/**
 * What of a host decides whether tenants' machines may run on it. Read from {@code /proc} and
 * {@code /sys}, judged by {@link #problems} alone, which looks at nothing else. The rules are those
 * of Firecracker's own guide for production hosts.
 *
 * @param swaps active swap areas: a guest's memory would reach a disk
 * @param sharesPages whether the kernel merges equal pages (KSM): a way for one guest to learn
 *     another's memory
 * @param controllers of control groups in version 2
 * @param threadsShareCores whether simultaneous multithreading is on
 * @param kvm whether {@code /dev/kvm} can be opened for reading and writing
 * @param root whether this process may jail others
 */
public record HostReport(
    List<String> swaps,
    boolean sharesPages,
    Set<String> controllers,
    boolean threadsShareCores,
    boolean kvm,
    boolean root) {
  private static final Set<String> NEEDED = Set.of("cpu", "memory", "pids");

  public HostReport {
    swaps = List.copyOf(swaps);
    controllers = Set.copyOf(controllers);
  }

  /** This host, now. */
  public static HostReport read() {
    return read(Path.of("/"));
  }

  static HostReport read(Path root) {
    List<String> swaps = new ArrayList<>();
    text(root.resolve("proc/swaps"))
        .lines()
        .skip(1)
        .map(line -> line.split("\\s+", 2)[0])
        .forEach(swaps::add);
    Path groups = root.resolve("sys/fs/cgroup/cgroup.controllers");
    return new HostReport(
        swaps,
        text(root.resolve("sys/kernel/mm/ksm/run")).strip().equals("1"),
        new HashSet<>(List.of(text(groups).strip().split("\\s+", -1))),
        text(root.resolve("sys/devices/system/cpu/smt/active")).strip().equals("1"),
        Files.isReadable(root.resolve("dev/kvm")) && Files.isWritable(root.resolve("dev/kvm")),
        canJail(root));
  }

  private static boolean canJail(Path root) {
    return text(root.resolve("proc/self/status"))
        .lines()
        .anyMatch(line -> line.matches("Uid:\\s+0\\s.*"));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return ""; // this kernel has no such thing
    }
  }

  /** One reason against a host, or one thing to be told of it. */
  public record Problem(boolean fatal, String message, String remedy) {}

  /** Everything that speaks against a host. */
  public List<Problem> problems() {
    List<Problem> all = new ArrayList<>();
    if (!root) {
      all.add(
          new Problem(true, "the jailer needs to be started as root", "run the server as root"));
    }
    if (!kvm) {
      all.add(
          new Problem(
              true,
              "/dev/kvm cannot be used",
              "use a host with hardware virtualisation, or sandbox.driver: qemu"));
    }
    if (!swaps.isEmpty()) {
      all.add(
          new Problem(
              true,
              "swap is on (" + String.join(", ", swaps) + "): guests' memory would reach a disk",
              "sudo swapoff -a"));
    }
    if (sharesPages) {
      all.add(
          new Problem(
              true,
              "the kernel merges equal pages of different guests (KSM)",
              "echo 0 | sudo tee /sys/kernel/mm/ksm/run"));
    }
    if (!controllers.containsAll(NEEDED)) {
      all.add(
          new Problem(
              true,
              "control groups of version 2 lack " + missing(),
              "boot with systemd.unified_cgroup_hierarchy=1"));
    }
    if (threadsShareCores) {
      all.add(
          new Problem(
              false,
              "guests on one core's two threads can watch each other (SMT is on)",
              "echo off | sudo tee /sys/devices/system/cpu/smt/control"));
    }
    return List.copyOf(all);
  }

  private String missing() {
    List<String> missing = new ArrayList<>(NEEDED);
    missing.removeAll(controllers);
    missing.sort(null);
    return String.join(", ", missing);
  }

  /**
   * Refuses a host that must not run tenants' machines.
   *
   * @return what is only to be told
   * @throws SandboxException {@code host_unfit} naming every reason
   */
  public List<Problem> require() {
    List<Problem> fatal = problems().stream().filter(Problem::fatal).toList();
    if (!fatal.isEmpty()) {
      throw SandboxException.lasting(
          "host_unfit",
          "this host may not run Firecracker: "
              + String.join("; ", fatal.stream().map(Problem::message).toList()),
          String.join("; ", fatal.stream().map(Problem::remedy).toList()));
    }
    return problems();
  }
}
