package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent's own tests, in its own language: the frame decoder, credit, strict bodies, paths. */
class GuestAgentTest {
  @Test
  void passesItsTests(@TempDir Path folder) throws Exception {
    Path log = folder.resolve("go.log");
    ProcessBuilder go = new ProcessBuilder("go", "test", "-count=1", "./...");
    go.directory(TestImage.repository().resolve("guest/agent").toFile());
    go.environment().putIfAbsent("HOME", folder.toString());
    go.environment().put("GOFLAGS", "-mod=mod");
    Process process = go.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
  }
}
