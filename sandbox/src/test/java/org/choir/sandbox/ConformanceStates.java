package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.choir.sandbox.ConformanceCases.assertCode;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.choir.core.TenantId;

/** What every place does with the states of its VMs. */
final class ConformanceStates {
  private static final Duration SOON = Duration.ofSeconds(40);

  private ConformanceStates() {}

  static void attaches(ConformanceTest place) throws Exception {
    Path file = Files.createTempFile("choir-volume", ".img");
    try {
      try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
        disk.setLength(7 << 20);
      }
      VmSpec with =
          new VmSpec(
              "disks", new TenantId("ada"), 1, 384, 512, List.of(new VmSpec.Volume("vol", file)));
      Vm vm = place.host().create(with).vm();
      assertThat(Shell.run(vm, "cat /proc/partitions").out()).containsPattern(" 7168 vd[a-z]\n");
      place.host().destroy("disks");
      assertThat(file).as("the caller's, not the VM's").hasSize(7 << 20);
    } finally {
      place.host().destroy("disks");
      Files.delete(file);
    }
  }

  static void suspends(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "echo kept > drafts/kept.txt; sync");
    for (int i = 0; i < 2; i++) {
      VmState.Suspended suspended = place.host().suspend(running(place, "shared"));
      assertThat(suspended.info().phase()).isEqualTo(VmInfo.Phase.SUSPENDED);
      assertThat(place.host().find("shared").orElseThrow()).isInstanceOf(VmState.Suspended.class);
      VmState.Running again = place.host().resume(suspended);
      assertThat(again.info().generation()).isGreaterThan(suspended.info().generation());
      assertThat(Shell.run(again.vm(), "cat drafts/kept.txt").out()).isEqualTo("kept\n");
    }
  }

  private static VmState.Running running(ConformanceTest place, String id) {
    return (VmState.Running) place.host().find(id).orElseThrow();
  }

  static void keepsMemory(ConformanceTest place) throws Exception {
    Vm vm = place.shared();
    Thread counting =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Shell.run(
                        vm,
                        "echo $$ > /tmp/pid; i=0; while true; do i=$((i+1)); echo $i > /tmp/n;"
                            + " sleep 0.1; done");
                  } catch (SandboxException e) {
                    // its connection ends with the suspend
                  }
                });
    await().atMost(SOON).until(() -> Shell.run(vm, "cat /tmp/n 2>/dev/null").out().length() > 1);
    VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
    // What is only in memory is there: this file system is no disk on our own drivers.
    assertThat(Shell.run(again.vm(), "test -s /tmp/n && echo yes").out()).isEqualTo("yes\n");
    counting.join(Duration.ofSeconds(60));
    assertThat(counting.isAlive()).isFalse();
  }

  static void clock(ConformanceTest place) {
    VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
    long guest = Long.parseLong(Shell.run(again.vm(), "date +%s%3N").out().strip());
    assertThat(Math.abs(guest - System.currentTimeMillis())).isLessThan(2_500);
  }

  static void random(ConformanceTest place) {
    Vm vm = place.shared();
    String draw = "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n'";
    Set<String> seen = new java.util.HashSet<>();
    seen.add(Shell.run(vm, draw).out());
    for (int i = 0; i < 2; i++) {
      VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
      seen.add(Shell.run(again.vm(), draw).out());
    }
    assertThat(seen).hasSize(3);
  }

  static void refusesTransitions(ConformanceTest place) {
    place.shared();
    VmState.Running before = running(place, "shared");
    VmState.Suspended suspended = place.host().suspend(before);
    assertCode("vm_not_running", () -> place.host().suspend(before));
    VmState.Running after = place.host().resume(suspended);
    assertCode("vm_not_suspended", () -> place.host().resume(suspended));
    assertCode("vm_not_running", () -> place.host().suspend(before));
    assertThat(Shell.run(after.vm(), "echo fine").out()).isEqualTo("fine\n");
    assertCode("bad_id", () -> place.spec("no/such"));
  }

  static void foundAgain(ConformanceTest place) throws Exception {
    Shell.run(place.shared(), "echo there > drafts/again");
    VmHost next = place.reopen();
    assertThat(next.recover().adopted()).contains("shared");
    VmState.Running running = running(place, "shared");
    assertThat(Shell.run(running.vm(), "cat drafts/again").out()).isEqualTo("there\n");
    assertThat(running.info().tenant().value()).isEqualTo("ada");
  }

  static void foundSuspended(ConformanceTest place) throws Exception {
    Shell.run(place.shared(), "echo asleep > drafts/asleep; sync");
    place.host().suspend(running(place, "shared"));
    VmHost next = place.reopen();
    assertThat(next.recover().adopted()).contains("shared");
    VmState state = next.find("shared").orElseThrow();
    assertThat(state).isInstanceOf(VmState.Suspended.class);
    VmState.Running again = next.resume((VmState.Suspended) state);
    assertThat(Shell.run(again.vm(), "cat drafts/asleep").out()).isEqualTo("asleep\n");
  }

  static void destroys(ConformanceTest place) throws Exception {
    place.shared();
    VmState.Running held = running(place, "shared");
    VmState.Suspended suspended = place.host().suspend(held);
    place.host().destroy("shared");
    place.host().destroy("shared");
    assertThat(place.host().find("shared")).isEmpty();
    assertThat(place.host().list()).isEmpty();
    place.nothingIsLeft();
    assertCode("no_such_vm", () -> place.host().resume(suspended));
    assertCode("no_such_vm", () -> place.host().suspend(held));
    assertThatThrownBy(() -> Shell.run(held.vm(), "echo"))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.failure().retryable()).isTrue());
    VmState.Running fresh = place.host().create(place.spec("shared"));
    assertThat(Shell.run(fresh.vm(), "ls drafts").out()).isEmpty();
    fresh.vm().close();
    await().atMost(SOON).until(() -> place.host().find("shared").isEmpty());
  }
}
