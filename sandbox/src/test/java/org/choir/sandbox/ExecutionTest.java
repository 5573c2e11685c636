package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that are followed: input, signals, terminals, limits, output of any size. */
class ExecutionTest {
  private static final long UNCAPPED = Long.MAX_VALUE / 4;
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("execution");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  /** Everything one command did, as its follower saw it. */
  static final class Followed implements ExecOutput {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final ByteArrayOutputStream err = new ByteArrayOutputStream();
    final List<String> gaps = new ArrayList<>();

    @Override
    public void stdout(byte[] bytes) {
      out.writeBytes(bytes);
    }

    @Override
    public void stderr(byte[] bytes) {
      err.writeBytes(bytes);
    }

    @Override
    public void gap(ExecEvent.Channel channel, long from, long to) {
      gaps.add(channel + " " + from + "-" + to);
    }

    String text() {
      return out.toString(StandardCharsets.UTF_8);
    }
  }

  private static ExecRequest command(String... argv) {
    return new ExecRequest(
        List.of(argv), Map.of(), "/workspace", 1000, Duration.ofSeconds(60), UNCAPPED);
  }

  private static ExecRequest bash(String script) {
    return command("bash", "-c", script);
  }

  /** Reads until this has been printed. */
  private static void until(Execution running, String expected) {
    StringBuilder seen = new StringBuilder();
    while (seen.indexOf(expected) < 0) {
      if (running.next() instanceof ExecEvent.Output output) {
        seen.append(new String(output.bytes(), StandardCharsets.UTF_8));
      } else {
        throw new AssertionError("ended without '" + expected + "': " + seen);
      }
    }
  }

  private static String code(Runnable call) {
    try {
      call.run();
      return "no failure";
    } catch (ChoirException e) {
      return e.code();
    }
  }

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
                for (int i = 0; i < 1_000; i++) {
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

  @Test
  void deliversHeadAndTailAndKeepsAllOfItInAFile() {
    String script = "seq 300000; seq 100 >&2";
    ExecRequest request =
        new ExecRequest(
                List.of("bash", "-c", script),
                Map.of(),
                "/workspace",
                1000,
                Duration.ofSeconds(60),
                1_000)
            .withTail(500);
    Followed seen = new Followed();
    ExecResult result = vm.exec(request, seen);
    StringBuilder whole = new StringBuilder();
    for (int i = 1; i <= 300_000; i++) {
      whole.append(i).append('\n');
    }
    assertThat(result.stdoutBytes()).isEqualTo(whole.length());
    assertThat(result.truncated()).isTrue();
    String text = seen.text();
    assertThat(text).hasSize(1_500);
    assertThat(whole).startsWith(text.substring(0, 1_000)).endsWith(text.substring(1_000));
    assertThat(seen.gaps).contains("STDOUT 1000-" + (whole.length() - 500));
    assertThat(seen.err.toString(StandardCharsets.UTF_8)).endsWith("99\n100\n");
    assertThat(result.stderrFile()).isEqualTo(ExecResult.OutputFile.NONE);

    assertThat(result.stdoutFile().bytes()).isEqualTo(whole.length());
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    vm.read(result.stdoutFile().path(), 0, Long.MAX_VALUE, file);
    assertThat(file.toString(StandardCharsets.UTF_8)).isEqualTo(whole.toString());
    // Tools find it too, and cannot change it.
    assertThat(Shell.run(vm, "tail -n 1 " + result.stdoutFile().path()).out())
        .isEqualTo("300000\n");
    assertThat(Shell.run(vm, "rm -f " + result.stdoutFile().path()).code()).isNotZero();
    assertThat(Shell.run(vm, "echo >> " + result.stdoutFile().path()).code()).isNotZero();
  }

  @Test
  void onlyTheFilesOfTheLastCommandsAreKept() {
    String first = "";
    for (int i = 0; i < 18; i++) {
      ExecResult result =
          vm.exec(
              new ExecRequest(
                      List.of("head", "-c", "200000", "/dev/zero"),
                      Map.of(),
                      "/",
                      1000,
                      Duration.ofSeconds(60),
                      10)
                  .withTail(1),
              new Followed());
      first = first.isEmpty() ? result.stdoutFile().path() : first;
    }
    String path = first;
    Awaitility.await()
        .untilAsserted(() -> assertThat(code(() -> vm.stat(path))).isEqualTo("file_not_found"));
    assertThat(Shell.run(vm, "ls /var/choir/exec | wc -l").out().strip())
        .satisfies(count -> assertThat(Integer.parseInt(count)).isLessThanOrEqualTo(17));
  }

  @Test
  void aSlowReceiverSlowsTheCommandAndLosesNothing() {
    Followed seen = new Followed();
    ExecResult result;
    try (Execution running =
        vm.start(bash("head -c 2000000 /dev/zero; printf end; cat /proc/uptime >&2"))) {
      // Reads nothing for as long as the command needs to fill what the guest holds for it.
      Awaitility.await()
          .during(Duration.ofMillis(700))
          .atMost(Duration.ofSeconds(20))
          .until(
              () ->
                  vm.executions().stream()
                      .anyMatch(
                          e ->
                              e.id().equals(running.id())
                                  && e.result().isEmpty()
                                  && e.stdoutBytes() < 400_000));
      result = running.await(seen);
    }
    assertThat(result.exitCode()).isZero();
    assertThat(result.truncated()).isFalse();
    assertThat(seen.out.size()).isEqualTo(2_000_003);
    assertThat(seen.text()).endsWith("end");
  }

  @Test
  void listsWhatRunsAndNothingThatIsOver() {
    try (Execution running = vm.start(command("sleep", "77"))) {
      assertThat(vm.executions())
          .anySatisfy(
              info -> {
                assertThat(info.id()).isEqualTo(running.id());
                assertThat(info.program()).isEqualTo("sleep");
                assertThat(info.uid()).isEqualTo(1000);
                assertThat(info.result()).isEmpty();
              });
    }
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(vm.executions()).noneMatch(i -> i.program().equals("sleep")));
    assertThat(Shell.run(vm, "pgrep -fc 'sleep 77'").out()).isEqualTo("0\n");
  }

