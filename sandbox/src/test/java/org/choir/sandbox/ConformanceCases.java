package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.Digest;

/** The table of cases that every place for VMs is held to, in the order in which they run. */
final class ConformanceCases {
  private static final Vm.Owner LEAD = new Vm.Owner(1000, 0644);
  private static final Duration SOON = Duration.ofSeconds(40);

  private ConformanceCases() {}

  /** One row: what must hold, and what a place has to promise for it. */
  record Case(String name, Set<Capability> needs, Body body) {}

  /** What a case does. */
  interface Body {
    void on(ConformanceTest place) throws Exception;
  }

  private static Case of(String name, Body body) {
    return new Case(name, Set.of(), body);
  }

  private static Case of(Capability needed, String name, Body body) {
    return new Case(name, Set.of(needed), body);
  }

  static List<Case> all() {
    return List.of(
        of("creates a VM that answers", ConformanceCases::creates),
        of("refuses a second VM of one id", ConformanceCases::refusesASecond),
        of("tells exit code, stdout and stderr apart", ConformanceCases::tellsApart),
        of("passes environment and folder", ConformanceCases::passesEnvironment),
        of("gives an empty input", ConformanceCases::emptyInput),
        of("tells the signal that ended a command", ConformanceCases::tellsSignals),
        of("ends a command at its timeout with all it started", ConformanceCases::endsAtTimeout),
        of("ends what a command left running", ConformanceCases::endsLeftovers),
        of("delivers binary output exactly", ConformanceCases::binaryOutput),
        of("delivers output up to the cap and counts the rest", ConformanceCases::capsOutput),
        of("refuses programs that are not there, and root", ConformanceCases::refusesPrograms),
        of("runs commands as the user asked for", ConformanceCases::runsAsUser),
        of("keeps outputs of commands side by side apart", ConformanceCases::keepsApart),
        of("copies binary files both ways", ConformanceCases::copiesFiles),
        of("reads parts of files", ConformanceCases::readsParts),
        of("takes any file name", ConformanceCases::takesAnyName),
        of("makes parents, sets owner and mode", ConformanceCases::makesParents),
        of("replaces a file only whole", ConformanceCases::replacesWhole),
        of("lists sorted, links not followed", ConformanceCases::lists),
        of("deletes files and folders, not what links point to", ConformanceCases::deletes),
        of("tells failures by their codes", ConformanceCases::tellsFailures),
        of("writes only where tools may", ConformanceCases::guardsPaths),
        of(Capability.NO_NETWORK_CARD, "has no network card", ConformanceCases::noCard),
        of("suspends and resumes, files kept", ConformanceCases::suspends),
        of(Capability.MEMORY_SNAPSHOT, "keeps memory and processes", ConformanceCases::keepsMemory),
        of(Capability.EXACT_CLOCK, "has the right time after a resume", ConformanceCases::clock),
        of(
            Capability.EXACT_CLOCK,
            "draws new random numbers after a resume",
            ConformanceCases::random),
        of("refuses transitions from states that passed", ConformanceCases::refusesTransitions),
        of("is found again by another process", ConformanceCases::foundAgain),
        of("is found again while suspended", ConformanceCases::foundSuspended),
        of("destroys a VM in any state, and nothing is left", ConformanceCases::destroys));
  }

  private static void creates(ConformanceTest place) {
    VmState.Running running = place.host().create(place.spec("shared"));
    assertThat(running.info().id()).isEqualTo("shared");
    assertThat(running.info().driver()).isEqualTo(place.host().name());
    assertThat(running.info().phase()).isEqualTo(VmInfo.Phase.RUNNING);
    assertThat(Shell.run(running.vm(), "pwd").out()).isEqualTo("/workspace\n");
    assertThat(place.host().list()).extracting(VmInfo::id).containsExactly("shared");
  }

  private static void refusesASecond(ConformanceTest place) {
    place.shared();
    assertCode("vm_exists", () -> place.host().create(place.spec("shared")));
  }

  private static void tellsApart(ConformanceTest place) {
    Shell shell = Shell.run(place.shared(), "echo out; echo err >&2; exit 7");
    assertThat(shell.code()).isEqualTo(7);
    assertThat(shell.out()).isEqualTo("out\n");
    assertThat(shell.err()).isEqualTo("err\n");
    assertThat(shell.result().stdoutBytes()).isEqualTo(4);
    assertThat(shell.result().stderrBytes()).isEqualTo(4);
    assertThat(shell.result().timedOut()).isFalse();
  }

