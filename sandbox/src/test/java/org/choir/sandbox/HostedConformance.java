package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.choir.sandbox.hosted.HostedHost;
import org.choir.sandbox.hosted.HostedService;
import org.choir.sandbox.hosted.LocalService;

/** A hosted service, as a local one that speaks its format and runs commands for real. */
abstract class HostedConformance extends ConformanceTest {
  private final Path folder;
  private final LocalService service;

  HostedConformance() {
    try {
      folder = Files.createTempDirectory("chosted");
      service = service(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The local service over a folder. */
  abstract LocalService service(Path at) throws IOException;

  /** The adapter that is tested, over it. */
  abstract HostedService adapter(LocalService local);

  @Override
  VmHost open() {
    return new HostedHost(adapter(service), "server-of-the-test");
  }

  @Override
  void prepare() {
    assumeTrue(System.getProperty("user.name").equals("root"), "a local sandbox is root's work");
  }

  @Override
  void nothingIsLeft() {
    assertThat(service.size()).isZero();
  }

  @Override
  void cleanUp() throws IOException {
    service.close();
    try (Stream<Path> left = Files.walk(folder)) {
      left.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
    }
  }
}
