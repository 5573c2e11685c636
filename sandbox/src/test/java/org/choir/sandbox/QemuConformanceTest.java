package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** QEMU on this machine. */
class QemuConformanceTest extends ConformanceTest {
  @TempDir static Path folder;

  @Override
  String place() {
    return "qemu";
  }

  @Override
  VmHost open() {
    return Sandboxes.thisMachine(
        new QemuDriver(),
        TestImage.options(folder),
        TestImage.keys(folder),
        InstantSource.system(),
        Outside.nothing());
  }

  @Override
  void nothingIsLeft() throws Exception {
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all.filter(path -> path.getFileName().toString().startsWith("vm-"))).isEmpty();
    }
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
  }
}