  @Test
  void aKeptCommandIsFoundAgainByItsIdAndOffset() {
    String id;
    long taken = 0;
    try (Execution running =
        vm.start(
            bash("for i in $(seq 40); do echo line $i; sleep 0.05; done; exit 4")
                .keptFor(Duration.ofMinutes(5)))) {
      id = running.id();
      while (taken < 70) {
        if (running.next() instanceof ExecEvent.Output output) {
          taken = output.offset() + output.bytes().length;
        }
      }
    }
    Followed rest = new Followed();
    try (Execution again = vm.attach(id, taken, 0)) {
      ExecResult result = again.await(rest);
      assertThat(result.exitCode()).isEqualTo(4);
      assertThat(result.truncated()).isFalse();
      assertThat(taken + rest.out.size()).isEqualTo(result.stdoutBytes());
    }
    // Ended, and still there: from the first byte, as often as asked for.
    Followed whole = new Followed();
    try (Execution again = vm.attach(id, 0, 0)) {
      assertThat(again.await(whole).exitCode()).isEqualTo(4);
    }
    StringBuilder expected = new StringBuilder();
    for (int i = 1; i <= 40; i++) {
      expected.append("line ").append(i).append('\n');
    }
    assertThat(whole.text()).isEqualTo(expected.toString());
    assertThat(whole.text()).endsWith(rest.text());
    assertThat(code(() -> vm.attach(id, 100_000, 0))).isEqualTo("bad_request");
    assertThat(vm.executions())
        .anySatisfy(
            info -> {
              assertThat(info.id()).isEqualTo(id);
              assertThat(info.result().orElseThrow().exitCode()).isEqualTo(4);
            });
  }

  @Test
  void aKeptResultIsForgottenWhenItsTimeIsOver() {
    String id;
    try (Execution running = vm.start(command("true").keptFor(Duration.ofMillis(300)))) {
      id = running.id();
    }
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(code(() -> vm.attach(id, 0, 0).close())).isEqualTo("no_such_exec"));
  }

  @Test
  void severalMayFollowTheSameCommand() {
    try (Execution one = vm.start(bash("sleep 0.3; seq 50000").keptFor(Duration.ofMinutes(1)));
        Execution two = vm.attach(one.id(), 0, 0)) {
      Followed first = new Followed();
      Followed second = new Followed();
      Thread other = Thread.startVirtualThread(() -> two.await(second));
      one.await(first);
      join(other);
      assertThat(second.text()).isEqualTo(first.text()).endsWith("50000\n");
    }
  }

  @Tag("long")
  @Test
  void theFileStopsWhenTheDiskIsFullAndSaysSo() {
    Shell.run(
        vm,
        "head -c $(($(df --output=avail -B1 /workspace | tail -1) - 160000000)) /dev/zero"
            + " > /workspace/tools/fill");
    try {
      Followed seen = new Followed();
      ExecResult result =
          vm.exec(
              new ExecRequest(
                      List.of("bash", "-c", "head -c 100000000 /dev/zero; echo last"),
                      Map.of(),
                      "/",
                      1000,
                      Duration.ofMinutes(2),
                      1_000)
                  .withTail(5),
              seen);
      assertThat(result.exitCode()).isZero();
      assertThat(result.stdoutBytes()).isEqualTo(100_000_005);
      assertThat(result.stdoutFile().bytes()).isBetween(1L, 60_000_000L);
      assertThat(seen.text()).endsWith("last\n");
      // What was left is still there for others.
      assertThat(Shell.run(vm, "head -c 10000000 /dev/zero > drafts/more && rm drafts/more").code())
          .isZero();
    } finally {
      vm.delete("/workspace/tools/fill");
    }
  }

  private static void join(Thread thread) {
    try {
      assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
