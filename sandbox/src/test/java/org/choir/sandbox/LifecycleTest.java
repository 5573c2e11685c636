package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs come, are found again, and leave nothing behind. */
class LifecycleTest {
  private static final Duration SOON = Duration.ofSeconds(40);

  @TempDir Path folder;
  private Sandboxes room;

  @BeforeEach
  void open() {
    room = TestImage.open(folder);
  }

  @AfterEach
  void leaveNothing() throws Exception {
    room.list().forEach(info -> room.find(info.id()).ifPresent(Vm::close));
    room.close();
    assertThat(folders()).isEmpty();
    assertThat(HypervisorProcess.withArgument(folder.toString() + "/vm-")).isEmpty();
  }

  @Test
  void aVmOutlivesTheProcessThatStartedItAndIsFoundAgain() throws Exception {
    Vm first = room.obtain("run-1");
    Shell.run(first, "echo kept > /workspace/drafts/a");
    // A command that never ends, and an answer that is cut off in the middle of a frame.
    Thread cut =
        Thread.ofVirtual()
            .start(
                () ->
                    assertThatThrownBy(
                            () -> Shell.run(first, 1000, SOON, 1L << 40, Map.of(), "/", "yes"))
                        .isInstanceOf(SandboxException.class));
    await().atMost(SOON).until(() -> Shell.run(first, "pgrep -c -x yes").out().equals("1\n"));
    room.close();
    cut.join();

    room = TestImage.open(folder);
    assertThat(room.recover()).isEqualTo(new VmHost.Recovery(List.of("run-1"), List.of()));
    Vm again = room.obtain("run-1");
    assertThat(again.pid()).isEqualTo(first.pid());
    assertThat(Shell.run(again, "cat /workspace/drafts/a").out()).isEqualTo("kept\n");
    // What the former process had asked for is over.
    await().atMost(SOON).until(() -> Shell.run(again, "pgrep -c -x yes").out().equals("0\n"));
    assertThat(room.list())
        .singleElement()
        .satisfies(info -> assertThat(info.state()).isEqualTo("running"));
  }

  @Test
  void aKilledHypervisorIsNoticedCleanedUpAndReplaced() throws Exception {
    Vm vm = room.obtain("run-2");
    long pid = vm.pid();
    ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    assertThatThrownBy(() -> Shell.run(vm, "sleep 30"))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_lost"));
    await().atMost(SOON).until(() -> room.find("run-2").isEmpty() && folders().isEmpty());
    Vm next = room.obtain("run-2");
    assertThat(next.pid()).isNotEqualTo(pid);
    assertThat(Shell.run(next, "echo new").out()).isEqualTo("new\n");
  }

  @Test
  void aHypervisorThatDiedWhileNobodyLookedIsReaped() throws Exception {
    Vm vm = room.obtain("run-3");
    room.close();
    HypervisorProcess process = HypervisorProcess.of(vm.pid()).orElseThrow();
    process.kill();
    assertThat(process.alive()).isFalse();
    Files.createDirectory(folder.resolve("vm-without-a-journal"));
    room = TestImage.open(folder);
    assertThat(room.recover().reaped()).containsExactlyInAnyOrder("run-3", "vm-without-a-journal");
    assertThat(folders()).isEmpty();
    assertThat(room.list()).isEmpty();
  }

  @Test
  void aProcessWithTheSameNumberIsNeverTakenForTheVm() throws Exception {
    Process other = new ProcessBuilder("sleep", "600").start();
    try {
      HypervisorProcess now = HypervisorProcess.of(other.pid()).orElseThrow();
      Path remains = Files.createDirectory(folder.resolve("vm-reused"));
      Journal.write(
          new Journal.Entry(
              new VmSpec("run-4", TenantId.LOCAL, 1, 256, 256, List.of()),
              remains,
              new Snapshot.Fit("qemu", "", "tcg", "", "", "run", 1, 256, 256, List.of()),
              new HypervisorProcess(now.pid(), now.startTicks() - 1, now.hostBoot()),
              VmInfo.Phase.RUNNING,
              1,
              0,
              1,
              "00".repeat(16)));
      assertThat(room.recover().reaped()).containsExactly("run-4");
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }

  @Test
  void callersOfOneIdShareOneBoot() throws Exception {
    Callable<Vm> obtain = () -> room.obtain("shared");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Vm>> all = threads.invokeAll(List.of(obtain, obtain, obtain, obtain));
      Vm first = all.getFirst().get();
      for (Future<Vm> one : all) {
        assertThat(one.get()).isSameAs(first);
      }
    }
    assertThat(folders()).hasSize(1);
  }

