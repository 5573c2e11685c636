package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.choir.core.Json;

/** The guest's side of the streams it opens, played by a test frame by frame. */
final class GuestSide {
  final GuestStreams streams;
  private final LinkedBlockingQueue<Frame> heard = new LinkedBlockingQueue<>();
  private int last;

  GuestSide(GuestStreams.Handler handler) {
    streams = new GuestStreams("test", (frame, patience) -> heard.add(frame), System::nanoTime);
    streams.agreed(2);
    streams.serve(handler);
  }

  static int id(int n) {
    return n | 1 << 31;
  }

  int open(ObjectNode request) {
    int id = id(++last);
    streams.take(Frame.control(id, Frame.OPEN, request));
    return id;
  }

  void say(int stream, byte[] bytes) {
    for (int at = 0; at < bytes.length; at += Frame.CHUNK) {
      streams.take(
          new Frame(
              stream,
              Frame.DATA,
              (byte) 0,
              Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + Frame.CHUNK))));
    }
  }

  void say(int stream, String text) {
    say(stream, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  Frame hear() throws InterruptedException {
    Frame frame = heard.poll(10, TimeUnit.SECONDS);
    if (frame == null) {
      throw new AssertionError("the host says nothing");
    }
    return frame;
  }

  boolean silent() {
    return heard.isEmpty();
  }

  /** How a stream ended and what came before. */
  record Heard(byte[] bytes, boolean well, JsonNode end) {
    String text() {
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }

  /** Everything up to the end of the one open stream; grants what it takes. */
  Heard hearAll() throws InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (true) {
      Frame frame = hear();
      switch (frame.type()) {
        case Frame.DATA -> {
          out.writeBytes(frame.body());
          streams.take(Frame.credit(frame.stream(), frame.body().length));
        }
        case Frame.CREDIT -> {}
        default -> {
          return new Heard(
              out.toByteArray(),
              frame.type() == Frame.END,
              Json.parseObject(new String(frame.body(), StandardCharsets.UTF_8)));
        }
      }
    }
  }

  static final Duration PATIENCE = Duration.ofSeconds(10);
}
