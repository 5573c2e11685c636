package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A server is killed between any two steps of a suspend or a resume; the next one finds the old
 * snapshot or the new one, or the machine still running, and never half of anything.
 */
class CrashTest {
  @TempDir Path folder;
  private Sandboxes room;

  @AfterEach
  void leaveNothing() throws Exception {
    for (VmInfo info : room.list()) {
      room.destroy(info.id());
    }
    room.close();
    assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all.filter(path -> path.getFileName().toString().startsWith("vm-"))).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GUEST_PAUSED", "SNAPSHOT_WHOLE", "STATE_LOADED"})
  void aKillAtADecisiveStepLosesNothing(Step step) throws Exception {
    kill(step);
  }

  @ParameterizedTest
  @EnumSource
  @Tag("long")
  void aKillAtAnyStepLosesNothing(Step step) throws Exception {
    kill(step);
  }

  private void kill(Step step) throws Exception {
    Vm vm = room.obtain("vm");
    Shell.run(vm, "echo first > /workspace/f; echo first > /tmp/m");
    room.suspend("vm");
    boolean resuming = step.compareTo(Step.RESUME_JOURNALLED) >= 0;
    if (!resuming) {
      // An older snapshot is there; what came after it must not be mixed with it.
      Shell.run(vm, "echo second > /workspace/f; echo second > /tmp/m");
    }
    int generation = room.list().getFirst().generation();
    room.close();

    assertThat(diesAt(step)).isEqualTo(9);

    open();
    assertThat(room.recover().adopted()).containsExactly("vm");
    VmInfo after = room.list().getFirst();
    assertThat(after.phase()).isIn(VmInfo.Phase.RUNNING, VmInfo.Phase.SUSPENDED);
    if (after.phase() == VmInfo.Phase.SUSPENDED) {
      assertThat(HypervisorProcess.withArgument(folder + "/vm-")).isEmpty();
    }
    String wanted = resuming ? "first\n" : "second\n";
    Vm again = room.obtain("vm");
    assertThat(Shell.run(again, "cat /workspace/f /tmp/m").out()).isEqualTo(wanted.repeat(2));
    // No two machines that went on from one snapshot have the same number.
    if (resuming) {
      assertThat(room.list().getFirst().generation()).isGreaterThan(generation);
    }
    room.suspend("vm");
    assertThat(Shell.run(again, "cat /workspace/f /tmp/m").out()).isEqualTo(wanted.repeat(2));
  }

  @BeforeEach
  void open() {
    room = TestImage.open(TestImage.options(folder), InstantSource.system());
  }

  private int diesAt(Step step) throws Exception {
    List<String> line = new ArrayList<>();
    line.add(ProcessHandle.current().info().command().orElseThrow());
    line.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            "-Dchoir.repository=" + TestImage.repository(),
            CrashAt.class.getName(),
            folder.toString(),
            step.name()));
    Path log = folder.resolve("crash.log");
    Process server =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(server.waitFor(90, TimeUnit.SECONDS)).isTrue();
    assertThat(server.exitValue()).as(Files.readString(log)).isEqualTo(9);
    return server.exitValue();
  }
}