  private static void passesEnvironment(ConformanceTest place) {
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

  private static void emptyInput(ConformanceTest place) {
    assertThat(Shell.run(place.shared(), "cat; echo end").out()).isEqualTo("end\n");
  }

  private static void tellsSignals(ConformanceTest place) {
    Shell shell = Shell.run(place.shared(), "kill -9 $$");
    assertThat(shell.result().exitCode()).isEqualTo(-1);
    assertThat(shell.result().signal()).isEqualTo(9);
  }

  private static void endsAtTimeout(ConformanceTest place) {
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

  private static void endsLeftovers(ConformanceTest place) {
    Vm vm = place.shared();
    Shell shell = Shell.run(vm, "sleep 311 & setsid sleep 312 >/dev/null 2>&1 & echo started");
    assertThat(shell.out()).isEqualTo("started\n");
    assertThat(shell.code()).isZero();
    await().atMost(SOON).until(() -> count(vm, "sleep 31[12]").equals("0"));
  }

  private static void binaryOutput(ConformanceTest place) {
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

  private static void capsOutput(ConformanceTest place) {
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

  private static void refusesPrograms(ConformanceTest place) {
    Vm vm = place.shared();
    assertCode(
        "file_not_found", () -> Shell.run(vm, 1000, SOON, 100, Map.of(), "/", "no-such-program"));
    assertCode("permission_denied", () -> Shell.as(vm, 0, "id"));
  }

  private static void runsAsUser(ConformanceTest place) {
    Vm vm = place.shared();
    assertThat(Shell.run(vm, "id -u; id -g").out()).isEqualTo("1000\n1000\n");
    assertThat(Shell.as(vm, 1003, "id -u; id -g").out()).isEqualTo("1003\n1000\n");
    Shell.as(vm, 1003, "umask 022; mkdir -p /workspace/tasks/own; echo x > /workspace/tasks/own/f");
    assertThat(Shell.run(vm, "echo y > /workspace/tasks/own/f").code()).isNotZero();
  }

  private static void keepsApart(ConformanceTest place) throws Exception {
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

  private static void copiesFiles(ConformanceTest place) {
    Vm vm = place.shared();
    byte[] big = new byte[3_000_001];
    long seed = System.nanoTime();
    System.out.println("copiesFiles: seed " + seed);
    new Random(seed).nextBytes(big);
    write(vm, "/workspace/sources/big", big);
    assertThat(Shell.run(vm, "sha256sum < sources/big").out()).startsWith(Digest.of(big).hex());
    assertThat(Digest.of(read(vm, "/workspace/sources/big"))).isEqualTo(Digest.of(big));
    write(vm, "/tmp/empty", new byte[0]);
    assertThat(read(vm, "/tmp/empty")).isEmpty();
  }

  private static void readsParts(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/tmp/part", "0123456789".getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(vm.read("/tmp/part", 3, 4, out)).isEqualTo(4);
    assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("3456");
    assertThat(vm.read("/tmp/part", 20, 4, out)).isZero();
    assertThat(vm.read("/tmp/part", 0, 3, out)).isEqualTo(3);
  }

  private static void takesAnyName(ConformanceTest place) {
    Vm vm = place.shared();
    for (String name :
        List.of(
            "two words.md", "🎻 ü.md", "$HOME `id` ;.md", "-rf", "new\nline", "\"'\\", "%s#?")) {
      String path = "/workspace/tools/names/" + name;
      write(vm, path, name.getBytes(StandardCharsets.UTF_8));
      assertThat(read(vm, path)).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
      assertThat(vm.list("/workspace/tools/names", false))
          .extracting(Vm.FileStat::path)
          .containsExactly(path);
      vm.delete(path);
      assertCode("file_not_found", () -> vm.stat(path));
    }
  }

  private static void makesParents(ConformanceTest place) {
    Vm vm = place.shared();
    vm.write("/workspace/tasks/3/a/note.md", stream("x"), 1, new Vm.Owner(1003, 0640));
    Vm.FileStat stat = vm.stat("/workspace/tasks/3/a/note.md");
    assertThat(stat.type()).isEqualTo("file");
    assertThat(stat.mode()).isEqualTo(0640);
    assertThat(stat.uid()).isEqualTo(1003);
    assertThat(stat.size()).isEqualTo(1);
    assertThat(Math.abs(stat.modifiedMillis() - System.currentTimeMillis())).isLessThan(60_000);
    vm.makeDirectory("/workspace/tasks/4/deep", new Vm.Owner(1004, 0755));
    vm.makeDirectory("/workspace/tasks/4/deep", new Vm.Owner(1004, 0755));
    assertThat(vm.stat("/workspace/tasks/4/deep").type()).isEqualTo("directory");
    assertThat(Shell.as(vm, 1004, "touch /workspace/tasks/4/deep/x && echo ok").out())
        .isEqualTo("ok\n");
  }

  private static void replacesWhole(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/workspace/drafts/whole", "old".getBytes(StandardCharsets.UTF_8));
    assertCode("bad_request", () -> vm.write("/workspace/drafts/whole", stream("short"), 10, LEAD));
    assertThat(read(vm, "/workspace/drafts/whole")).asString().isEqualTo("old");
    write(vm, "/workspace/drafts/whole", "new".getBytes(StandardCharsets.UTF_8));
    assertThat(read(vm, "/workspace/drafts/whole")).asString().isEqualTo("new");
    assertThat(vm.list("/workspace/drafts", false))
        .extracting(Vm.FileStat::path)
        .containsExactly("/workspace/drafts/whole");
  }

  private static void lists(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "mkdir -p reports/t/b/c; touch reports/t/b/c/2 reports/t/1; ln -s / reports/t/z");
    assertThat(vm.list("/workspace/reports/t", false))
        .extracting(Vm.FileStat::path, Vm.FileStat::type)
        .containsExactly(
            tuple("/workspace/reports/t/1", "file"),
            tuple("/workspace/reports/t/b", "directory"),
            tuple("/workspace/reports/t/z", "link"));
    assertThat(vm.list("/workspace/reports/t", true))
        .extracting(Vm.FileStat::path)
        .containsExactly(
            "/workspace/reports/t/1",
            "/workspace/reports/t/b",
            "/workspace/reports/t/b/c",
            "/workspace/reports/t/b/c/2",
            "/workspace/reports/t/z");
  }

  private static void deletes(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(
        vm,
        "mkdir -p drafts/kept drafts/del/x; echo 1 > drafts/kept/f; ln -s ../kept drafts/del/l");
    vm.delete("/workspace/drafts/del");
    assertCode("file_not_found", () -> vm.stat("/workspace/drafts/del"));
    assertThat(vm.stat("/workspace/drafts/kept/f").type()).isEqualTo("file");
  }

  private static void tellsFailures(ConformanceTest place) {
    Vm vm = place.shared();
    write(vm, "/workspace/drafts/plain", new byte[1]);
    assertCode("file_not_found", () -> read(vm, "/workspace/none"));
    assertCode("is_directory", () -> read(vm, "/workspace"));
    assertCode("not_a_directory", () -> read(vm, "/etc/hostname/x"));
    assertCode("not_a_directory", () -> vm.list("/etc/hostname", false));
    assertCode("file_not_found", () -> vm.list("/workspace/none", false));
    assertCode("is_directory", () -> write(vm, "/workspace/drafts", new byte[1]));
    assertCode("not_a_directory", () -> write(vm, "/workspace/drafts/plain/x", new byte[1]));
    assertCode("not_a_directory", () -> vm.makeDirectory("/workspace/drafts/plain", LEAD));
    assertCode("file_not_found", () -> vm.delete("/workspace/none"));
    for (String path : List.of("relative", "/workspace/../etc/passwd", "/workspace/a\0b", "")) {
      assertCode("invalid_path", () -> read(vm, path));
      assertCode("invalid_path", () -> write(vm, path, new byte[1]));
      assertCode("invalid_path", () -> vm.delete(path));
    }
  }

  private static void guardsPaths(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "ln -sfn /etc drafts/out; ln -sfn /etc/hostname drafts/name");
    for (String path : List.of("/etc/new", "/home/choir/new", "/workspace/drafts/out/new")) {
      assertCode("permission_denied", () -> write(vm, path, new byte[1]));
      assertCode("permission_denied", () -> vm.makeDirectory(path, LEAD));
    }
    for (String path : List.of("/workspace", "/tmp", "/", "/etc/hostname")) {
      assertCode("permission_denied", () -> vm.delete(path));
    }
    assertCode("permission_denied", () -> vm.delete("/workspace/drafts/out/hostname"));
    // A link at the very end is replaced, not followed.
    write(vm, "/workspace/drafts/name", new byte[5]);
    assertThat(vm.stat("/workspace/drafts/name").type()).isEqualTo("file");
    assertThat(Shell.run(vm, "wc -c < drafts/name").out().strip()).isEqualTo("5");
  }

  private static void noCard(ConformanceTest place) {
    assertThat(Shell.run(place.shared(), "cut -d: -f1 /proc/net/dev | tail -n +3").out().strip())
        .isEqualTo("lo");
  }

  private static void suspends(ConformanceTest place) {
    Vm vm = place.shared();
    Shell.run(vm, "echo kept > drafts/kept.txt; sync");
    for (int i = 0; i < 2; i++) {
      VmState.Suspended suspended = place.host().suspend(running(place, "shared"));
      assertThat(suspended.info().phase()).isEqualTo(VmInfo.Phase.SUSPENDED);
      assertThat(place.host().find("shared").orElseThrow()).isInstanceOf(VmState.Suspended.class);
      VmState.Running again = place.host().resume(suspended);
      assertThat(again.info().generation()).isGreaterThan(suspended.info().generation());
      assertThat(Shell.run(again.vm(), "cat drafts/kept.txt").out()).isEqualTo("kept\n");
    }
  }

  private static VmState.Running running(ConformanceTest place, String id) {
    return (VmState.Running) place.host().find(id).orElseThrow();
  }

  private static void keepsMemory(ConformanceTest place) throws Exception {
    Vm vm = place.shared();
    Thread counting =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Shell.run(
                        vm,
                        "echo $$ > /tmp/pid; i=0; while true; do i=$((i+1)); echo $i > /tmp/n;"
                            + " sleep 0.1; done");
                  } catch (SandboxException e) {
                    // its connection ends with the suspend
                  }
                });
    await().atMost(SOON).until(() -> Shell.run(vm, "cat /tmp/n 2>/dev/null").out().length() > 1);
    VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
    // What is only in memory is there: this file system is no disk on our own drivers.
    assertThat(Shell.run(again.vm(), "test -s /tmp/n && echo yes").out()).isEqualTo("yes\n");
    counting.join(Duration.ofSeconds(60));
    assertThat(counting.isAlive()).isFalse();
  }

