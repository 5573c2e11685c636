package org.choir.sandbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.choir.core.Json;
import org.choir.core.Text;

/**
 * QEMU's control socket (QMP): one command at a time, each with a deadline. QEMU serves one client
 * at a time, so one is opened for each change and closed again. A guest that has taken QEMU over
 * can say anything here; what it says is bounded and only ever fails its own VM.
 */
final class Qmp implements AutoCloseable {
  private static final int LINE_MAX = 1 << 20;

  private final SocketChannel channel;
  private final Selector selector;
  private final ByteBuffer buffer = ByteBuffer.allocate(8 << 10).flip();
  private final long deadline;

  private Qmp(Path socket, Duration patience) throws IOException {
    this.deadline = System.nanoTime() + patience.toNanos();
    this.channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    this.selector = Selector.open();
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ);
  }

  /** Connects; all commands together must be done within the patience. */
  static Qmp connect(Path socket, Duration patience) throws IOException {
    Qmp qmp = new Qmp(socket, patience);
    try {
      JsonNode greeting = qmp.line();
      if (!greeting.has("QMP")) {
        throw new IOException("no greeting on QEMU's control socket");
      }
      qmp.ask("qmp_capabilities", Json.object());
      return qmp;
    } catch (IOException | RuntimeException e) {
      qmp.close();
      throw e;
    }
  }

  JsonNode ask(String command) throws IOException {
    return ask(command, Json.object());
  }

  /** The answer; events on the way are dropped. */
  JsonNode ask(String command, ObjectNode arguments) throws IOException {
    ObjectNode request = Json.object().put("execute", command);
    if (!arguments.isEmpty()) {
      request.set("arguments", arguments);
    }
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(Json.write(request) + "\n");
    while (bytes.hasRemaining()) {
      channel.write(bytes); // a command is far smaller than the socket's buffer
    }
    while (true) {
      JsonNode said = line();
      if (said.has("return")) {
        return said.get("return");
      }
      if (said.has("error")) {
        throw new IOException(
            "QEMU refuses "
                + command
                + ": "
                + Text.visible(said.path("error").path("desc").asText(), 200));
      }
    }
  }

  private JsonNode line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (line.size() < LINE_MAX) {
      while (!buffer.hasRemaining()) {
        fill();
      }
      byte next = buffer.get();
      if (next == '\n') {
        return Json.parseObject(line.toString(StandardCharsets.UTF_8));
      }
      line.write(next);
    }
    throw new IOException("a line of more than " + LINE_MAX + " bytes on QEMU's control socket");
  }

  private void fill() throws IOException {
    long left = (deadline - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new IOException("QEMU's control socket did not answer in time");
    }
    selector.select(left);
    selector.selectedKeys().clear();
    buffer.clear();
    int n = channel.read(buffer);
    buffer.flip();
    if (n < 0) {
      throw new IOException("QEMU closed its control socket");
    }
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }
}
