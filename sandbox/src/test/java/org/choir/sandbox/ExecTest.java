package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands in a real guest. */
class ExecTest {
  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("exec");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  @Test
  void keepsTheTwoStreamsApartAndTellsTheExitCode() {
    Shell shell = Shell.run(vm, "echo out; echo err >&2; exit 3");
    assertThat(shell.out()).isEqualTo("out\n");
    assertThat(shell.err()).isEqualTo("err\n");
    assertThat(shell.result()).isEqualTo(new ExecResult(3, 0, false, false, false, 4, 4));
  }

  @Test
  void tellsTheSignalThatEndedACommand() {
    Shell shell = Shell.run(vm, "kill -9 $$");
    assertThat(shell.result().signal()).isEqualTo(9);
    assertThat(shell.code()).isEqualTo(-1);
    assertThat(shell.result().timedOut()).isFalse();
  }

  @Test
  void givesACommandItsEnvironmentFolderAndUser() {
    Shell shell =
        Shell.run(
            vm,
            1007,
            Duration.ofSeconds(30),
            1000,
            Map.of("GREETING", "häl lo $HOME"),
            "/workspace/drafts",
            "sh",
            "-c",
            "echo $GREETING; pwd; id -u; id -g; echo $HOME $LANG; cat | wc -c");
    assertThat(shell.out())
        .isEqualTo("häl lo $HOME\n/workspace/drafts\n1007\n1000\n/home/choir C.UTF-8\n0\n");
  }

  @Test
  void passesArgumentsWithoutAShell() {
    String odd = "a b\n$(id) `id` \"'*";
    Shell shell =
        Shell.run(vm, 1000, Duration.ofSeconds(30), 1000, Map.of(), "/", "printf", "%s", odd);
    assertThat(shell.out()).isEqualTo(odd);
  }

  @Test
  void refusesToRunAnythingAsRoot() {
    assertThatThrownBy(() -> Shell.as(vm, 0, "id"))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("permission_denied"));
    assertThatThrownBy(() -> Shell.as(vm, 999, "id")).isInstanceOf(SandboxException.class);
  }

  @Test
  void saysWhyACommandCannotStart() {
    Duration limit = Duration.ofSeconds(30);
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "/", "no-such-program")))
        .isEqualTo("file_not_found");
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "/", "/etc/hostname")))
        .isEqualTo("permission_denied");
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "/no/such", "true")))
        .isEqualTo("file_not_found");
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "/etc/hostname", "true")))
        .isEqualTo("not_a_directory");
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "relative", "true")))
        .isEqualTo("invalid_path");
    assertThat(code(() -> Shell.run(vm, 1000, limit, 10, Map.of(), "/", "x".repeat(70_000))))
        .isEqualTo("bad_request");
  }

  @Test
  void killsACommandAndAllItStartedAtItsTimeout() {
    long start = System.nanoTime();
    Shell shell =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(1),
            1000,
            Map.of(),
            "/workspace",
            "sh",
            "-c",
            "sleep 301 & setsid sleep 302 & sleep 303");
    assertThat(shell.result().timedOut()).isTrue();
    assertThat(seconds(start)).isLessThan(15);
    assertThat(Shell.run(vm, "pgrep -c sleep").out()).isEqualTo("0\n");
  }

  @Test
  void killsACommandThatIgnoresTheFirstSignal() {
    Shell shell =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(1),
            1000,
            Map.of(),
            "/",
            "sh",
            "-c",
            "trap '' TERM; while :; do sleep 1; done");
    assertThat(shell.result().timedOut()).isTrue();
    assertThat(shell.result().signal()).isEqualTo(9);
  }

  @Test
  void endsWithTheCommandAndNotWithItsPipes() {
    long start = System.nanoTime();
    Shell shell = Shell.run(vm, "sleep 300 & setsid sleep 300 & echo done");
    assertThat(shell.code()).isZero();
    assertThat(shell.out()).isEqualTo("done\n");
    assertThat(shell.result().timedOut()).isFalse();
    assertThat(seconds(start)).isLessThan(15);
    assertThat(Shell.run(vm, "pgrep -c sleep").out()).isEqualTo("0\n");
  }

  @Test
  void deliversTenMebibytesUnchanged() {
    Shell shell = Shell.run(vm, "head -c 10485760 /dev/zero | tr '\\0' 'x'; printf '\\0\\377\\n'");
    assertThat(shell.stdout()).hasSize((10 << 20) + 3);
    assertThat(shell.stdout()).endsWith(0, 255, 10);
    assertThat(shell.result().truncated()).isFalse();
  }

  @Test
  void countsWhatItDropsBeyondTheCap() {
    Shell shell =
        Shell.run(
            vm,
            1000,
            Duration.ofSeconds(60),
            100_000,
            Map.of(),
            "/",
            "sh",
            "-c",
            "head -c 10485760 /dev/zero; echo end >&2");
    assertThat(shell.result().truncated()).isTrue();
    assertThat(shell.stdout().length + shell.stderr().length).isEqualTo(100_000);
    assertThat(shell.result().stdoutBytes()).isEqualTo(10 << 20);
    assertThat(shell.result().stderrBytes()).isEqualTo(4);
    assertThat(shell.code()).isZero();
  }

  @Test
  void deliversOutputWhileTheCommandStillRuns() {
    long[] first = {0};
    vm.exec(
        new ExecRequest(
            List.of("sh", "-c", "echo now; sleep 2"),
            Map.of(),
            "/",
            1000,
            Duration.ofSeconds(30),
            100),
        new ExecOutput() {
          @Override
          public void stdout(byte[] bytes) {
            first[0] = System.nanoTime();
          }

          @Override
          public void stderr(byte[] bytes) {}
        });
    assertThat(seconds(first[0])).isGreaterThan(1);
  }

  @Test
  void aReceiverThatFailsEndsTheCommandAndLeavesTheMachineUsable() {
    ExecRequest endless =
        new ExecRequest(List.of("yes"), Map.of(), "/", 1000, Duration.ofSeconds(60), 1 << 30);
    assertThatThrownBy(
            () ->
                vm.exec(
                    endless,
                    new ExecOutput() {
                      @Override
                      public void stdout(byte[] bytes) {
                        throw new IllegalArgumentException("full");
                      }

                      @Override
                      public void stderr(byte[] bytes) {}
                    }))
        .hasMessage("full");
    assertThat(Shell.run(vm, "until ! pgrep -x yes >/dev/null; do :; done; echo quiet").out())
        .isEqualTo("quiet\n");
  }

  @Test
  void commandsSideBySideDoNotMixTheirOutput() throws Exception {
    Random random = new Random(7);
    List<Callable<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      String token = Long.toHexString(random.nextLong());
      int uid = 1000 + i;
      all.add(
          () ->
              Shell.as(vm, uid, "for i in $(seq 200); do echo " + token + "; done")
                  .out()
                  .equals((token + "\n").repeat(200)));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> done : threads.invokeAll(all)) {
        assertThat(done.get()).isTrue();
      }
    }
  }

  @Test
  void hasTheToolsAResearcherNeeds() {
    Shell shell =
        Shell.run(
            vm,
            "python3 -c 'import venv, bs4; print(\"py\")' && node -p '\"no\"+\"de\"'"
                + " && echo '{\"a\":1}' | jq .a && git --version && bash --version && grep -V");
    assertThat(shell.err()).isEmpty();
    assertThat(shell.out()).startsWith("py\nnode\n1\ngit version");
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  private static String code(Runnable call) {
    try {
      call.run();
      return "no failure";
    } catch (ChoirException e) {
      return e.code();
    }
  }
}
