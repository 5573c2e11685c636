package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCutterTest {
  private final long seed = Long.getLong("choir.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void framesSurviveAnyCutting() {
    for (int round = 0; round < 200; round++) {
      List<Frame> sent = new ArrayList<>();
      ByteBuffer wire = ByteBuffer.allocate(64 << 10);
      for (int i = 0; i <= random.nextInt(6); i++) {
        byte[] body = new byte[random.nextInt(5000)];
        random.nextBytes(body);
        Frame frame =
            new Frame(
                random.nextInt(), (byte) random.nextInt(256), (byte) random.nextInt(256), body);
        sent.add(frame);
        wire.put(frame.encode());
      }
      List<Frame> got = feed(new FrameCutter(), bytes(wire));
      assertThat(wire(got)).as("seed " + seed).isEqualTo(wire(sent));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, Frame.FRAME_MAX + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
  void refusesALengthThatCannotBe(int length) {
    byte[] wire = ByteBuffer.allocate(Integer.BYTES).putInt(length).array();
    assertThatThrownBy(() -> feed(new FrameCutter(), wire))
        .isInstanceOfSatisfying(
            SandboxException.class, e -> assertThat(e.code()).isEqualTo("protocol_error"));
  }

  @Test
  void dropsWhatWasMeantForAnEarlierHost() {
    byte[] mark = new byte[32];
    random.nextBytes(mark);
    for (int round = 0; round < 200; round++) {
      byte[] remains = new byte[random.nextInt(3000)];
      random.nextBytes(remains);
      Frame first = new Frame(0, Frame.HELLO, (byte) 0, "{}".getBytes(StandardCharsets.UTF_8));
      ByteBuffer wire = ByteBuffer.allocate(8000).put(remains).put(mark).put(first.encode());
      assertThat(wire(feed(new FrameCutter(mark), bytes(wire))))
          .as("seed " + seed)
          .isEqualTo(wire(List.of(first)));
    }
  }

  @Test
  void givesUpOnAGuestThatNeverAnswersTheMark() {
    FrameCutter cutter = new FrameCutter(new byte[] {1, 2, 3, 4});
    byte[] noise = new byte[1 << 20];
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 10; i++) {
                feed(cutter, noise);
              }
            })
        .isInstanceOf(SandboxException.class);
  }

  @Test
  void noiseIsRefusedOrCutButNeverBreaksAnything() {
    for (int round = 0; round < 2000; round++) {
      byte[] noise = new byte[random.nextInt(400)];
      random.nextBytes(noise);
      try {
        feed(new FrameCutter(), noise);
      } catch (SandboxException e) {
        assertThat(e.code()).as("seed " + seed).isEqualTo("protocol_error");
      }
    }
  }

  @Test
  void refusesARequestThatIsTooLong() {
    assertThatThrownBy(
            () ->
                Frame.control(1, Frame.OPEN, Json.object().put("x", "y".repeat(Frame.CONTROL_MAX))))
        .isInstanceOf(SandboxException.class);
  }

  private List<Frame> feed(FrameCutter cutter, byte[] wire) {
    List<Frame> frames = new ArrayList<>();
    for (int at = 0; at < wire.length; ) {
      int n = Math.min(wire.length - at, 1 + random.nextInt(900));
      cutter.feed(ByteBuffer.wrap(wire, at, n), frames::add);
      at += n;
    }
    return frames;
  }

  private static List<ByteBuffer> wire(List<Frame> frames) {
    return frames.stream().map(Frame::encode).toList();
  }

  private static byte[] bytes(ByteBuffer wire) {
    byte[] bytes = new byte[wire.flip().remaining()];
    wire.get(bytes);
    return bytes;
  }
}
