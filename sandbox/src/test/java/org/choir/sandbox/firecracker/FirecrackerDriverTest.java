package org.choir.sandbox.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.TenantId;
import org.choir.keys.FileDataKeys;
import org.choir.sandbox.Capability;
import org.choir.sandbox.Hypervisor;
import org.choir.sandbox.HypervisorProcess;
import org.choir.sandbox.Image;
import org.choir.sandbox.Machine;
import org.choir.sandbox.Outside;
import org.choir.sandbox.SandboxException;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.VmHost;
import org.choir.sandbox.VmSpec;
import org.choir.sandbox.VmState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The driver and its jails over the emulation: what stops a start, and that nothing is ever left.
 */
class FirecrackerDriverTest {
  private static final Path IMAGE =
      Path.of(System.getProperty("choir.repository", ".."))
          .toAbsolutePath()
          .normalize()
          .resolve("guest/target/image");

  private Path folder;
  private Path jails;

  @BeforeEach
  void folders() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root"), "a jailer is started as root");
    assumeTrue(Files.exists(IMAGE.resolve("vmlinux")), "the image is built by the other suites");
    folder = Files.createTempDirectory(Path.of("/tmp"), "fd");
    jails = Files.createDirectory(folder.resolve("j"));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    if (folder == null) {
      return;
    }
    assertThat(jailsLeft()).isEmpty();
    assertThat(HypervisorProcess.withArgument(folder.toString())).isEmpty();
    try (Stream<Path> left = Files.walk(folder)) {
      left.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }

  private List<Path> jailsLeft() throws IOException {
    Path all = jails.resolve("firecracker");
    if (!Files.exists(all)) {
      return List.of();
    }
    try (Stream<Path> left = Files.list(all)) {
      return left.toList();
    }
  }

  private FirecrackerDriver driver(String version, String said, HostReport host)
      throws IOException {
    return new FirecrackerDriver(
        FakePrograms.in(folder, jails, version, said).options(), () -> host);
  }

  private Machine machine(Path image) throws IOException {
    Path vm = Files.createDirectories(folder.resolve("vm-1"));
    Path overlay = Files.write(vm.resolve("overlay.img"), new byte[1 << 20]);
    return new Machine(
        vm,
        new Image(
            image.resolve("vmlinuz"),
            image.resolve("initrd.img"),
            image.resolve("root.img"),
            "recipe"),
        "kvm",
        2,
        256,
        overlay,
        List.of(),
        false,
        VmSpec.Role.RUN);
  }

  private static String code(ThrowingCallable call) {
    List<String> codes = new ArrayList<>();
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(SandboxException.class, e -> codes.add(e.code()));
    return codes.getFirst();
  }

  @Test
  void aVersionThatIsRefusedGetsNoProcess() throws IOException {
    FirecrackerDriver driver = driver("1.16.0", "1.16.0", FakePrograms.goodHost());
    Machine machine = machine(IMAGE);
    assertThat(code(() -> driver.boot(machine, false))).isEqualTo("vmm_version");
    assertThat(code(driver::examine)).isEqualTo("vmm_version");
    assertThat(jails.resolve("firecracker")).doesNotExist();
  }

