package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.choir.core.Digest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gigabytes of output, and a guest that stands still. */
@Tag("long")
class OutputVolumeTest {
  private static final long GIBIBYTE = 1L << 30;

  @TempDir static Path folder;
  private static Sandboxes room;
  private static Vm vm;

  @BeforeAll
  static void boot() {
    room = TestImage.open(folder);
    vm = room.obtain("volume");
  }

  @AfterAll
  static void stop() {
    vm.close();
    room.close();
  }

  private static final class Counted implements ExecOutput {
    final java.security.MessageDigest sha256 = Digest.sha256();
    long bytes;
    long missing;

    @Override
    public void stdout(byte[] more) {
      bytes += more.length;
      sha256.update(more);
    }

    @Override
    public void stderr(byte[] more) {}

    @Override
    public void gap(ExecEvent.Channel channel, long from, long to) {
      missing += to - from;
    }
  }

  private static ExecRequest gibibyte(long cap) {
    // Binary and without a line's end: the numbers of 64 bits, one after the other.
    String program =
        "import struct, sys\nfor i in range(0, 1 << 27, 1 << 13):\n"
            + " sys.stdout.buffer.write(struct.pack('>8192Q', *range(i, i + 8192)))";
    return new ExecRequest(
        List.of("python3", "-c", program), Map.of(), "/", 1000, Duration.ofMinutes(20), cap);
  }

  private static Digest expected() {
    java.security.MessageDigest sha256 = Digest.sha256();
    java.nio.ByteBuffer block = java.nio.ByteBuffer.allocate(8 << 13);
    for (long i = 0; i < 1 << 27; i += 1 << 13) {
      block.clear();
      for (long n = i; n < i + (1 << 13); n++) {
        block.putLong(n);
      }
      sha256.update(block.array());
    }
    return Digest.finish(sha256);
  }

  private static long heap() {
    System.gc();
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  /** In kibibytes, as tools see it. */
  private static long availableInGuest() {
    return Long.parseLong(
        Shell.run(vm, "awk '/MemAvailable/ {print $2}' /proc/meminfo").out().strip());
  }

  @Test
  void aGibibyteIsDeliveredByteForByteWithBoundedMemoryOnBothSides() {
    long hostBefore = heap();
    long guestBefore = availableInGuest();
    Counted seen = new Counted();
    ExecResult result = vm.exec(gibibyte(Long.MAX_VALUE / 4), seen);
    assertThat(result.exitCode()).isZero();
    assertThat(result.truncated()).isFalse();
    assertThat(seen.bytes).isEqualTo(GIBIBYTE);
    assertThat(Digest.finish(seen.sha256)).isEqualTo(expected());
    assertThat(heap() - hostBefore).isLessThan(64 << 20);
    assertThat(guestBefore - availableInGuest()).isLessThan(64 << 10);
  }

  @Test
  void ofAGibibyteBeyondTheCapHeadAndTailAreDeliveredAndTheFileSaysHowFarItGoes() {
    long guestBefore = availableInGuest();
    Counted seen = new Counted();
    ExecResult result = vm.exec(gibibyte(1 << 20).withTail(4 << 10), seen);
    assertThat(result.exitCode()).isZero();
    assertThat(result.truncated()).isTrue();
    assertThat(result.stdoutBytes()).isEqualTo(GIBIBYTE);
    assertThat(seen.bytes).isEqualTo((1 << 20) + (4 << 10));
    assertThat(seen.bytes + seen.missing).isEqualTo(GIBIBYTE);
    // A gibibyte is more than this guest's disk.
    assertThat(result.stdoutFile().bytes()).isBetween(100L << 20, 512L << 20);
    assertThat(guestBefore - availableInGuest()).isLessThan(64 << 10);
  }

  @Test
  void aHungKernelIsToldAtTheDeadlineAndCostsItsOwnMachineOnly() throws Exception {
    Vm hung = room.obtain("hung");
    long pid = hung.pid();
    try (Execution running =
        hung.start(
            new ExecRequest(
                List.of("sleep", "600"), Map.of(), "/", 1000, Duration.ofSeconds(1), 100))) {
      assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor())
          .isZero();
      assertThatThrownBy(running::next)
          .isInstanceOfSatisfying(
              SandboxException.class, e -> assertThat(e.code()).isEqualTo("guest_unresponsive"));
    }
    org.awaitility.Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    assertThat(Shell.run(vm, "echo alive").out()).isEqualTo("alive\n");
  }
}
