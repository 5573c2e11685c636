package org.choir.sandbox.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.choir.sandbox.SandboxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is decided without a process: versions, exit codes, hosts, names of jails, saved states. */
class FirecrackerRulesTest {
  private final FirecrackerVersions versions = FirecrackerVersions.builtIn();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.25.2",
        "1.0.0",
        "1.12.1",
        "1.13.1",
        "1.14.0",
        "1.14.3",
        "1.15.0",
        "1.16.0",
        "v1.16.0",
        "1.16.2-dev",
        "1.16",
        "latest",
        ""
      })
  void noGuestRunsUnderAVersionThatIsKnownBadOrUnknown(String version) {
    assertThatThrownBy(() -> versions.require(version))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("vmm_version");
              assertThat(e.failure().remedy()).contains("1.14.4");
            });
  }

  @ParameterizedTest
  @CsvSource({"1.14.4,false", "1.15.1,false", "1.16.1,true", "v1.16.2,false", "2.0.0,false"})
  void otherVersionsPassSomeWithAWarning(String version, boolean warned) {
    assertThat(versions.require(version).isPresent()).isEqualTo(warned);
  }

  @Test
  void everyReasonIsTold() {
    assertThat(versions.why()).contains("CVE-2026-1386");
    assertThat(versions.refused().values()).allMatch(why -> why.length() > 20);
    assertThatThrownBy(() -> versions.require("1.16.0")).hasMessageContaining("#5958");
  }

  @ParameterizedTest
  @CsvSource({
    "0,ended",
    "1,failed",
    "148,bad_syscall",
    "149,signal_7",
    "150,signal_11",
    "151,file_size_limit",
    "152,bad_configuration",
    "153,bad_arguments",
    "154,cpu_limit",
    "155,signal_13",
    "156,signal_1",
    "157,signal_4",
    "137,signal_9",
    "139,signal_11",
    "2,failed",
  })
  void everyExitCodeIsAFailureOfItsOwn(int code, String word) {
    FcExit end = FcExit.of(code);
    assertThat(end.word()).isEqualTo(word);
    assertThat(end.code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2026 [x:main] Firecracker exiting successfully. exit_code=0|0",
        "[x:main:ERROR] Firecracker exiting with error. exit_code=152|152",
        "Shutting down VM after intercepting a bad syscall (41).|148",
        "Shutting down VM after intercepting signal 25, code 0.|151",
        "Shutting down VM after intercepting signal 11, code 1.|150",
        "Shutting down VM after intercepting signal 7, code 2.|149",
      })
  void theLogTellsTheEndOfAProcessThatIsNoChild(String log, int code) {
    assertThat(FcExit.of(log)).get().extracting(FcExit::code).isEqualTo(code);
    assertThat(FcExit.of("nothing of the kind")).isEmpty();
  }

  /** Case 8: swap, merged pages, missing groups stop a start; threads on one core are a warning. */
  @Test
  void anUnfitHostIsRefusedWithEveryReasonAndItsRemedy() {
    HostReport good = FakePrograms.goodHost();
    assertThat(good.require()).isEmpty();
    HostReport bad = new HostReport(List.of("/dev/sda2"), true, Set.of("cpu"), true, false, false);
    assertThatThrownBy(bad::require)
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("host_unfit");
              assertThat(e.getMessage())
                  .contains("swap is on (/dev/sda2)")
                  .contains("KSM")
                  .contains("lack memory, pids")
                  .contains("/dev/kvm")
                  .contains("root")
                  .doesNotContain("SMT");
              assertThat(e.failure().remedy()).contains("swapoff");
            });
    HostReport threads =
        new HostReport(List.of(), false, Set.of("cpu", "memory", "pids", "io"), true, true, true);
    assertThat(threads.require())
        .singleElement()
        .satisfies(problem -> assertThat(problem.message()).contains("SMT"));
  }

  @Test
  void aHostIsReadFromItsFiles(@TempDir Path root) throws IOException {
    write(
        root,
        "proc/swaps",
        "Filename Type Size\n/swap.img file 8 0 -2\n/dev/zram0 partition 9 0 5\n");
    write(root, "sys/kernel/mm/ksm/run", "1\n");
    write(root, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    write(root, "sys/devices/system/cpu/smt/active", "1\n");
    write(root, "dev/kvm", "");
    write(root, "proc/self/status", "Name:\tjava\nUid:\t0\t0\t0\t0\n");
    assertThat(HostReport.read(root))
        .isEqualTo(
            new HostReport(
                List.of("/swap.img", "/dev/zram0"),
                true,
                Set.of("cpuset", "cpu", "io", "memory", "pids"),
                true,
                true,
                true));
    HostReport empty = HostReport.read(root.resolve("none"));
    assertThat(empty.swaps()).isEmpty();
    assertThatThrownBy(empty::require).hasMessageContaining("lack cpu, memory, pids");
  }

  private static void write(Path root, String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** Case 1: the jailer's rule for names. */
  @Test
  void aJailsNameIsShortAndPlain() {
    for (String bad : List.of("", "a/b", "..", "a_b", "x".repeat(65), "a b", "ä")) {
      assertThatThrownBy(() -> Jail.requireId(bad))
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("bad_jail"));
    }
    Jail.requireId("x".repeat(64));
    String id = Jail.idOf(Path.of("/home/choir/vms/vm-123"));
    Jail.requireId(id);
    assertThat(id).hasSizeLessThan(20).isNotEqualTo(Jail.idOf(Path.of("/home/choir/vms/vm-124")));
  }

  @Test
  void savedStatesComeBackAsTheyWereAndSparse(@TempDir Path folder) throws IOException {
    long seed = System.nanoTime();
    System.out.println("savedStates: seed " + seed);
    Random random = new Random(seed);
    byte[] device = new byte[12_345];
    random.nextBytes(device);
    byte[] memory = new byte[3_000_000];
    for (int i = 0; i < 5; i++) {
      random.nextBytes(device);
      System.arraycopy(device, 0, memory, random.nextInt(2_900_000), device.length);
    }
    Path state = Files.write(folder.resolve("s"), device);
    Path mem = Files.write(folder.resolve("m"), memory);
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    SavedState.write(state, mem, stream);
    assertThat(stream.size()).isLessThan(memory.length / 2);
    Path again = folder.resolve("s2");
    Path memoryAgain = folder.resolve("m2");
    SavedState.read(new ByteArrayInputStream(stream.toByteArray()), again, memoryAgain);
    assertThat(Files.readAllBytes(again)).isEqualTo(device);
    assertThat(Files.readAllBytes(memoryAgain)).isEqualTo(memory);

    // Case 27: cut anywhere, it is refused and not half believed.
    byte[] all = stream.toByteArray();
    for (int i = 0; i < 40; i++) {
      byte[] part = Arrays.copyOf(all, random.nextInt(all.length));
      Path s = folder.resolve("cut-s" + i);
      Path m = folder.resolve("cut-m" + i);
      assertThatThrownBy(() -> SavedState.read(new ByteArrayInputStream(part), s, m))
          .isInstanceOf(IOException.class);
    }
    byte[] foreign = all.clone();
    foreign[3] ^= 1;
    assertThatThrownBy(
            () ->
                SavedState.read(
                    new ByteArrayInputStream(foreign), folder.resolve("f"), folder.resolve("g")))
        .hasMessageContaining("no saved state");
  }
}
