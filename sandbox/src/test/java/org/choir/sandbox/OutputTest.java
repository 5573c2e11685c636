package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Output of any size, and commands that are found again. */
class OutputTest extends CommandFixture {
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
}
