package org.choir.backbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.choir.backbone.Fixture.AGENT;
import static org.choir.backbone.Fixture.LONG;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledParentTest {
  @Test
  void takesNatsServerAlongAndLeavesItsEvents(@TempDir Path temp) throws Exception {
    Process parent =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                KilledParent.class.getName(),
                temp.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = parent.inputReader(StandardCharsets.UTF_8)) {
      String[] said = Objects.requireNonNull(out.readLine()).split(" ", -1);
      ProcessHandle child = ProcessHandle.of(Long.parseLong(said[0])).orElseThrow();
      assertThat(child.isAlive()).isTrue();
      parent.destroyForcibly();
      await().atMost(LONG).until(() -> !child.isAlive());
      try (Backbone successor = new Fixture(temp).start()) {
        assertThat(successor.state().read(AGENT))
            .extracting(entry -> entry.hash().hex())
            .containsExactly(said[1]);
      }
    } finally {
      parent.destroyForcibly();
    }
  }
}