  @Test
  void twoVmsKeepToThemselvesAndOneThatBreaksTheProtocolFallsAlone() throws Exception {
    Vm one = room.obtain("one");
    Vm two = room.obtain("two");
    Shell.run(one, "echo secret-of-one > /workspace/sources/s; echo secret-of-one > /tmp/s");
    assertThat(Shell.run(two, "grep -rs secret-of-one /workspace /tmp /home; echo $?").out())
        .isEqualTo("1\n");
    guest("one").link().broken("test");
    await().atMost(SOON).until(() -> room.find("one").isEmpty() && folders().size() == 1);
    assertThat(ProcessHandle.of(one.pid()).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(Shell.run(two, "echo fine").out()).isEqualTo("fine\n");
  }

  @Test
  void refusesOneMoreThanTheLimit() {
    Sandboxes.Options few = TestImage.options(folder);
    try (Sandboxes small =
        TestImage.open(
            new Sandboxes.Options(
                folder, few.image(), "auto", few.memoryMib(), few.overlayMib(), 0),
            InstantSource.system())) {
      assertThatThrownBy(() -> small.obtain("x"))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("vm_limit"));
    }
  }

  @Test
  void saysWhatToDoWithoutAnImageOrWithOneOfAnotherVersion() throws Exception {
    Path image = Files.createDirectory(folder.resolve("image"));
    Sandboxes.Options options = new Sandboxes.Options(folder, image, "tcg", 256, 256, 1);
    try (Sandboxes empty = TestImage.open(options, InstantSource.system())) {
      assertThatThrownBy(() -> empty.obtain("x"))
          .isInstanceOfSatisfying(
              SandboxException.class,
              e -> {
                assertThat(e.code()).isEqualTo("no_image");
                assertThat(e.failure().remedy()).contains("guest/build-image");
              });
      for (String name : List.of("vmlinuz", "initrd.img", "root.img")) {
        Files.createFile(image.resolve(name));
      }
      Files.writeString(
          image.resolve("manifest.json"), "{\"protocolMin\":7,\"protocolMax\":8,\"recipe\":\"\"}");
      assertThatThrownBy(() -> empty.obtain("x"))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("image_mismatch"));
      // A kernel that is none: QEMU ends, the message tells what it said.
      Files.writeString(
          image.resolve("manifest.json"), "{\"protocolMin\":1,\"protocolMax\":1,\"recipe\":\"\"}");
      assertThatThrownBy(() -> empty.obtain("x"))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("vm_boot_failed"));
    }
  }

  @Test
  void aFolderWithALongPathGetsAShortSocketElsewhere() {
    Path deep = folder.resolve("d".repeat(60)).resolve("e".repeat(60));
    try (Sandboxes far = TestImage.open(deep)) {
      Vm vm = far.obtain("far");
      Path socket = QemuHypervisor.agentSocket(((GuestVm) running(far, "far")).entry().folder());
      assertThat(socket.toString().length()).isLessThan(RuntimeFolder.SOCKET_PATH_MAX);
      assertThat(Shell.run(vm, "echo far").out()).isEqualTo("far\n");
      vm.close();
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void softwareEmulationComesWithAWarning() {
    assertThat(room.warning().isPresent()).isEqualTo(room.accelerator().equals("tcg"));
  }

  private GuestVm guest(String id) {
    return (GuestVm) running(room, id);
  }

  private static Vm running(Sandboxes room, String id) {
    return ((VmState.Running) room.host().find(id).orElseThrow()).vm();
  }

  private List<Path> folders() throws Exception {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> path.getFileName().toString().startsWith("vm-")).toList();
    }
  }
}
