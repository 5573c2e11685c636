package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Json;

/**
 * One end of the control socket: JSON objects, one per line, in both directions. A line beyond the
 * limit ends the connection. Reading is for one thread, writing for any.
 */
final class Wire implements Closeable {
  /** Bytes of one line without its end, for requests and replies alike. */
  static final int LINE_BYTES_MAX = 8 << 20;

  private final SocketChannel channel;
  private final ByteBuffer incoming = ByteBuffer.allocate(64 << 10).flip();
  private final ReentrantLock writing = new ReentrantLock();
  private final int lineBytesMax;

  Wire(SocketChannel channel, int lineBytesMax) {
    this.channel = channel;
    this.lineBytesMax = lineBytesMax;
  }

  /**
   * The next object; empty at the end of the connection.
   *
   * @throws ChoirException {@code bad_json} for anything else, {@code line_too_long}
   */
  Optional<ObjectNode> read() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      while (incoming.hasRemaining()) {
        byte b = incoming.get();
        if (b == '\n') {
          return Optional.of(Json.parseObject(line.toString(StandardCharsets.UTF_8)));
        }
        if (line.size() == lineBytesMax) {
          throw ChoirException.usage(
              "line_too_long", "a request is longer than " + lineBytesMax + " bytes", "send less");
        }
        line.write(b);
      }
      incoming.clear();
      int count = channel.read(incoming);
      incoming.flip();
      if (count < 0) {
        return Optional.empty();
      }
    }
  }

  /** Writes one object whole. */
  void write(ObjectNode object) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap((Json.write(object) + "\n").getBytes(StandardCharsets.UTF_8));
    writing.lock();
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } finally {
      writing.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** A failure as it crosses the socket. */
  static ObjectNode failure(Failure failure) {
    return Json.object()
        .put("code", failure.code())
        .put("message", failure.message())
        .put("remedy", failure.remedy())
        .put("exit", failure.exit().name())
        .put("retryable", failure.retryable());
  }

  /** The failure that {@link #failure(Failure)} wrote. */
  static ChoirException thrown(ObjectNode failure) {
    ExitStatus exit = ExitStatus.FAILED;
    for (ExitStatus status : ExitStatus.values()) {
      if (status.name().equals(failure.path("exit").asText())) {
        exit = status;
      }
    }
    return new ChoirException(
        new Failure(
            failure.path("code").asText("unknown"),
            failure.path("message").asText(),
            failure.path("remedy").asText(),
            exit,
            failure.path("retryable").asBoolean()));
  }
}
