package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands and the end of the process that started them. */
class ReattachTest {
  @TempDir static Path folder;

  private static ExecRequest request(String script) {
    return new ExecRequest(
        List.of("bash", "-c", script),
        Map.of(),
        "/workspace",
        1000,
        Duration.ofMinutes(2),
        Long.MAX_VALUE / 4);
  }

  /** The guest is left alone with its commands, as when the server is killed, and found again. */
  @Test
  void aCommandThatIsKeptSurvivesTheLossOfItsHostAndOthersDoNot() throws Exception {
    String kept;
    long taken = 0;
    Sandboxes first = TestImage.open(folder);
    Vm vm = first.obtain("reattach");
    Execution running =
        vm.start(
            request(
                    "for i in $(seq 400); do printf '%0999d\\n' $i; done;"
                        + " read -r word; echo \"heard $word\"; exit 6")
                .withInput()
                .keptFor(Duration.ofHours(1)));
    kept = running.id();
    while (taken < 5_000) {
      if (running.next() instanceof ExecEvent.Output output) {
        taken = output.offset() + output.bytes().length;
      }
    }
    Execution lost = vm.start(request("exec sleep 4321"));
    assertThat(lost.id()).isNotEqualTo(kept);
    first.close();

    try (Sandboxes second = TestImage.open(folder)) {
      assertThat(second.recover().adopted()).containsExactly("reattach");
      Vm again = second.find("reattach").orElseThrow();
      try {
        Awaitility.await()
            .untilAsserted(
                () ->
                    assertThat(again.executions()).extracting(ExecInfo::id).containsExactly(kept));
        assertThat(Shell.run(again, "pgrep -fc 'sleep 4321'").out()).isEqualTo("0\n");
        CommandFixture.Followed rest = new CommandFixture.Followed();
        try (Execution found = again.attach(kept, taken, 0)) {
          found.input().write("me\n".getBytes(StandardCharsets.UTF_8));
          ExecResult result = found.await(rest);
          assertThat(result.exitCode()).isEqualTo(6);
          assertThat(result.truncated()).isFalse();
        }
        String expected = "0".repeat(996) + "400\nheard me\n";
        assertThat(rest.text()).endsWith(expected);
        assertThat(taken + rest.out.size()).isEqualTo(400_000 + "heard me\n".length());
      } finally {
        again.close();
      }
    }
  }
}
