package org.choir.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import org.choir.keys.DataKeys;
import org.choir.keys.FileDataKeys;

/** The guest image of this repository, built if it is missing or old; the script itself locks. */
final class TestImage {
  private static final Path REPOSITORY =
      Path.of(System.getProperty("choir.repository", "..")).toAbsolutePath().normalize();

  private TestImage() {}

  static Path repository() {
    return REPOSITORY;
  }

  static Path folder() {
    return Built.IMAGE;
  }

  /** A room over a folder, with small VMs. */
  static Sandboxes open(Path folder) {
    return open(options(folder), InstantSource.system());
  }

  static Sandboxes open(Sandboxes.Options options, InstantSource clock) {
    return Sandboxes.open(options, keys(options.folder()), clock);
  }

  static DataKeys keys(Path folder) {
    return FileDataKeys.open(folder.resolve("keys"));
  }

  /** All rooms of the tests share their templates. */
  static Sandboxes.Options options(Path folder) {
    return new Sandboxes.Options(folder, folder(), "auto", 384, 512, 3)
        .withTemplates(REPOSITORY.resolve("sandbox/target/templates"));
  }

  private static final class Built {
    static final Path IMAGE = built();
  }

  private static Path built() {
    try {
      Path log = Files.createTempFile("choir-image", ".log");
      Process build =
          new ProcessBuilder(REPOSITORY.resolve("guest/build-image").toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (!build.waitFor(15, TimeUnit.MINUTES) || build.exitValue() != 0) {
        throw new IllegalStateException("guest/build-image failed: " + Files.readString(log));
      }
      Files.delete(log);
      return REPOSITORY.resolve("guest/target/image");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
