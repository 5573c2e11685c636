package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tools that attack their machine from inside: the kernel, the agent, each other. */
class HardeningTest {
  private static final int EPERM = 1;
  private static final int ENOSYS = 38;

  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;
  private static Map<String, Integer> errors = Map.of();

  /** One system call after the other, with arguments that would do something if it were allowed. */
  private static final String PROBE =
      """
      import ctypes, os, mmap
      libc = ctypes.CDLL(None, use_errno=True)
      libc.syscall.restype = ctypes.c_long
      calls = dict(io_uring_setup=425, io_uring_enter=426, io_uring_register=427, bpf=321,
        kexec_load=246, kexec_file_load=320, init_module=175, finit_module=313, delete_module=176,
        userfaultfd=323, perf_event_open=298, add_key=248, request_key=249, keyctl=250, mount=165,
        umount2=166, pivot_root=155, chroot=161, move_mount=429, open_tree=428, fsopen=430,
        fsmount=432, mount_setattr=442, swapon=167, reboot=169, settimeofday=164, clock_settime=227,
        acct=163, iopl=172, ioperm=173, modify_ldt=154, quotactl=179, open_by_handle_at=304,
        syslog=103, sethostname=170, process_vm_readv=310, process_vm_writev=311, kcmp=312,
        pidfd_getfd=438, unshare=272, setns=308, fanotify_init=300, clone3=435)
      for name, number in calls.items():
          ctypes.set_errno(0)
          code = libc.syscall(number, 0x10000000 if name == 'unshare' else 0, 0, 0, 0, 0, 0)
          print(name, ctypes.get_errno() if code < 0 else 0)
      def ask(name, number, *words):
          ctypes.set_errno(0)
          code = libc.syscall(number, *words)
          print(name, ctypes.get_errno() if code < 0 else 0)
      ask('ptrace_attach', 101, 16, os.getppid(), 0, 0)
      ask('ptrace_seize', 101, 0x4206, os.getppid(), 0, 0)
      ask('ptrace_agent', 101, 16, 1, 0, 0)
      ask('mknod_device', 133, b'/tmp/d', 0o20666, 0x103)
      ask('mknodat_block', 259, -100, b'/tmp/e', 0o60666, 0x103)
      ask('mknod_pipe', 133, b'/tmp/f%d' % os.getpid(), 0o10666, 0)
      ask('push_input', 16, 0, 0x5412, b'x')
      ask('clone_user', 56, 0x10000000 | 17, 0, 0, 0, 0)
      ask('socket_vsock', 41, 40, 1, 0)
      ask('socket_alg', 41, 38, 5, 0)
      ask('socket_packet', 41, 17, 3, 0)
      ask('socket_inet', 41, 2, 1, 0)
      ask('x32', 0x40000000 + 39)
      ask('getpid', 39)
      """;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("hardening");
    Shell probe =
        Shell.run(vm, 1000, Duration.ofSeconds(60), 1 << 20, Map.of(), "/", "python3", "-c", PROBE);
    assertThat(probe.err()).isEmpty();
    errors =
        probe
            .out()
            .lines()
            .map(line -> line.split(" ", 2))
            .collect(
                java.util.stream.Collectors.toMap(
                    words -> words[0], words -> Integer.parseInt(words[1])));
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bpf",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "userfaultfd",
        "perf_event_open",
        "add_key",
        "request_key",
        "keyctl",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "move_mount",
        "open_tree",
        "fsopen",
        "fsmount",
        "mount_setattr",
        "swapon",
        "reboot",
        "settimeofday",
        "clock_settime",
        "acct",
        "iopl",
        "ioperm",
        "modify_ldt",
        "quotactl",
        "open_by_handle_at",
        "syslog",
        "sethostname",
        "process_vm_readv",
        "process_vm_writev",
        "kcmp",
        "pidfd_getfd",
        "unshare",
        "setns",
        "fanotify_init",
        "ptrace_attach",
        "ptrace_seize",
        "ptrace_agent",
        "mknod_device",
        "mknodat_block",
        "push_input",
        "clone_user"
      })
  void refusesTheSystemCall(String name) {
    assertThat(errors).containsEntry(name, EPERM);
  }

  @ParameterizedTest
  @CsvSource({"io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "x32"})
  void claimsNotToHaveTheSystemCall(String name) {
    assertThat(errors).containsEntry(name, ENOSYS);
  }

  @Test
  void knowsNoSocketsButOrdinaryOnes() {
    assertThat(errors)
        .containsEntry("socket_vsock", 97)
        .containsEntry("socket_alg", 97)
        .containsEntry("socket_packet", 97);
  }

  /** Without these a filter that refuses everything would pass. */
  @Test
  void leavesOrdinaryCallsAlone() {
    assertThat(errors)
        .containsEntry("mknod_pipe", 0)
        .containsEntry("socket_inet", 0)
        .containsEntry("getpid", 0);
    assertThat(
            Shell.run(
                    vm,
                    "python3 -c 'import threading; t = threading.Thread(target=print, args=(1,));"
                        + " t.start(); t.join()'; node -e 'console.log(2)'")
                .out())
        .isEqualTo("1\n2\n");
  }

  @Test
  void everyToolRunsUnderTheFilterAndGainsNoPrivileges() {
    assertThat(Shell.run(vm, "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status").out())
        .isEqualToNormalizingWhitespace("NoNewPrivs: 1 Seccomp: 2");
    try (Execution terminal =
        vm.start(
            new ExecRequest(
                    List.of("grep", "Seccomp:", "/proc/self/status"),
                    Map.of(),
                    "/",
                    1000,
                    Duration.ofSeconds(30),
                    1_000)
                .inTerminal(80, 24))) {
      CommandFixture.Followed seen = new CommandFixture.Followed();
      terminal.await(seen);
      assertThat(seen.text()).contains("2");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/dev/mem",
        "/dev/kmem",
        "/dev/port",
        "/dev/vda",
        "/dev/kmsg",
        "/dev/vport0p1",
        "/sys/kernel"
      })
  void hasNoDeviceOfTheMachine(String path) {
    assertThat(Shell.run(vm, "ls " + path).code()).isNotZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "kill -9 1",
        "kill -STOP 1",
        "kill -TERM 1",
        "kill -0 1",
        "kill -SEGV 1",
        "cat /proc/1/mem",
        "ls /proc/1/fd",
        "readlink /proc/1/exe",
        "echo 0 > /proc/1/oom_score_adj",
        "cat /proc/1/environ",
        "ls /proc/1/root/",
        "cat /proc/1/maps",
        "cat /proc/1/cgroup",
        "prlimit --pid 1 --nofile=1",
        "renice 19 1",
        "chrt -p -f 1 1",
        "nsenter -t 1 -m true"
      })
  void cannotTouchTheAgent(String command) {
    assertThat(Shell.run(vm, command + " 2>/dev/null").code()).isNotZero();
    assertThat(Shell.run(vm, "echo alive").out()).isEqualTo("alive\n");
  }

  @Test
  void exhaustingFileDescriptorsHurtsOnlyTheTool() {
    Shell shell =
        Shell.run(
            vm,
            """
            for i in $(seq 3); do python3 -c '
            import os
            held = []
            try:
                while True: held.append(os.open("/dev/null", 0))
            except OSError as e: print(e.errno, len(held) < 5000)
            import time; time.sleep(1)' & done; wait
            """);
    assertThat(shell.out()).isEqualTo("24 True\n".repeat(3));
    assertThat(Shell.run(vm, "echo alive").out()).isEqualTo("alive\n");
  }

  @Test
  void aFloodOfZombiesEndsWithItsCommand() {
    Shell shell =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(60),
            1_000,
            Map.of(),
            "/",
            "python3",
            "-c",
            """
            import os
            n = 0
            try:
                while n < 2000:
                    if os.fork() == 0: os._exit(0)
                    n += 1
            except OSError as e: print('full', n < 1000)
            """);
    assertThat(shell.out()).isEqualTo("full True\n");
    assertThat(Shell.run(vm, "ps -eo stat --no-headers | grep -c Z").out()).isEqualTo("0\n");
  }

  @Test
  void killMinusOneReachesNeitherTheAgentNorTheCommandsOfOtherUsers() {
    try (Execution other =
        vm.start(
            new ExecRequest(
                List.of("sh", "-c", "echo up; sleep 2; echo still"),
                Map.of(),
                "/",
                1001,
                Duration.ofSeconds(30),
                1_000))) {
      while (!(other.next() instanceof ExecEvent.Output)) {
        // until it is up
      }
      Shell.run(vm, "kill -9 -1");
      CommandFixture.Followed seen = new CommandFixture.Followed();
      assertThat(other.await(seen).exitCode()).isZero();
      assertThat(seen.text()).contains("still");
    }
  }

  @Test
  void aForkBombLeavesRoomForOtherCommands() {
    try (Execution bomb =
        vm.start(
            new ExecRequest(
                List.of("bash", "-c", "echo up; f() { f | f & }; f; sleep 60"),
                Map.of(),
                "/",
                1000,
                Duration.ofSeconds(30),
                1_000))) {
      while (!(bomb.next() instanceof ExecEvent.Output)) {
        // until it is up
      }
      assertThat(Shell.as(vm, 1001, "echo alive").out()).isEqualTo("alive\n");
      bomb.kill();
      assertThat(bomb.await(new CommandFixture.Followed()).signal()).isEqualTo(9);
    }
    assertThat(Shell.run(vm, "ps -u 1000 --no-headers | wc -l").out().strip())
        .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(8));
  }
}
