package org.choir.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.keys.FileDataKeys;
import org.choir.sandbox.Outside;
import org.choir.sandbox.Sandboxes;
import org.choir.sandbox.Vm;

/** One real VM for a test class; every run of it gets the same one, with what others left in it. */
final class Machine implements AutoCloseable {
  private final Path folder;
  private final Sandboxes sandboxes;

  Machine() {
    this(Outside.nothing());
  }

  Machine(Outside outside) {
    try {
      folder = Files.createTempDirectory("chvm");
      Path repository = Path.of(System.getProperty("choir.repository", "..")).toAbsolutePath();
      Process build =
          new ProcessBuilder(repository.resolve("guest/build-image").toString())
              .inheritIO()
              .start();
      if (!build.waitFor(10, TimeUnit.MINUTES) || build.exitValue() != 0) {
        throw new IllegalStateException("guest/build-image failed");
      }
      sandboxes =
          Sandboxes.open(
              new Sandboxes.Options(
                  folder, repository.resolve("guest/target/image"), "auto", 384, 512, 2),
              FileDataKeys.open(folder.resolve("keys")),
              InstantSource.system(),
              outside);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  Vm vm() {
    return sandboxes.obtain("shared");
  }

  /** As a crash of the hypervisor. */
  void kill() {
    ProcessHandle.of(vm().pid()).orElseThrow().destroyForcibly();
  }

  @Override
  public void close() {
    sandboxes.find("shared").ifPresent(Vm::close);
    sandboxes.close();
    try (Stream<Path> left = Files.walk(folder)) {
      left.sorted(java.util.Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
