package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bounds of processes: the layouts of other hosts as files, those of this host for real. */
class ConfinementTest {
  private static final Confinement.Limits LIMITS = new Confinement.Limits(150, 300L << 20, 64);

  @TempDir Path root;

  private void file(String path, String content) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private String read(String path) throws IOException {
    return Files.readString(root.resolve(path));
  }

  private static Path parent(ControlGroups groups, String controller) {
    return java.util.Objects.requireNonNull(groups.parents().get(controller));
  }

  private Path machine() throws IOException {
    return Files.createDirectories(root.resolve("vms/vm-1"));
  }

  @Test
  void version2IsUsedWhereItHasControllers() throws Exception {
    String mounts = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n";
    file("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    file("sys/fs/cgroup/system.slice/choir.service/cgroup.procs", "77\n");
    ControlGroups groups =
        ControlGroups.find(root, mounts, "0::/system.slice/choir.service\n", 77).orElseThrow();
    assertThat(groups.description()).isEqualTo("control groups v2 (cpu, memory, pids)");
    String own = "sys/fs/cgroup/system.slice/choir.service/";
    assertThat(read(own + "cgroup.subtree_control")).isEqualTo("+cpu +memory +pids");

    Path machine = machine();
    List<String> words = groups.enter(machine, LIMITS);
    Path group = Path.of(Files.readString(machine.resolve(ControlGroups.FILE)).strip());
    assertThat(group.getParent()).isEqualTo(root.resolve(own + "choir"));
    assertThat(words).contains(group.resolve("cgroup.procs").toString());
    assertThat(group.resolve("cpu.max")).hasContent("150000 100000");
    assertThat(group.resolve("memory.max")).hasContent(Long.toString(300L << 20));
    assertThat(group.resolve("pids.max")).hasContent("64");
    // This kernel knows no swap limit, so none is written.
    assertThat(group.resolve("memory.swap.max")).doesNotExist();
  }

  @Test
  void aGroupThatOthersLiveInIsLeftForTheTop() throws Exception {
    file("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
    file("sys/fs/cgroup/user.slice/session/cgroup.procs", "77\n78\n");
    // The kernel refuses to hand controllers down from a group with processes; a folder does too.
    Files.createDirectory(root.resolve("sys/fs/cgroup/user.slice/session/cgroup.subtree_control"));
    ControlGroups groups =
        ControlGroups.find(
                root, "c /sys/fs/cgroup cgroup2 rw 0 0\n", "0::/user.slice/session\n", 77)
            .orElseThrow();
    assertThat(groups.parents().get("cpu")).isEqualTo(root.resolve("sys/fs/cgroup/choir"));
  }

  @Test
  void version1IsUsedWhereVersion2HasNoControllers() throws Exception {
    String mounts =
        """
        cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
        cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
        cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
        cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
        """;
    file("sys/fs/cgroup/unified/cgroup.controllers", "\n");
    Files.createDirectories(root.resolve("sys/fs/cgroup/cpu,cpuacct"));
    Files.createDirectories(root.resolve("sys/fs/cgroup/memory/docker/abc"));
    Files.createDirectories(root.resolve("sys/fs/cgroup/pids"));
    ControlGroups groups =
        ControlGroups.find(
                root, mounts, "3:pids:/\n2:memory:/docker/abc\n1:cpu,cpuacct:/gone\n0::/\n", 1)
            .orElseThrow();
    assertThat(groups.version()).isEqualTo(1);
    assertThat(groups.parents())
        .isEqualTo(
            Map.of(
                "cpu", root.resolve("sys/fs/cgroup/cpu,cpuacct/choir"),
                "memory", root.resolve("sys/fs/cgroup/memory/docker/abc/choir"),
                "pids", root.resolve("sys/fs/cgroup/pids/choir")));
    Path machine = machine();
    groups.enter(machine, LIMITS);
    List<Path> made =
        Files.readAllLines(machine.resolve(ControlGroups.FILE)).stream().map(Path::of).toList();
    assertThat(made).hasSize(3);
    String name = made.getFirst().getFileName().toString();
    assertThat(parent(groups, "cpu").resolve(name + "/cpu.cfs_quota_us")).hasContent("150000");
    assertThat(parent(groups, "memory").resolve(name + "/memory.limit_in_bytes"))
        .hasContent(Long.toString(300L << 20));
    assertThat(parent(groups, "pids").resolve(name + "/pids.max")).hasContent("64");
  }

  @Test
  void aHostWithoutGroupsHasLimitsOfEachProcess() throws Exception {
    assertThat(ControlGroups.find(root, "proc /proc proc rw 0 0\n", "", 1)).isEmpty();
    String readOnly = "cgroup2 /sys/fs/cgroup cgroup2 ro 0 0\n";
    file("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
    file("sys/fs/cgroup/choir", "a file where a group should be");
    Files.createDirectory(root.resolve("sys/fs/cgroup/cgroup.subtree_control"));
    assertThat(ControlGroups.find(root, readOnly, "0::/\n", 1)).isEmpty();
    assertThat(new ResourceLimits().enter(machine(), LIMITS))
        .contains("--as=" + ((300L << 20) + (4L << 30)));
    assertThat(new ResourceLimits().description()).contains("resource limits");
  }

  @Test
  void resourceLimitsHoldForReal() throws Exception {
    List<String> words = new ArrayList<>(new ResourceLimits().enter(machine(), LIMITS));
    words.addAll(List.of("sh", "-c", "ulimit -v; ulimit -n"));
    Process process = new ProcessBuilder(words).start();
    assertThat(process.inputReader().lines().toList())
        .containsExactly(Long.toString(((300L << 20) + (4L << 30)) / 1024), "1024");
  }

  @Test
  void aProcessCannotTakeMoreThanItsGroupAllows() throws Exception {
    ControlGroups groups = here();
    Path machine = machine();
    Confinement.Limits small = new Confinement.Limits(40, 48L << 20, 12);
    List<String> enter = groups.enter(machine, small);
    try {
      // Memory: only this one is killed, and it is known why.
      assertThat(groups.outOfMemory(machine)).isFalse();
      Process hog = start(enter, "python3", "-c", "x = bytearray(400 << 20); print(len(x))");
      assertThat(hog.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(
              new HypervisorExit(hog.exitValue(), groups.outOfMemory(machine)).failure("x").code())
          .isEqualTo("hypervisor_limit");
      // Processes: the thirteenth is refused.
      Process bomb = start(enter, "bash", "-c", "for i in $(seq 30); do sleep 5 & done 2>&1; wait");
      String said =
          new String(bomb.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      bomb.waitFor();
      assertThat(said).contains("Resource temporarily unavailable");
      // The processor: a loop gets its share and is held there.
      Process loop = start(enter, "bash", "-c", "while :; do :; done");
      try {
        await().atMost(Duration.ofSeconds(20)).until(() -> throttled(groups, machine) > 5);
      } finally {
        loop.destroyForcibly().waitFor();
      }
    } finally {
      groups.leave(machine);
    }
    for (String group : Files.readAllLines(machine.resolve(ControlGroups.FILE))) {
      assertThat(Path.of(group)).doesNotExist();
    }
    groups.leave(machine); // twice is once
  }

  private static Process start(List<String> enter, String... command) throws IOException {
    List<String> words = new ArrayList<>(enter);
    words.addAll(List.of(command));
    return new ProcessBuilder(words).redirectErrorStream(true).start();
  }

  private static long throttled(ControlGroups groups, Path machine) throws IOException {
    for (String group : Files.readAllLines(machine.resolve(ControlGroups.FILE))) {
      Path stat = Path.of(group, "cpu.stat");
      if (group.startsWith(groups.parents().getOrDefault("cpu", machine).toString())) {
        Optional<String> line =
            Files.readAllLines(stat).stream().filter(l -> l.startsWith("nr_throttled")).findFirst();
        return line.map(l -> Long.parseLong(l.split(" ", -1)[1])).orElse(0L);
      }
    }
    return 0;
  }

  /** The groups of this host; a machine without any is the case of the limits above. */
  private static ControlGroups here() {
    assumeTrue(Confinement.ofHost() instanceof ControlGroups, "no writable control groups here");
    return (ControlGroups) Confinement.ofHost();
  }

  @Test
  void onlyRootWithTheWholeRangeOfUsersGivesEachVmItsOwn() {
    String root = "Name:\tjava\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n";
    String all = "         0          0 4294967295\n";
    assertThat(HypervisorUser.separate(root, all)).isTrue();
    assertThat(HypervisorUser.separate(root, "0 100000 65536\n")).isFalse();
    assertThat(
            HypervisorUser.separate(root.replace("\t0\t0\t0\t0", "\t1000\t1000\t1000\t1000"), all))
        .isFalse();
    assertThat(HypervisorUser.separate(root.replace("1ffffffffff", "00000000000"), all)).isFalse();
    assertThat(HypervisorUser.separate("", "")).isFalse();
  }

  @Test
  void aUserBelongsToOneMachineAtATime() throws Exception {
    assumeTrue(HypervisorUser.separate(), "this server is not root");
    Path one = machine();
    Path two = Files.createDirectories(root.resolve("vms/vm-2"));
    try {
      int first = HypervisorUser.claim(one).orElseThrow();
      assertThat(HypervisorUser.claim(one)).hasValue(first);
      assertThat(HypervisorUser.claim(two).orElseThrow()).isNotEqualTo(first);
      assertThat(first)
          .isBetween(HypervisorUser.FIRST, HypervisorUser.FIRST + HypervisorUser.COUNT);
    } finally {
      HypervisorUser.release(one);
      HypervisorUser.release(two);
    }
  }

  @Test
  void usersAreClaimedAndReleasedByManyAtOnce() throws Exception {
    assumeTrue(HypervisorUser.separate(), "this server is not root");
    Map<Integer, Path> held = new ConcurrentHashMap<>();
    List<Callable<Void>> machines = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      Path folder = Files.createDirectories(root.resolve("vms/vm-" + i));
      machines.add(
          () -> {
            for (int round = 0; round < 20; round++) {
              int user = HypervisorUser.claim(folder).orElseThrow();
              assertThat(held.put(user, folder)).isNull();
              held.remove(user);
              HypervisorUser.release(folder);
            }
            return null;
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(machines.size())) {
      for (Future<Void> ended : threads.invokeAll(machines)) {
        ended.get();
      }
    }
  }

  @Test
  void anEndIsToldByItsSignal() {
    Map<Integer, String> codes =
        Map.of(
            128 + 31,
            "hypervisor_violation",
            128 + 25,
            "hypervisor_limit",
            128 + 11,
            "guest_lost",
            128 + 9,
            "guest_lost",
            0,
            "guest_lost",
            1,
            "guest_lost");
    codes.forEach(
        (status, code) ->
            assertThat(new HypervisorExit(status, false).failure("x").code())
                .as("status %d", status)
                .isEqualTo(code));
    assertThat(new HypervisorExit(137, true).failure("x").code()).isEqualTo("hypervisor_limit");
    assertThat(new HypervisorExit(139, false).failure("x").getMessage()).contains("SEGV");
  }

  @Test
  void aGroupThatCannotBeMadeRefusesTheVm() throws Exception {
    ControlGroups broken =
        new ControlGroups(
            2, Map.of("memory", root.resolve("not/there"), "cpu", root, "pids", root));
    Path machine = machine();
    assertThatThrownBy(() -> broken.enter(machine, LIMITS))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("no_control_group"));
  }
}
