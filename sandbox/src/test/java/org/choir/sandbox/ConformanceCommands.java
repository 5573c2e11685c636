package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.choir.sandbox.ConformanceCases.assertCode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What every place does with commands. */
final class ConformanceCommands {
  private static final Duration SOON = Duration.ofSeconds(40);

  private ConformanceCommands() {}

  static void creates(ConformanceTest place) {
    VmState.Running running = place.host().create(place.spec("shared"));
    assertThat(running.info().id()).isEqualTo("shared");
    assertThat(running.info().driver()).isEqualTo(place.host().name());
    assertThat(running.info().phase()).isEqualTo(VmInfo.Phase.RUNNING);
    assertThat(Shell.run(running.vm(), "pwd").out()).isEqualTo("/workspace\n");
    assertThat(place.host().list()).extracting(VmInfo::id).containsExactly("shared");
  }

  static void refusesASecond(ConformanceTest place) {
    place.shared();
    assertCode("vm_exists", () -> place.host().create(place.spec("shared")));
  }

  static void tellsApart(ConformanceTest place) {
    Shell shell = Shell.run(place.shared(), "echo out; echo err >&2; exit 7");
    assertThat(shell.code()).isEqualTo(7);
    assertThat(shell.out()).isEqualTo("out\n");
    assertThat(shell.err()).isEqualTo("err\n");
    assertThat(shell.result().stdoutBytes()).isEqualTo(4);
    assertThat(shell.result().stderrBytes()).isEqualTo(4);
    assertThat(shell.result().timedOut()).isFalse();
  }

  static void passesEnvironment(ConformanceTest place) {
    Shell shell =
        Shell.run(
            place.shared(),
            1000,
            SOON,
            1 << 20,
            Map.of("WORD", "two words $HOME 'ü'", "EMPTY", ""),
            "/tmp",
            "bash",
            "-c",
            "echo \"$WORD|$EMPTY|$HOME|$LANG\"; pwd; env | grep -c API_KEY");
    assertThat(shell.out()).isEqualTo("two words $HOME 'ü'||/home/choir|C.UTF-8\n/tmp\n0\n");
    assertCode(
        "file_not_found",
        () -> Shell.run(place.shared(), 1000, SOON, 1 << 20, Map.of(), "/workspace/none", "pwd"));
  }

  static void emptyInput(ConformanceTest place) {
    assertThat(Shell.run(place.shared(), "cat; echo end").out()).isEqualTo("end\n");
  }

  static void tellsSignals(ConformanceTest place) {
    Shell shell = Shell.run(place.shared(), "kill -9 $$");
    assertThat(shell.result().exitCode()).isEqualTo(-1);
    assertThat(shell.result().signal()).isEqualTo(9);
  }

  static void endsAtTimeout(ConformanceTest place) {
    Vm vm = place.shared();
    Shell shell =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(2),
            1 << 20,
            Map.of(),
            "/workspace",
            "bash",
            "-c",
            "echo before; sleep 301 & setsid sleep 302 & sleep 303");
    assertThat(shell.result().timedOut()).isTrue();
    assertThat(shell.out()).isEqualTo("before\n");
    assertThat(count(vm, "sleep 30[123]")).isEqualTo("0");
    Shell stubborn =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(1),
            1 << 20,
            Map.of(),
            "/workspace",
            "bash",
            "-c",
            "trap '' TERM; while true; do sleep 0.2; done");
    assertThat(stubborn.result().timedOut()).isTrue();
  }

  private static String count(Vm vm, String pattern) {
    // The brackets keep the search from finding itself.
    return Shell.run(vm, "ps -eo args | grep -c '^" + pattern + "'").out().strip();
  }

  static void endsLeftovers(ConformanceTest place) {
    Vm vm = place.shared();
    Shell shell = Shell.run(vm, "sleep 311 & setsid sleep 312 >/dev/null 2>&1 & echo started");
    assertThat(shell.out()).isEqualTo("started\n");
    assertThat(shell.code()).isZero();
    await().atMost(SOON).until(() -> count(vm, "sleep 31[12]").equals("0"));
  }

  static void binaryOutput(ConformanceTest place) {
    Shell shell =
        Shell.run(
            place.shared(),
            "for i in $(seq 0 255); do printf \"\\\\x$(printf %02x $i)\"; done;"
                + " printf 'no newline' >&2");
    assertThat(shell.stdout()).hasSize(256);
    for (int i = 0; i < 256; i++) {
      assertThat(shell.stdout()[i]).isEqualTo((byte) i);
    }
    assertThat(shell.err()).isEqualTo("no newline");
  }

  static void capsOutput(ConformanceTest place) {
    Shell shell =
        Shell.run(
            place.shared(),
            1000,
            SOON,
            1_000,
            Map.of(),
            "/",
            "bash",
            "-c",
            "head -c 300000 /dev/zero | tr '\\0' x; exit 3");
    assertThat(shell.stdout()).hasSize(1_000);
    assertThat(shell.result().truncated()).isTrue();
    assertThat(shell.result().stdoutBytes()).isEqualTo(300_000);
    assertThat(shell.code()).isEqualTo(3);
  }

  static void refusesPrograms(ConformanceTest place) {
    Vm vm = place.shared();
    assertCode(
        "file_not_found", () -> Shell.run(vm, 1000, SOON, 100, Map.of(), "/", "no-such-program"));
    assertCode("permission_denied", () -> Shell.as(vm, 0, "id"));
  }

  static void runsAsUser(ConformanceTest place) {
    Vm vm = place.shared();
    assertThat(Shell.run(vm, "id -u; id -g").out()).isEqualTo("1000\n1000\n");
    assertThat(Shell.as(vm, 1003, "id -u; id -g").out()).isEqualTo("1003\n1000\n");
    Shell.as(vm, 1003, "umask 022; mkdir -p /workspace/tasks/own; echo x > /workspace/tasks/own/f");
    assertThat(Shell.run(vm, "echo y > /workspace/tasks/own/f").code()).isNotZero();
  }

  static void keepsApart(ConformanceTest place) throws Exception {
    Vm vm = place.shared();
    List<Callable<String>> calls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      String word = "token-" + i;
      calls.add(() -> Shell.run(vm, "for i in 1 2 3 4; do echo " + word + "; done").out());
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> all = threads.invokeAll(calls);
      for (int i = 0; i < all.size(); i++) {
        assertThat(all.get(i).get()).isEqualTo(("token-" + i + "\n").repeat(4));
      }
    }
  }

  static void noCard(ConformanceTest place) {
    assertThat(Shell.run(place.shared(), "cut -d: -f1 /proc/net/dev | tail -n +3").out().strip())
        .isEqualTo("lo");
  }
}