  /** The process is asked itself, before it has been given anything of a guest. */
  @Test
  void aProcessThatIsAnotherVersionThanItsProgramIsEndedBeforeAnyGuestCode() throws IOException {
    FirecrackerDriver driver = driver("1.16.2", "1.15.0", FakePrograms.goodHost());
    Machine machine = machine(IMAGE);
    assertThatThrownBy(() -> driver.boot(machine, false))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("vmm_version");
              assertThat(e.getMessage()).contains("1.15.0");
            });
    assertThat(jailsLeft()).isEmpty();
  }

  @Test
  void anUnfitHostStartsNothing() throws IOException {
    HostReport swapping =
        new HostReport(
            List.of("/dev/sda2"), false, Set.of("cpu", "memory", "pids"), false, true, true);
    FirecrackerDriver driver = driver("1.16.2", "1.16.2", swapping);
    Machine machine = machine(IMAGE);
    assertThat(code(() -> driver.boot(machine, false))).isEqualTo("host_unfit");
    assertThat(jails.resolve("firecracker")).doesNotExist();
  }

  @Test
  void anImageWithoutAnUnpackedKernelLeavesNoJail() throws IOException {
    Path image = Files.createDirectory(folder.resolve("image"));
    FirecrackerDriver driver = driver("1.16.2", "1.16.2", FakePrograms.goodHost());
    Machine machine = machine(image);
    assertThat(code(() -> driver.boot(machine, false))).isEqualTo("no_image");
    assertThat(jailsLeft()).isEmpty();
  }

  @Test
  void aJailerThatRefusesIsToldInItsOwnWords() throws IOException {
    FirecrackerOptions good = FakePrograms.in(folder, jails, "1.16.2").options();
    Path jailer = folder.resolve("refuses");
    Files.writeString(jailer, "#!/bin/sh\necho 'Jailer error: no such cgroup'; exit 1\n");
    Files.setPosixFilePermissions(
        jailer, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
    FirecrackerDriver driver =
        new FirecrackerDriver(
            new FirecrackerOptions(good.firecracker(), jailer, jails), FakePrograms::goodHost);
    Machine machine = machine(IMAGE);
    assertThatThrownBy(() -> driver.boot(machine, false))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("vm_boot_failed");
              assertThat(e.getMessage()).contains("no such cgroup");
            });
  }

  /** Cases 27 and 5: what does not load ends its process, and all of it is removed. */
  @Test
  void aDamagedStateIsRefusedAndLeavesNothing() throws IOException {
    FirecrackerDriver driver = driver("1.16.2", "1.16.2", FakePrograms.goodHost());
    Machine machine = machine(IMAGE);
    Path state = Files.writeString(folder.resolve("s"), "{\"version\":\"1.13.0\"}");
    Path memory = Files.write(folder.resolve("m"), new byte[100_000]);
    ByteArrayOutputStream foreign = new ByteArrayOutputStream();
    SavedState.write(state, memory, foreign);
    Files.writeString(state, "no json at all");
    ByteArrayOutputStream damaged = new ByteArrayOutputStream();
    SavedState.write(state, memory, damaged);
    byte[] half = Arrays.copyOf(foreign.toByteArray(), foreign.size() / 2);
    for (byte[] bytes : List.of(new byte[0], half, foreign.toByteArray(), damaged.toByteArray())) {
      assertThatThrownBy(() -> driver.restore(machine, new ByteArrayInputStream(bytes)))
          .isInstanceOfSatisfying(
              SandboxException.class,
              e -> {
                assertThat(e.code()).isEqualTo("restore_failed");
                // By this the caller knows that it never ran, and boots from the same disk.
                assertThat(e).hasCauseInstanceOf(IOException.class);
              });
      assertThat(jailsLeft()).isEmpty();
    }
  }

  @Test
  void theJailersCommandLineSaysEveryLimitAndNothingThatOpensIt() throws IOException {
    FirecrackerOptions options =
        new FirecrackerOptions(Path.of("/x/firecracker"), Path.of("/x/jailer"), jails);
    Jail jail = new Jail(options, "c0ffee", 30_017);
    String line = String.join(" ", jail.command(machine(IMAGE)));
    assertThat(line)
        .isEqualTo(
            "/x/jailer --id c0ffee --exec-file /x/firecracker --uid 30017 --gid 30017"
                + " --chroot-base-dir "
                + jails
                + " --cgroup-version 2 --parent-cgroup choir --cgroup cpu.max=200000 100000"
                + " --cgroup memory.max=335544320 --cgroup memory.swap.max=0 --cgroup pids.max=64"
                + " --resource-limit no-file=1024 --resource-limit fsize=335544320"
                + " --new-pid-ns -- --api-sock /a.sock --log-path /log --level Warn");
    assertThat(line).doesNotContain("--no-seccomp").doesNotContain("--enable-pci");
    assertThat(FirecrackerDriver.bootArguments(machine(IMAGE)))
        .contains("pci=off")
        .contains("choir.channel=vsock choir.disks=root,overlay");
  }

  @Test
  void aBaseThatIsTooLongForSocketsIsRefused() throws IOException {
    FirecrackerOptions good = FakePrograms.in(folder, jails, "1.16.2").options();
    Path deep = Files.createDirectories(folder.resolve("d".repeat(80)));
    FirecrackerDriver driver =
        new FirecrackerDriver(
            new FirecrackerOptions(good.firecracker(), good.jailer(), deep),
            FakePrograms::goodHost);
    Machine machine = machine(IMAGE);
    assertThat(code(() -> driver.boot(machine, false))).isEqualTo("path_too_long");
  }

  /** Cases 2, 5 and 6. */
  @Test
  void aRunningVmIsJailedAndOneThatIsKilledIsNoticedAndLeavesNothing() throws Exception {
    FirecrackerDriver driver = driver("1.16.2", "1.16.2", FakePrograms.goodHost());
    assertThat(driver.examine()).isEqualTo("Firecracker 1.16.2");
    assertThat(driver.capabilities("kvm"))
        .contains(Capability.ISOLATION, Capability.NO_NETWORK_CARD)
        .doesNotContain(Capability.VM_GENERATION_ID);
    Sandboxes.Options options =
        new Sandboxes.Options(folder.resolve("vms"), IMAGE, "kvm", 256, 64, 3);
    try (VmHost host =
        Sandboxes.thisMachine(
            driver,
            options,
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system(),
            Outside.nothing())) {
      VmState.Running vm = host.create(new VmSpec("k", TenantId.LOCAL, 1, 256, 64, List.of()));
      Path root = jailsLeft().getFirst().resolve("root");
      int uid = (Integer) Files.getAttribute(root, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      assertThat(uid).isBetween(30_000, 30_063);
      assertThat(Files.getAttribute(root.resolve("overlay.img"), "unix:uid")).isEqualTo(uid);
      assertThat(Files.getAttribute(root.resolve("root.img"), "unix:uid")).isEqualTo(0);
      assertThat(root.resolve("v.sock")).exists();
      // Case 10: what nobody listens on, the guest cannot reach; not even a second time.
      try (Stream<Path> files = Files.list(root)) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .noneMatch(name -> name.startsWith("v.sock_"));
      }
      String status = Files.readString(Path.of("/proc/" + vm.info().pid() + "/status"));
      assertThat(status)
          .containsPattern("Uid:\\s+" + uid + "\\s+" + uid + "\\s+" + uid)
          .containsPattern("Gid:\\s+" + uid)
          .containsPattern("NoNewPrivs:\\s+1")
          .containsPattern("NSpid:\\s+[0-9]+\\s+1\\n");
      String line = Files.readString(Path.of("/proc/" + vm.info().pid() + "/cmdline"));
      assertThat(line).doesNotContain("no-seccomp");

      List<String> lost = new ArrayList<>();
      host.onLoss(lost::add);
      long pid = vm.info().pid();
      new ProcessBuilder("kill", "-SEGV", Long.toString(pid)).start().waitFor();
      await().atMost(Duration.ofSeconds(30)).until(() -> lost.equals(List.of("k")));
      assertThat(HypervisorProcess.of(pid)).as("no zombie").isEmpty();
      assertThat(host.find("k")).isEmpty();
      assertThat(jailsLeft()).isEmpty();

      Object memory = templateMemory();
      // Case 7: stopped, it answers nobody; it is ended all the same.
      VmState.Running hung = host.create(new VmSpec("h", TenantId.LOCAL, 1, 256, 64, List.of()));
      new ProcessBuilder("kill", "-STOP", Long.toString(hung.info().pid())).start().waitFor();
      host.destroy("h");
      assertThat(templateMemory()).as("one template serves both").isEqualTo(memory);
      assertThat(HypervisorProcess.of(hung.info().pid())).isEmpty();
      assertThat(jailsLeft()).isEmpty();
    }
  }

  private Object templateMemory() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("vms/templates"))) {
      Path file = all.filter(path -> path.endsWith("s.mem")).findFirst().orElseThrow();
      return Files.getAttribute(file, "unix:ino");
    }
  }

  /** Case 27: names in jails do not matter, a byte does. */
  @Test
  void aTemplateThatWasWrittenToIsNotForked() throws Exception {
    Path root = Files.createDirectory(folder.resolve("root"));
    Files.writeString(root.resolve("s.vmstate"), "devices");
    Files.write(root.resolve("s.mem"), new byte[4096]);
    Path template = folder.resolve("template");
    SharedState state = new SharedState(template);
    state.take(root);
    Files.createLink(folder.resolve("a-name-in-a-jail"), state.file("s.mem"));
    state.requireUnchanged();
    try (RandomAccessFile file = new RandomAccessFile(state.file("s.mem").toFile(), "rw")) {
      file.write(1);
    }
    assertThatThrownBy(state::requireUnchanged).isInstanceOf(IOException.class);
    FirecrackerDriver driver = driver("1.16.2", "1.16.2", FakePrograms.goodHost());
    Machine machine = machine(IMAGE);
    assertThat(code(() -> driver.fork(machine, template))).isEqualTo("restore_failed");
    assertThat(jailsLeft()).isEmpty();
  }

  /** Cases 5 and 35: a server that was killed before it wrote down what it had started. */
  @Test
  void whatAnEarlierServerLeftIsFoundByItsJailAndEnded() throws Exception {
    Machine machine = machine(IMAGE);
    Hypervisor forgotten = driver("1.16.2", "1.16.2", FakePrograms.goodHost()).boot(machine, false);
    assertThat(jailsLeft()).hasSize(1);
    FirecrackerDriver next = driver("1.16.2", "1.16.2", FakePrograms.goodHost());
    next.clean(machine.folder());
    assertThat(forgotten.process().alive()).isFalse();
    assertThat(jailsLeft()).isEmpty();
    next.clean(machine.folder());
  }

  /** Case 1: a new jail stands on nothing that lay there, and follows no link out of it. */
  @Test
  void aNewJailFollowsNoLinkThatLayThere() throws Exception {
    FirecrackerOptions options = FakePrograms.in(folder, jails, "1.16.2").options();
    Path precious = Files.writeString(folder.resolve("precious"), "kept");
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(outside.resolve("file"), "kept");
    Path vm = Files.createDirectories(folder.resolve("vm-1"));
    Path root = Jail.existing(options, vm).root();
    Files.createDirectories(root);
    Files.createSymbolicLink(root.resolve("firecracker"), precious);
    Files.createSymbolicLink(root.resolve("log"), outside);
    Files.createLink(root.resolve("overlay.img"), precious);
    Jail jail = Jail.create(options, vm);
    try (Stream<Path> left = Files.list(jail.root())) {
      assertThat(left).isEmpty();
    }
    assertThat(precious).hasContent("kept");
    assertThat(Files.getAttribute(precious, "unix:uid")).isEqualTo(0);
    assertThat(outside.resolve("file")).hasContent("kept");
    jail.clean();
  }
}
