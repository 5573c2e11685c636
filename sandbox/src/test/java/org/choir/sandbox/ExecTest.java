package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecTest {
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    long t = System.nanoTime();
    vm = room.obtain("exec");
    System.out.println("boot " + (System.nanoTime() - t) / 1_000_000 + " ms " + vm);
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @Test
  void runsACommand() {
    StringBuilder text = new StringBuilder();
    ExecResult result =
        vm.exec(
            new ExecRequest(
                List.of("sh", "-c", "echo out; exit 3"),
                Map.of(),
                "/workspace",
                1000,
                Duration.ofSeconds(20),
                1000),
            new ExecOutput() {
              @Override
              public void stdout(byte[] bytes) {
                text.append(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
              }

              @Override
              public void stderr(byte[] bytes) {
                text.append("ERR");
              }
            });
    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(text.toString()).isEqualTo("out\n");
  }
}