  private static void clock(ConformanceTest place) {
    VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
    long guest = Long.parseLong(Shell.run(again.vm(), "date +%s%3N").out().strip());
    assertThat(Math.abs(guest - System.currentTimeMillis())).isLessThan(2_500);
  }

  private static void random(ConformanceTest place) {
    Vm vm = place.shared();
    String draw = "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n'";
    Set<String> seen = new java.util.HashSet<>();
    seen.add(Shell.run(vm, draw).out());
    for (int i = 0; i < 2; i++) {
      VmState.Running again = place.host().resume(place.host().suspend(running(place, "shared")));
      seen.add(Shell.run(again.vm(), draw).out());
    }
    assertThat(seen).hasSize(3);
  }

  private static void refusesTransitions(ConformanceTest place) {
    place.shared();
    VmState.Running before = running(place, "shared");
    VmState.Suspended suspended = place.host().suspend(before);
    assertCode("vm_not_running", () -> place.host().suspend(before));
    VmState.Running after = place.host().resume(suspended);
    assertCode("vm_not_suspended", () -> place.host().resume(suspended));
    assertCode("vm_not_running", () -> place.host().suspend(before));
    assertThat(Shell.run(after.vm(), "echo fine").out()).isEqualTo("fine\n");
    assertCode("bad_id", () -> place.spec("no/such"));
  }

