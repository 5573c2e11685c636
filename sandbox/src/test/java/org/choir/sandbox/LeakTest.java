package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing is left on this machine however often VMs come, sleep, wake and go. */
class LeakTest {
  @TempDir Path folder;

  @Test
  void nothingIsLeftAfterTenCycles() throws Exception {
    cycles(10);
  }

  @Test
  @Tag("long")
  void nothingIsLeftAfterAThousandCycles() throws Exception {
    cycles(Integer.getInteger("choir.cycles", 1_000));
  }

  private void cycles(int count) throws Exception {
    try (Sandboxes room = TestImage.open(TestImage.options(folder), InstantSource.system())) {
      room.obtain("warm-up").close();
      Left before = Left.of(folder);
      for (int i = 0; i < count; i++) {
        String id = "cycle-" + i;
        Vm vm = room.obtain(id);
        switch (i % 4) {
          case 0 -> vm.close();
          case 1 -> {
            room.suspend(id);
            assertThat(Shell.run(vm, "echo " + i).out()).isEqualTo(i + "\n");
            vm.close();
          }
          case 2 -> {
            room.suspend(id);
            room.destroy(id);
          }
          default -> {
            HypervisorProcess.of(vm.pid()).orElseThrow().kill();
            room.destroy(id);
          }
        }
        Left after = Left.of(folder);
        assertThat(after.names()).as("after cycle %d", i).isEqualTo(before.names());
        // Threads' own descriptors come and go; what leaks grows.
        assertThat(after.descriptors()).isLessThan(before.descriptors() + 40);
      }
    }
  }

  /** What one machine's VMs may leave. */
  private record Left(List<String> names, int descriptors) {
    static Left of(Path folder) throws IOException {
      List<String> names;
      try (Stream<Path> vms = Files.list(folder);
          Stream<Path> sockets = Files.list(RuntimeFolder.path())) {
        names =
            Stream.concat(
                    Stream.concat(vms, sockets).map(Path::toString),
                    HypervisorProcess.withArgument(folder + "/vm-").stream().map(Object::toString))
                .sorted()
                .toList();
      }
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        return new Left(names, (int) open.count());
      }
    }
  }
}
