package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a tool in a guest cannot do. */
class IsolationTest {
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("isolation");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "touch /etc/x",
        "touch /skills/x",
        "touch /usr/bin/x",
        "python3 -c 'import ctypes, sys; sys.exit(-ctypes.CDLL(None).mount(b\"x\", b\"/mnt\","
            + " b\"tmpfs\", 0, None))'",
        "unshare -r true",
        "unshare -Urm true",
        "chroot /workspace true",
        "mknod /tmp/mem c 1 1",
        "kill -9 1",
        "kill -STOP 1",
        "cat /proc/1/environ",
        "ls /proc/1/root",
        "cat /proc/1/maps",
        "cat /dev/vda",
        "cat /dev/mem",
        "cat /dev/port",
        "cat /dev/kmem",
        "cat /dev/kmsg",
        "cat /dev/vport0p1",
        "cat /dev/virtio-ports/choir.agent",
        "dmesg",
        "python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)'",
        "python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 80), 3)'",
        "python3 -c 'import os; os.setuid(0)'",
        "echo 1 > /proc/sys/kernel/sysrq",
        "su -c true",
      })
  void isRefused(String command) {
    Shell shell = Shell.run(vm, command + " 2>/dev/null");
    assertThat(shell.code()).isNotZero();
    assertThat(shell.result().timedOut()).isFalse();
  }

  /** Without these the refusals above would only mean that a program is missing. */
  @Test
  void theProgramsThatAreRefusedAreThere() {
    assertThat(Shell.run(vm, "command -v unshare chroot mknod kill dmesg su python3").out().lines())
        .hasSize(7);
    assertThat(Shell.run(vm, "find / -xdev -perm /6000 -type f 2>/dev/null").out()).isEmpty();
  }

  @Test
  void hasNoNetworkInterfaceButTheLoopback() {
    assertThat(Shell.run(vm, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '").out())
        .isEqualTo("lo\n");
    assertThat(Shell.run(vm, "tail -n +2 /proc/net/route | wc -l").out()).isEqualTo("0\n");
  }

  @Test
  void holdsNoPrivilege() {
    assertThat(
            Shell.run(vm, "grep -E '^(CapPrm|CapEff|NoNewPrivs|Groups)' /proc/self/status").out())
        .isEqualToNormalizingWhitespace(
            "Groups: CapPrm: 0000000000000000 CapEff: 0000000000000000 NoNewPrivs: 1");
    // No program of the image raises privileges either, since none may gain any.
    assertThat(Shell.run(vm, "id -u").out()).isEqualTo("1000\n");
  }

  @Test
  void seesNoProcessOfOthers() {
    assertThat(Shell.run(vm, "ls /proc | grep -cE '^[0-9]+$'").out().strip())
        .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(6));
    assertThat(Shell.run(vm, "ls -d /proc/1 2>&1").code()).isNotZero();
  }

  @Test
  void writesItsOwnPlacesAsASubagentToo() {
    assertThat(
            Shell.as(
                    vm,
                    1001,
                    "for f in /workspace/sources/a /tmp/a /home/choir/a /dev/shm/a; do"
                        + " echo x > $f && cat $f; done")
                .out())
        .isEqualTo("x\nx\nx\nx\n");
  }

  @Test
  void killingEverythingItCanReachSparesTheAgent() {
    Shell shell = Shell.run(vm, "kill -9 -1");
    assertThat(shell.result().signal()).isIn(0, 9);
    assertThat(Shell.run(vm, "echo alive").out()).isEqualTo("alive\n");
  }

  @Test
  void aForkBombIsBoundedAndSwept() {
    Shell bomb =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(4),
            1000,
            Map.of(),
            "/",
            "bash",
            "-c",
            "f() { f | f & }; f; sleep 60");
    assertThat(bomb.result().timedOut() || bomb.code() != 0).isTrue();
    assertThat(Shell.run(vm, "ps -u 1000 --no-headers | wc -l").out().strip())
        .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThan(8));
  }

  @Test
  void aMemoryHogIsKilledAndReportedAndTheAgentLives() {
    Shell hog = Shell.run(vm, "exec python3 -c 'x = bytearray(2 << 30); print(len(x))'");
    assertThat(hog.result().oomKilled() || hog.err().contains("MemoryError")).isTrue();
    Shell slow =
        Shell.run(
            vm, "exec python3 -c 'x=[]\nwhile True: x.append(bytearray(b\"x\" * (4 << 20)))'");
    assertThat(slow.result().oomKilled()).isTrue();
    assertThat(slow.result().signal()).isEqualTo(9);
    assertThat(Shell.run(vm, "echo alive").out()).isEqualTo("alive\n");
  }

  @Test
  void aFullDiskIsTheToolsProblemAlone() {
    Shell full = Shell.run(vm, "head -c 900M /dev/zero > /workspace/full; echo $?; rm full");
    assertThat(full.err()).contains("No space left");
    assertThat(Shell.run(vm, "echo fine > /workspace/ok && cat /workspace/ok").out())
        .isEqualTo("fine\n");
  }

  @Test
  void manyZombiesAreCollected() {
    Shell.run(vm, "for i in $(seq 100); do (sleep 0 & ) ; done; exec sleep 0.1");
    assertThat(Shell.run(vm, "ps -eo stat --no-headers | grep -c Z").out()).isEqualTo("0\n");
  }
}
