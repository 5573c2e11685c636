package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/** The guest image of this repository, built if need be; the script itself locks. */
final class TestImage {
  private static final Path REPOSITORY = Path.of(System.getProperty("choir.repository", ".."));

  private TestImage() {}

  static synchronized Path folder() {
    Path image = REPOSITORY.resolve("guest/target/image").toAbsolutePath();
    try {
      Process build =
          new ProcessBuilder(REPOSITORY.resolve("guest/build-image").toString())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.INHERIT)
              .start();
      if (!build.waitFor(10, TimeUnit.MINUTES) || build.exitValue() != 0) {
        throw new IllegalStateException("guest/build-image failed");
      }
      return image;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A room over a folder, with small VMs. */
  static Sandboxes open(Path folder) {
    return Sandboxes.open(
        new Sandboxes.Options(folder, folder(), "auto", 384, 512, 4), InstantSource.system());
  }

  static Path scratch() {
    try {
      return Files.createTempDirectory("choir-vm");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
