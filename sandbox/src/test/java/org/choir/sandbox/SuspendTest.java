package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A VM is put on the disk and goes on from there, in this process or another. */
class SuspendTest {
  private static final Duration SOON = Duration.ofSeconds(40);
  private static final TenantId ADA = new TenantId("ada");

  @TempDir Path folder;
  private final MovableClock clock = new MovableClock();
  private Sandboxes room;

  /** The system's clock, some time ahead. */
  private static final class MovableClock implements InstantSource {
    volatile Duration ahead = Duration.ZERO;

    @Override
    public Instant instant() {
      return Instant.now().plus(ahead);
    }
  }

  @BeforeEach
  void open() {
    room = TestImage.open(TestImage.options(folder), clock);
  }

  @AfterEach
  void leaveNothing() throws Exception {
    for (VmInfo info : room.list()) {
      room.destroy(info.id());
    }
    room.close();
    assertThat(folders()).isEmpty();
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
  }

  @Test
  void filesMemoryAndSessionSurviveTenCyclesAndAnotherProcess() throws Exception {
    Vm vm = room.obtain("run-1", ADA);
    Shell.run(
        vm, "mkdir -p drafts; head -c 3000000 /dev/urandom > drafts/data; echo in-memory > /tmp/m");
    String digest = Shell.run(vm, "sha256sum < drafts/data").out();
    for (int i = 1; i <= 10; i++) {
      Shell.run(vm, "echo " + i + " >> drafts/log; echo " + i + " >> /tmp/m");
      if (i % 2 == 0) {
        // The lease ends: nobody asked for this one.
        clock.ahead = clock.ahead.plus(Duration.ofSeconds(3_601));
        assertThat(room.suspendIdle()).containsExactly("run-1");
      } else {
        room.suspend("run-1");
      }
      assertThat(room.list()).singleElement().extracting(VmInfo::state).isEqualTo("suspended");
      assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
      if (i % 3 == 0) {
        room.close();
        room = TestImage.open(TestImage.options(folder), clock);
        assertThat(room.recover().adopted()).containsExactly("run-1");
        vm = room.find("run-1", ADA).orElseThrow();
      }
      // What is only in the guest's memory is there again: /tmp is no disk.
      assertThat(Shell.run(vm, "tail -n 1 /tmp/m; tail -n 1 drafts/log").out())
          .isEqualTo(i + "\n" + i + "\n");
    }
    assertThat(Shell.run(vm, "sha256sum < drafts/data").out()).isEqualTo(digest);
    assertThat(Shell.run(vm, "wc -l < drafts/log").out().strip()).isEqualTo("10");
    assertThat(room.list().getFirst().generation()).isGreaterThanOrEqualTo(11);
  }

