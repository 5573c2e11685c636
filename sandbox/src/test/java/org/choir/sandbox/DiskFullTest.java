package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that fills up while a VM is suspended; a small file system of its own, so only as root.
 */
class DiskFullTest {
  @TempDir Path folder;
  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    assumeThat(System.getProperty("user.name")).isEqualTo("root");
    disk = Files.createDirectory(folder.resolve("disk"));
    mounted = run("mount", "-t", "tmpfs", "-o", "size=600m", "none", disk.toString()) == 0;
    assumeThat(mounted).isTrue();
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", disk.toString())).isZero();
    }
  }

  private static int run(String... line) throws Exception {
    Process process = new ProcessBuilder(line).inheritIO().start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void theVmRunsOnAndTheEarlierSnapshotStaysWhole() throws Exception {
    try (Sandboxes room =
        TestImage.open(TestImage.options(disk.resolve("vms")), InstantSource.system())) {
      Vm vm = room.obtain("vm");
      Shell.run(vm, "echo one > /workspace/f; echo one > /tmp/m");
      room.suspend("vm");
      Shell.run(vm, "echo two > /workspace/f; echo two > /tmp/m");
      Path filler = disk.resolve("filler");
      try (OutputStream out = Files.newOutputStream(filler)) {
        byte[] block = new byte[1 << 20];
        while (Files.getFileStore(disk).getUsableSpace() > 20 << 20) {
          out.write(block);
        }
      }
      assertThatThrownBy(() -> room.suspend("vm"))
          .satisfies(e -> assertThat(SuspendTest.code(e)).isEqualTo("no_space"));
      assertThat(room.list()).singleElement().extracting(VmInfo::state).isEqualTo("running");
      assertThat(Shell.run(vm, "cat /workspace/f /tmp/m").out()).isEqualTo("two\ntwo\n");

      // Its machine dies: what is left is the earlier snapshot, and that is whole.
      ProcessHandle.of(vm.pid()).orElseThrow().destroyForcibly();
      await()
          .atMost(Duration.ofSeconds(40))
          .until(() -> room.list().getFirst().state().equals("suspended"));
      Files.delete(filler);
      Vm again = room.obtain("vm");
      assertThat(Shell.run(again, "cat /workspace/f /tmp/m").out()).isEqualTo("one\none\n");
      room.suspend("vm");
      room.destroy("vm");
    }
  }
}
