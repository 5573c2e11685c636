package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's codec and the guest's, fed the same bytes cut at random places: valid streams, damaged
 * ones, noise. Both must hand on the same frames and refuse at the same one.
 */
class FrameAgreementTest {
  private static final int STREAMS = 400;

  private final long seed = Long.getLong("choir.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void bothSidesAgreeOnEveryStream(@TempDir Path folder) throws Exception {
    System.out.println("choir.seed=" + seed);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < STREAMS; i++) {
      byte[] wire = wire();
      int[] cuts = cuts(wire.length);
      try (DataOutputStream out =
          new DataOutputStream(Files.newOutputStream(folder.resolve("stream-%03d".formatted(i))))) {
        out.writeInt(cuts.length);
        for (int cut : cuts) {
          out.writeInt(cut);
        }
        out.write(wire);
      }
      expected.append(transcript(wire, cuts)).append('\n');
    }
    assertThat(expected).contains("refused").contains("whole");
    assertThat(guestTranscripts(folder)).as("seed " + seed).isEqualTo(expected.toString());
  }

  /**
   * The other direction of the codec: what the guest writes is what the host would have written.
   */
  @Test
  void whatWasCutIsEncodedAsItCame() {
    for (int round = 0; round < 200; round++) {
      ByteArrayOutputStream again = new ByteArrayOutputStream();
      byte[] wire = frames(1 + random.nextInt(5));
      new FrameCutter()
          .feed(ByteBuffer.wrap(wire), frame -> again.writeBytes(frame.encode().array()));
      assertThat(again.toByteArray()).as("seed " + seed).isEqualTo(wire);
    }
  }

  private byte[] wire() {
    byte[] wire = frames(1 + random.nextInt(6));
    switch (random.nextInt(5)) {
      case 0 -> { // a bit flips somewhere
        wire[random.nextInt(wire.length)] ^= (byte) (1 << random.nextInt(8));
      }
      case 1 -> { // bytes are lost at the end
        wire = java.util.Arrays.copyOf(wire, random.nextInt(wire.length));
      }
      case 2 -> { // noise follows
        ByteBuffer longer = ByteBuffer.allocate(wire.length + 200).put(wire);
        byte[] noise = new byte[200];
        random.nextBytes(noise);
        wire = longer.put(noise).array();
      }
      case 3 -> { // a length at a limit
        int[] lengths = {0, 1, 5, 6, Frame.FRAME_MAX, Frame.FRAME_MAX + 1, -1, Integer.MIN_VALUE};
        ByteBuffer longer = ByteBuffer.allocate(wire.length + 4 + 64).put(wire);
        wire = longer.putInt(lengths[random.nextInt(lengths.length)]).array();
      }
      default -> {
        // as it is
      }
    }
    return wire;
  }

  private byte[] frames(int count) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      byte[] body = new byte[random.nextInt(10) == 0 ? random.nextInt(40_000) : random.nextInt(60)];
      random.nextBytes(body);
      Frame frame =
          new Frame(random.nextInt(), (byte) random.nextInt(256), (byte) random.nextInt(256), body);
      out.writeBytes(frame.encode().array());
    }
    return out.toByteArray();
  }

  private int[] cuts(int length) {
    List<Integer> cuts = new ArrayList<>();
    int most = random.nextBoolean() ? 4 : 3_000;
    for (int at = 0; at < length; ) {
      int n = Math.min(length - at, 1 + random.nextInt(most));
      cuts.add(n);
      at += n;
    }
    return cuts.stream().mapToInt(Integer::intValue).toArray();
  }

  /** One line: each frame's head and body digest, then whether the stream was refused. */
  private static String transcript(byte[] wire, int[] cuts) {
    FrameCutter cutter = new FrameCutter();
    StringBuilder line = new StringBuilder();
    int at = 0;
    try {
      for (int cut : cuts) {
        cutter.feed(
            ByteBuffer.wrap(wire, at, cut),
            frame ->
                line.append(Integer.toUnsignedString(frame.stream()))
                    .append(':')
                    .append(Byte.toUnsignedInt(frame.type()))
                    .append(':')
                    .append(Byte.toUnsignedInt(frame.flags()))
                    .append(':')
                    .append(Digest.of(frame.body()).prefix(16))
                    .append(' '));
        at += cut;
      }
    } catch (SandboxException e) {
      return line + "refused";
    }
    return line + "whole";
  }

  private static String guestTranscripts(Path folder) throws IOException, InterruptedException {
    Path log = folder.resolve("go.log");
    Path answer = folder.resolve("transcripts");
    ProcessBuilder go =
        new ProcessBuilder("go", "test", "-count=1", "-run", "^TestAgreesWithTheHost$", ".");
    go.directory(TestImage.repository().resolve("guest/agent").toFile());
    go.environment().putIfAbsent("HOME", folder.toString());
    go.environment().put("GOFLAGS", "-mod=mod");
    go.environment().put("CHOIR_STREAMS", folder.toString());
    Process process = go.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    return Files.readString(answer);
  }
}