  @Test
  void aSuspendedVmUsesDiskOnlyAndNothingOfItIsReadableThere() throws Exception {
    Vm vm = room.obtain("secret", ADA);
    String planted = "the-planted-words-" + "x".repeat(8);
    Shell.run(
        vm, "echo " + planted + " > /workspace/drafts/s; echo " + planted + " > /tmp/s; sync");
    Path home = onlyFolder();
    // The control: while it runs, the search finds them on its disk.
    assertThat(holds(home.resolve("overlay.img"), planted)).isTrue();
    room.suspend("secret");
    assertThat(home.resolve("overlay.img")).doesNotExist();
    try (Stream<Path> all = Files.walk(home)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        assertThat(holds(file, planted)).as("%s", file).isFalse();
      }
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home)))
        .isEqualTo("rwx------");
    assertThat(Shell.run(vm, "cat drafts/s /tmp/s").out()).isEqualTo((planted + "\n").repeat(2));
  }

  @Test
  void twoMachinesFromOneSnapshotHaveTheirOwnRandomNumbersClockAndGeneration() throws Exception {
    Vm vm = room.obtain("twice", ADA);
    Shell.run(vm, "cat /proc/sys/kernel/random/boot_id > /tmp/boot");
    room.suspend("twice");
    String numbers =
        "head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n'; echo;"
            + "cat /proc/sys/kernel/random/uuid;"
            + "python3 -c 'import os; print(os.urandom(16).hex())'";
    Shell first = Shell.run(vm, numbers);
    int generation = room.list().getFirst().generation();
    // The machine is lost; what was suspended before is still there and is loaded again.
    ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly();
    await().atMost(SOON).until(() -> room.list().getFirst().state().equals("suspended"));
    Vm again = room.obtain("twice", ADA);
    Shell second = Shell.run(again, numbers);
    assertThat(first.out().lines())
        .hasSize(3)
        .doesNotContainAnyElementsOf(second.out().lines().toList());
    assertThat(room.list().getFirst().generation()).isEqualTo(generation + 1);
    assertThat(
            Shell.run(again, "cmp /tmp/boot /proc/sys/kernel/random/boot_id && echo shared").out())
        .isEqualTo("shared\n");
  }

  @Test
  void theClockIsRightAfterALongSleepAndTheMonotonicOneDoesNotJump() throws Exception {
    Vm vm = room.obtain("clock", ADA);
    double before = Double.parseDouble(Shell.run(vm, "cut -d' ' -f1 /proc/uptime").out().strip());
    room.suspend("clock");
    clock.ahead = Duration.ofDays(3);
    long guest = Long.parseLong(Shell.run(vm, "date +%s%3N").out().strip());
    assertThat(Math.abs(clock.millis() - guest)).isLessThan(2_000);
    double after = Double.parseDouble(Shell.run(vm, "cut -d' ' -f1 /proc/uptime").out().strip());
    assertThat(after - before).isBetween(0.0, 120.0);
  }

  @Test
  void forbiddenChangesFailByType() {
    VmHost host = room.host();
    VmState.Running running = host.create(TestImage.options(folder).spec("typed", ADA));
    assertThatThrownBy(() -> host.create(TestImage.options(folder).spec("typed", ADA)))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_exists"));
    VmState.Suspended suspended = host.suspend(running);
    assertThatThrownBy(() -> host.suspend(running))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_not_running"));
    assertThatThrownBy(() -> Shell.run(running.vm(), "true"))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_suspended"));
    VmState.Running again = host.resume(suspended);
    assertThatThrownBy(() -> host.resume(suspended))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_not_suspended"));
    assertThatThrownBy(() -> room.resume("typed"))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_not_suspended"));
    assertThatThrownBy(() -> room.suspend("nobody"))
        .satisfies(e -> assertThat(code(e)).isEqualTo("no_such_vm"));
    assertThat(Shell.run(again.vm(), "echo on").out()).isEqualTo("on\n");
  }

  @Test
  void anotherTenantFindsNeitherTheVmNorItsSnapshot() {
    TenantId bob = new TenantId("bob");
    room.obtain("hers", ADA);
    assertThat(room.find("hers", bob)).isEmpty();
    assertThatThrownBy(() -> room.obtain("hers", bob))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_exists"));
    room.suspend("hers");
    assertThat(room.find("hers", bob)).isEmpty();
    assertThatThrownBy(() -> room.obtain("hers", bob))
        .satisfies(e -> assertThat(code(e)).isEqualTo("vm_exists"));
    assertThat(room.find("hers", ADA)).isPresent();
  }

  @Test
  void aCallInProgressKeepsTheLease() throws Exception {
    Vm vm = room.obtain("busy", ADA);
    Thread work =
        Thread.ofVirtual().start(() -> Shell.run(vm, "until [ -e /tmp/go ]; do sleep 0.1; done"));
    await().atMost(SOON).until(vm::busy);
    clock.ahead = Duration.ofHours(2);
    assertThat(room.suspendIdle()).isEmpty();
    Shell.run(vm, "touch /tmp/go");
    work.join();
    assertThat(room.suspendIdle()).isEmpty();
    clock.ahead = Duration.ofHours(4);
    assertThat(room.suspendIdle()).containsExactly("busy");
  }

  @Test
  void aVmThatWasRemovedNeverComesBackToWhoHeldIt() {
    Vm vm = room.obtain("gone", ADA);
    room.suspend("gone");
    room.destroy("gone");
    assertThatThrownBy(() -> Shell.run(vm, "true"))
        .satisfies(e -> assertThat(code(e)).isEqualTo("guest_lost"));
    Vm other = room.obtain("gone", ADA);
    assertThatThrownBy(() -> Shell.run(vm, "true"))
        .satisfies(e -> assertThat(code(e)).isEqualTo("guest_lost"));
    assertThat(Shell.run(other, "echo new").out()).isEqualTo("new\n");
  }

  static String code(Throwable e) {
    return ((SandboxException) e).code();
  }

  /** Whether a file has these words, which do not cross a page. */
  static boolean holds(Path file, String words) throws Exception {
    try (FileChannel in = FileChannel.open(file)) {
      for (SparseFiles.Extent extent : SparseFiles.extents(file)) {
        ByteBuffer part = ByteBuffer.allocate((int) Math.min(extent.length(), 16 << 20));
        for (long at = 0; at < extent.length(); at += part.capacity()) {
          in.read(part.clear(), extent.offset() + at);
          if (new String(part.array(), 0, part.position(), StandardCharsets.ISO_8859_1)
              .contains(words)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private Path onlyFolder() throws Exception {
    assertThat(folders()).hasSize(1);
    return folders().getFirst();
  }

  private List<Path> folders() throws Exception {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> path.getFileName().toString().startsWith("vm-")).toList();
    }
  }
}
