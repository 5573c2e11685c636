package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachinesTest {
  @TempDir Path folder;

  /** A driver whose first machine starts and then never listens, as a hung boot does. */
  private static final class HangsOnce implements Driver {
    final List<HypervisorProcess> started = new ArrayList<>();
    private final Driver real = new QemuDriver();

    @Override
    public Hypervisor boot(Machine machine, boolean template) {
      Hypervisor booted;
      try {
        booted =
            started.isEmpty()
                ? real.adopt(
                    machine,
                    HypervisorProcess.of(new ProcessBuilder("sleep", "600").start().pid())
                        .orElseThrow())
                : real.boot(machine, template);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      started.add(booted.process());
      return booted;
    }

    @Override
    public String name() {
      return real.name();
    }

    @Override
    public String version() {
      return real.version();
    }

    @Override
    public Set<Capability> capabilities(String accelerator) {
      return real.capabilities(accelerator);
    }

    @Override
    public Hypervisor fork(Machine machine, Path template) {
      return real.fork(machine, template);
    }

    @Override
    public Hypervisor restore(Machine machine, InputStream state) throws IOException {
      return real.restore(machine, state);
    }

    @Override
    public Hypervisor adopt(Machine machine, HypervisorProcess process) {
      return real.adopt(machine, process);
    }

    @Override
    public void clean(Path of) {
      real.clean(of);
    }
  }

  @Test
  void aBootThatHangsIsEndedAndTriedOnceMore() throws Exception {
    HangsOnce driver = new HangsOnce();
    Machines machines =
        new Machines(
            folder,
            TestImage.folder(),
            InstantSource.system(),
            driver,
            List.of(Duration.ofMillis(500), Duration.ofSeconds(90)),
            step -> {});
    Machines.Live booted = machines.boot(TestImage.options(folder).spec("hangs"), "tcg");
    try {
      assertThat(driver.started).hasSize(2);
      assertThat(driver.started.getFirst().alive()).isFalse();
      assertThat(driver.started.getLast().alive()).isTrue();
      assertThat(folders()).containsExactly(booted.entry().folder());
    } finally {
      machines.stop(booted);
    }
    assertThat(driver.started.getLast().alive()).isFalse();
    assertThat(folders()).isEmpty();
  }

  @Test
  void aStartThatWasCutOffBeforeItsProcessWasWrittenDownIsFoundAndEnded() throws Exception {
    Path remains = Files.createDirectory(folder.resolve("vm-cut"));
    Path overlay = Files.createFile(remains.resolve("overlay.img"));
    Process orphan = new ProcessBuilder("tail", "-f", overlay.toString()).start();
    Machines machines =
        new Machines(
            folder,
            TestImage.folder(),
            InstantSource.system(),
            new QemuDriver(),
            Machines.BOOTS,
            step -> {});
    machines.remove(
        new Journal.Entry(
            new VmSpec("cut", TenantId.LOCAL, 1, 256, 256, List.of()),
            remains,
            new Snapshot.Fit("qemu", "", "tcg", "", "", "run", 1, 256, 256, List.of()),
            HypervisorProcess.NONE,
            VmInfo.Phase.STARTING,
            1,
            0,
            1,
            ""));
    assertThat(orphan.waitFor()).isEqualTo(137);
    assertThat(folders()).isEmpty();
  }

  @Test
  void aMissingProgramIsNamedWithTheLineThatInstallsIt() {
    assertThatThrownBy(() -> QemuDriver.program("qemu-system-none", "apt-get install it"))
        .isInstanceOfSatisfying(
            SandboxException.class,
            e -> {
              assertThat(e.code()).isEqualTo("no_qemu");
              assertThat(e.failure().remedy()).isEqualTo("apt-get install it");
            });
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.toList();
    }
  }
}
