package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;

/** Commands that are followed: input, signals, terminals, limits. */
class ExecutionTest extends CommandFixture {
  @Test
  void takesInputLargerThanAnyPipeAndItsEnd() throws Exception {
    byte[] big = new byte[3 << 20];
    new Random(5).nextBytes(big);
    try (Execution running = vm.start(command("sha256sum").withInput())) {
      try (OutputStream input = running.input()) {
        input.write(big);
      }
      Followed seen = new Followed();
      assertThat(running.await(seen).exitCode()).isZero();
      assertThat(seen.text()).startsWith(Digest.of(big).hex());
    }
  }

  @Test
  void carriesInputAndOutputAtTheSameTime() throws Exception {
    byte[] big = new byte[1 << 20];
    new Random(6).nextBytes(big);
    try (Execution running = vm.start(command("cat").withInput())) {
      Thread writer =
          Thread.startVirtualThread(
              () -> {
                try (OutputStream input = running.input()) {
                  input.write(big);
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      Followed seen = new Followed();
      assertThat(running.await(seen).stdoutBytes()).isEqualTo(big.length);
      writer.join();
      assertThat(seen.out.toByteArray()).isEqualTo(big);
    }
  }

  @Test
  void anAnswerCanWaitForTheNextLineOfInput() throws Exception {
    try (Execution running =
        vm.start(bash("while read -r x; do echo \"got $x\"; done; echo end").withInput())) {
      for (String word : List.of("one", "two")) {
        running.input().write((word + "\n").getBytes(StandardCharsets.UTF_8));
        until(running, "got " + word + "\n");
      }
      running.input().close();
      until(running, "end\n");
      assertThat(running.await(new Followed()).exitCode()).isZero();
    }
  }

  @Test
  void writingToACommandThatHasClosedItsInputDoesNotHang() throws Exception {
    try (Execution running = vm.start(bash("exec <&-; echo closed; sleep 1").withInput())) {
      until(running, "closed\n");
      assertThatThrownBy(
              () -> {
                // What it no longer reads is dropped; that it has ended is told to the writer.
                for (int i = 0; i < 10_000_000; i++) {
                  running.input().write(new byte[64 << 10]);
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has ended");
      assertThat(running.await(new Followed()).exitCode()).isZero();
    }
  }

  @Test
  void aCommandWithoutInputHasNone() {
    try (Execution running = vm.start(command("cat"))) {
      assertThat(code(running::input)).isEqualTo("no_input");
      assertThat(running.await(new Followed()).stdoutBytes()).isZero();
    }
  }

  @Test
  void aSignalReachesARunningCommand() {
    try (Execution running =
        vm.start(bash("trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done"))) {
      until(running, "ready\n");
      running.signal(2);
      Followed seen = new Followed();
      assertThat(running.await(seen).exitCode()).isEqualTo(5);
      assertThat(seen.text()).contains("caught");
      assertThat(code(() -> running.signal(2))).isIn("exec_ended", "no_such_exec");
    }
    assertThat(code(() -> vm.signal("0123456789abcdef", 2))).isEqualTo("no_such_exec");
  }

  @Test
  void killEndsACommandAndAllItStarted() {
    try (Execution running =
        vm.start(bash("trap '' TERM INT; setsid sleep 311 & sleep 312 & echo up; wait"))) {
      until(running, "up\n");
      running.kill();
      ExecResult result = running.await(new Followed());
      assertThat(result.signal()).isEqualTo(9);
      assertThat(result.timedOut()).isFalse();
    }
    assertThat(Shell.run(vm, "pgrep -fc 'sleep 31[12]'").out()).isEqualTo("0\n");
  }

  @Test
  void aTerminalHasASizeThatCanBeChangedAndInterrupts() throws Exception {
    try (Execution running =
        vm.start(
            bash("tty; stty size; read -r line; echo \"line=$line\";"
                    + " trap 'stty size' WINCH; trap 'echo interrupted; exit 9' INT;"
                    + " echo ready; while :; do sleep 0.1; done")
                .inTerminal(100, 30))) {
      until(running, "30 100\r\n");
      running.input().write("hello\r".getBytes(StandardCharsets.UTF_8));
      until(running, "line=hello\r\nready\r\n");
      running.resize(120, 40);
      until(running, "40 120");
      running.input().write(3); // Ctrl-C
      Followed seen = new Followed();
      ExecResult result = running.await(seen);
      assertThat(seen.text()).contains("interrupted");
      assertThat(result.exitCode()).isEqualTo(9);
    }
  }

  @Test
  void theEndOfInputReachesATerminal() throws Exception {
    try (Execution running = vm.start(command("cat").inTerminal(80, 24))) {
      running.input().write("x\n".getBytes(StandardCharsets.UTF_8));
      until(running, "x\r\nx\r\n");
      running.input().close();
      assertThat(running.await(new Followed()).exitCode()).isZero();
    }
  }

  @Test
  void onlyACommandInATerminalHasASize() {
    try (Execution running = vm.start(command("sleep", "60"))) {
      assertThat(code(() -> running.resize(80, 24))).isEqualTo("bad_request");
    }
  }

  @Test
  void tellsALimitOnProcessorTimeFromATimeout() {
    try (Execution running =
        vm.start(bash("while :; do :; done").limitedTo(Duration.ofMillis(500), 0))) {
      ExecResult result = running.await(new Followed());
      assertThat(result.cpuExceeded()).isTrue();
      assertThat(result.timedOut()).isFalse();
      assertThat(result.oomKilled()).isFalse();
      assertThat(result.signal()).isIn(9, 15);
    }
    // Waiting costs no processor time.
    try (Execution running = vm.start(bash("sleep 1.5").limitedTo(Duration.ofSeconds(1), 0))) {
      assertThat(running.await(new Followed()).exitCode()).isZero();
    }
  }

  @Test
  void tellsALimitOnMemoryFromTheRest() {
    try (Execution running =
        vm.start(
            command("python3", "-c", "x = bytearray(b'x' * (100 << 20)); print(len(x))")
                .limitedTo(Duration.ZERO, 32 << 20))) {
      ExecResult result = running.await(new Followed());
      assertThat(result.oomKilled()).isTrue();
      assertThat(result.cpuExceeded()).isFalse();
      assertThat(result.timedOut()).isFalse();
      assertThat(result.signal()).isEqualTo(9);
    }
    assertThat(code(() -> vm.start(command("true").limitedTo(Duration.ZERO, 1 << 20))))
        .isEqualTo("bad_request");
  }
}
