package org.choir.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Whatever bytes a guest sends, cut anywhere. Runs its corpus as a test; with {@code JAZZER_FUZZ=1}
 * in the environment it searches on.
 */
class FrameFuzzTest {
  /** The first byte tells how the rest is cut. */
  @FuzzTest(maxDuration = "30s")
  void anythingIsCutOrRefused(byte[] input) {
    if (input.length == 0) {
      return;
    }
    byte[] wire = Arrays.copyOfRange(input, 1, input.length);
    int piece = Byte.toUnsignedInt(input[0]) + 1;
    FrameCutter cutter = new FrameCutter();
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    try {
      for (int at = 0; at < wire.length; at += piece) {
        cutter.feed(
            ByteBuffer.wrap(wire, at, Math.min(piece, wire.length - at)),
            frame -> {
              assertThat(frame.body().length)
                  .isLessThanOrEqualTo(Frame.FRAME_MAX - Frame.HEAD_BYTES);
              again.writeBytes(frame.encode().array());
            });
      }
    } catch (SandboxException e) {
      assertThat(e.code()).isEqualTo("protocol_error");
    }
    // What was handed on is what came.
    assertThat(Arrays.copyOf(wire, again.size())).isEqualTo(again.toByteArray());
  }
}
