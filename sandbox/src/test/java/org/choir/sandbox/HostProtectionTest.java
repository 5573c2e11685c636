package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hypervisor's process may do to this host, and what happens when it goes wrong. */
class HostProtectionTest {
  @TempDir static Path folder;
  private static OwnHost host;
  private static Sandboxes room;

  @BeforeAll
  static void open() {
    Sandboxes.Options options = TestImage.options(folder.resolve("vms"));
    Sandboxes.makeFolder(options.folder());
    host =
        new OwnHost(
            options,
            new QemuDriver(),
            TestImage.keys(folder),
            InstantSource.system(),
            Outside.nothing(),
            s -> {});
    host.watching(
        new Watchdog.Patience(
            Duration.ofMillis(200), Duration.ofSeconds(3), Duration.ofSeconds(8)));
    room = Sandboxes.over(host, options, InstantSource.system());
  }

  @AfterEach
  void leaveNothing() throws Exception {
    for (VmInfo info : room.list()) {
      room.destroy(info.id());
    }
    assertThat(remains()).isEmpty();
  }

  @AfterAll
  static void stop() {
    room.close();
  }

  private static List<Path> remains() throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("vms"))) {
      return all.filter(path -> path.getFileName().toString().startsWith("vm-")).toList();
    }
  }

  private static Map<String, String> status(Path process) throws IOException {
    Map<String, String> status = new TreeMap<>();
    for (String line : Files.readAllLines(process.resolve("status"))) {
      String[] parts = line.split(":", 2);
      status.put(parts[0], parts[1].strip().replaceAll("\\s+", " "));
    }
    return status;
  }

  private static String user(Vm vm) throws IOException {
    String all = status(Path.of("/proc/" + vm.pid())).getOrDefault("Uid", "");
    return all.substring(0, all.indexOf(' '));
  }

  @Test
  void everyThreadOfAHypervisorIsFilteredAndWithoutPrivilege() throws Exception {
    Vm vm = room.obtain("bounded");
    Shell.run(vm, "true");
    Path process = Path.of("/proc/" + vm.pid());
    List<Path> threads;
    try (Stream<Path> all = Files.list(process.resolve("task"))) {
      threads = all.toList();
    }
    assertThat(threads).hasSizeGreaterThan(1);
    for (Path thread : threads) {
      Map<String, String> status = status(thread);
      assertThat(status).containsEntry("Seccomp", "2").containsEntry("NoNewPrivs", "1");
      assertThat(status.get("CapEff"))
          .isEqualTo(HypervisorUser.separate() ? "0".repeat(16) : status.get("CapEff"));
    }
    String limits = Files.readString(process.resolve("limits"));
    assertThat(limits).containsPattern("Max core file size +0 +0");
    assertThat(limits).doesNotContainPattern("Max file size +unlimited");
    String command = Files.readString(process.resolve("cmdline")).replace('\0', ' ');
    assertThat(command).contains("-sandbox on,").doesNotContain("-netdev", "-nic");
    // Its control group is its own and says what was asked for.
    if (Confinement.ofHost() instanceof ControlGroups) {
      for (String group : Files.readAllLines(remains().getFirst().resolve(ControlGroups.FILE))) {
        assertThat(Files.readAllLines(Path.of(group, "cgroup.procs")))
            .containsExactly(Long.toString(vm.pid()));
      }
    }
  }

  @Test
  void eachVmRunsAsAUserOfItsOwnThatOwnsNothing() throws Exception {
    assumeTrue(HypervisorUser.separate(), "this server is not root");
    Vm one = room.obtain("one");
    Vm two = room.obtain("two");
    String first = user(one);
    String second = user(two);
    assertThat(Integer.parseInt(first)).isGreaterThanOrEqualTo(HypervisorUser.FIRST);
    assertThat(first).isNotEqualTo(second);
    assertThat(status(Path.of("/proc/" + one.pid())).get("Groups")).isEqualTo(first);
    // As that user nothing of either VM can be reached.
    for (Path remain : remains()) {
      for (String name : List.of("overlay.img", "vm.json", "agent.sock", "jail/in", "jail")) {
        Process process =
            new ProcessBuilder(
                    "setpriv",
                    "--reuid=" + first,
                    "--regid=" + first,
                    "--clear-groups",
                    "stat",
                    remain.resolve(name).toString())
                .redirectErrorStream(true)
                .start();
        assertThat(process.waitFor()).as("%s", remain.resolve(name)).isNotZero();
      }
    }
    // The user is free again once the VM is gone.
    Path claims = RuntimeFolder.path().resolve("users");
    assertThat(claims.resolve(first)).exists();
    one.close();
    assertThat(claims.resolve(first)).doesNotExist();
  }

  @Test
  void aHungHypervisorLooksHungAndIsKilledAtItsDeadline() throws Exception {
    Vm vm = room.obtain("hung");
    long pid = vm.pid();
    HypervisorProcess process = HypervisorProcess.of(pid).orElseThrow();
    assertThat(host.find("hung")).get().isInstanceOf(VmState.Running.class);
    new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> host.list().stream().anyMatch(info -> info.state().equals("hung")));
    assertThat(host.find("hung")).get().isInstanceOf(VmState.Changing.class);
    await().atMost(Duration.ofSeconds(30)).until(() -> !process.alive());
    await().atMost(Duration.ofSeconds(30)).until(() -> host.find("hung").isEmpty());
    assertThatThrownBy(() -> Shell.run(vm, "true"))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.failure().retryable()).isTrue());
  }

  @Test
  void whatAHypervisorPrintsIsBounded() throws Exception {
    // A guest that writes to its console without end, as one that has taken its kernel over could.
    Machine machine = machine("flood");
    Path image = Files.createDirectories(folder.resolve("flood"));
    Files.createDirectories(image.resolve("root"));
    Path init = image.resolve("root/init");
    Path source = image.resolve("flood.go");
    Files.writeString(
        source,
        """
        package main

        import (
        	"os"
        	"strings"
        	"syscall"
        )

        func main() {
        	os.Mkdir("/dev", 0755)
        	syscall.Mount("devtmpfs", "/dev", "devtmpfs", 0, "")
        	out, _ := os.OpenFile("/dev/ttyS0", os.O_WRONLY, 0)
        	for i := 0; ; i++ {
        		out.WriteString(strings.Repeat("flood ", 100) + "\\n")
        	}
        }
        """);
    ProcessBuilder go =
        new ProcessBuilder("go", "build", "-o", init.toString(), source.toString())
            .redirectErrorStream(true);
    go.environment().put("CGO_ENABLED", "0");
    go.environment().putIfAbsent("HOME", folder.toString());
    Process build = go.start();
    String said =
        new String(build.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(build.waitFor()).as(said).isZero();
    Path initrd = image.resolve("initrd.img");
    new ProcessBuilder("sh", "-c", "cd root && find . | cpio -o -H newc > ../initrd.img")
        .directory(image.toFile())
        .start()
        .waitFor();
    Image flooding = new Image(machine.image().kernel(), initrd, machine.image().root(), "flood");
    Machine flooder =
        new Machine(
            machine.folder(),
            flooding,
            "tcg",
            1,
            128,
            machine.overlay(),
            List.of(),
            true,
            VmSpec.Role.RUN);
    Hypervisor running = new QemuDriver().boot(flooder, false);
    try {
      Path log = machine.folder().resolve(Launch.LOG);
      await().atMost(Duration.ofSeconds(60)).until(() -> Files.size(log) == Launch.LOG_BYTES_MAX);
      assertThat(running.complaint()).contains("flood");
      // It goes on, and nothing grows any more.
      assertThat(running.process().ended(Duration.ofSeconds(1))).isFalse();
      assertThat(Files.size(log)).isEqualTo(Launch.LOG_BYTES_MAX);
    } finally {
      running.kill();
      Journal.remove(machine.folder());
    }
  }

  @Test
  void aDiskBelongsToOneProcessAtATime() throws Exception {
    Machine machine = machine("disk");
    Hypervisor running = new QemuDriver().boot(machine, false);
    try {
      running.connect(Duration.ofSeconds(20)).channel().close();
      Machine second =
          new Machine(
              machine("second").folder(),
              machine.image(),
              "tcg",
              1,
              128,
              machine.overlay(),
              List.of(),
              false,
              VmSpec.Role.RUN);
      assertThat(complaintOf(second)).contains("another VM has");
      assertThat(running.process().alive()).isTrue();
      // Saved, and running on: what QEMU let go of in between it has again.
      running.pause();
      running.save(java.io.OutputStream.nullOutputStream());
      running.unpause();
    } finally {
      running.kill();
    }
  }

  /** Why a machine that cannot run ended; it may have ended before its start returned. */
  private static String complaintOf(Machine machine) {
    try {
      Hypervisor ending = new QemuDriver().boot(machine, false);
      assertThat(ending.process().ended(Duration.ofSeconds(20))).isTrue();
      return ending.complaint();
    } catch (SandboxException e) {
      return e.failure().message();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "SEGV", "TERM", "XCPU",
        "XFSZ", "SYS", "USR1"
      })
  void eachSignalEndsInATypedFailureAndNoZombie(String signal) throws Exception {
    Machine machine = machine("signal-" + signal);
    Hypervisor running = new QemuDriver().boot(machine, false);
    HypervisorProcess process = running.process();
    try {
      // It listens only once it has set itself up.
      running.connect(Duration.ofSeconds(20)).channel().close();
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
      await().atMost(Duration.ofSeconds(20)).until(() -> !process.alive());
      SandboxException failure = Launch.ending("x", process, machine.folder()).orElseThrow();
      assertThat(failure.code())
          .isEqualTo(
              switch (signal) {
                case "SYS" -> "hypervisor_violation";
                case "XFSZ" -> "hypervisor_limit";
                default -> "guest_lost";
              });
      assertThat(failure.failure().retryable()).isTrue();
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> !Files.exists(Path.of("/proc/" + process.pid())));
    } finally {
      running.kill();
      Path groups = machine.folder().resolve(ControlGroups.FILE);
      if (Files.exists(groups)) {
        for (String group : Files.readAllLines(groups)) {
          assertThat(Path.of(group)).doesNotExist();
        }
      }
      Journal.remove(machine.folder());
    }
  }

  private static Machine machine(String id) throws IOException {
    Path at = Files.createTempDirectory(folder, id);
    Path overlay = at.resolve("overlay.img");
    try (var file = new java.io.RandomAccessFile(overlay.toFile(), "rw")) {
      file.setLength(16 << 20);
    }
    VmSpec spec = new VmSpec(id, TenantId.LOCAL, 1, 128, 16, List.of());
    return new Machine(
        at,
        Image.in(TestImage.folder()),
        "tcg",
        1,
        128,
        overlay,
        spec.volumes(),
        false,
        spec.role());
  }
}