  private static void foundAgain(ConformanceTest place) throws Exception {
    Shell.run(place.shared(), "echo there > drafts/again");
    VmHost next = place.reopen();
    assertThat(next.recover().adopted()).contains("shared");
    VmState.Running running = running(place, "shared");
    assertThat(Shell.run(running.vm(), "cat drafts/again").out()).isEqualTo("there\n");
    assertThat(running.info().tenant().value()).isEqualTo("ada");
  }

  private static void foundSuspended(ConformanceTest place) throws Exception {
    Shell.run(place.shared(), "echo asleep > drafts/asleep; sync");
    place.host().suspend(running(place, "shared"));
    VmHost next = place.reopen();
    assertThat(next.recover().adopted()).contains("shared");
    VmState state = next.find("shared").orElseThrow();
    assertThat(state).isInstanceOf(VmState.Suspended.class);
    VmState.Running again = next.resume((VmState.Suspended) state);
    assertThat(Shell.run(again.vm(), "cat drafts/asleep").out()).isEqualTo("asleep\n");
  }

  private static void destroys(ConformanceTest place) throws Exception {
    place.shared();
    VmState.Running held = running(place, "shared");
    VmState.Suspended suspended = place.host().suspend(held);
    place.host().destroy("shared");
    place.host().destroy("shared");
    assertThat(place.host().find("shared")).isEmpty();
    assertThat(place.host().list()).isEmpty();
    place.nothingIsLeft();
    assertCode("no_such_vm", () -> place.host().resume(suspended));
    assertCode("no_such_vm", () -> place.host().suspend(held));
    assertThatThrownBy(() -> Shell.run(held.vm(), "echo"))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.failure().retryable()).isTrue());
    VmState.Running fresh = place.host().create(place.spec("shared"));
    assertThat(Shell.run(fresh.vm(), "ls drafts").out()).isEmpty();
    fresh.vm().close();
    await().atMost(SOON).until(() -> place.host().find("shared").isEmpty());
  }

  private static void assertCode(String code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void write(Vm vm, String path, byte[] body) {
    vm.write(path, new ByteArrayInputStream(body), body.length, LEAD);
  }

  private static byte[] read(Vm vm, String path) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    vm.read(path, 0, 100 << 20, out);
    return out.toByteArray();
  }
}
