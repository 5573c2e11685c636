package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.choir.sandbox.SandboxException;
import org.jspecify.annotations.Nullable;

/**
 * Firecracker's API for one VM: HTTP/1.1 over its Unix socket, one connection that is kept, one
 * request at a time. Thread-safe.
 *
 * <p>Failures: {@code vmm_state} (not in this state of the machine), {@code vmm_refused} (the
 * request is wrong, with Firecracker's own words), {@code vmm_unreachable} (no answer: the state of
 * the machine is then unknown), {@code vmm_protocol} (an answer that is none).
 */
final class FirecrackerClient implements AutoCloseable {
  /** Firecracker's own limit ({@code --http-api-max-payload-size}). */
  static final int REQUEST_BYTES_MAX = 51_200;

  private static final int HEAD_BYTES_MAX = 16 << 10;
  private static final int ANSWER_BYTES_MAX = 1 << 20;

  private final Path socket;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable Connection connection;

  FirecrackerClient(Path socket) {
    HybridVsock.requireShort(socket);
    this.socket = socket;
  }

  JsonNode get(String path, Duration patience) {
    return call("GET", path, null, patience);
  }

  void put(String path, ObjectNode body, Duration patience) {
    call("PUT", path, body, patience);
  }

  void patch(String path, ObjectNode body, Duration patience) {
    call("PATCH", path, body, patience);
  }

  private JsonNode call(String method, String path, @Nullable ObjectNode body, Duration patience) {
    byte[] content = body == null ? new byte[0] : Json.write(body).getBytes(StandardCharsets.UTF_8);
    if (content.length > REQUEST_BYTES_MAX) {
      throw SandboxException.lasting(
          "vmm_refused",
          "%s %s has %d bytes, more than %d"
              .formatted(method, path, content.length, REQUEST_BYTES_MAX),
          "");
    }
    lock.lock();
    boolean good = false;
    try {
      Connection open = connected();
      Answer answer = open.exchange(request(method, path, content), patience);
      good = !answer.closes();
      return value(method, path, answer);
    } catch (IOException e) {
      throw SandboxException.passing(
          "vmm_unreachable",
          "%s %s to %s: %s".formatted(method, path, socket, e.getMessage()),
          "its VM is stopped; the next call gets a new one",
          e);
    } finally {
      if (!good) {
        disconnect();
      }
      lock.unlock();
    }
  }

  private Connection connected() throws IOException {
    if (connection != null && !connection.quiet()) {
      disconnect();
    }
    if (connection == null) {
      connection = new Connection(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }
    return connection;
  }

  private static byte[] request(String method, String path, byte[] content) {
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
            + (content.length > 0
                ? "Content-Type: application/json\r\nContent-Length: " + content.length + "\r\n"
                : "")
            + "\r\n";
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    all.writeBytes(content);
    return all.toByteArray();
  }

  private JsonNode value(String method, String path, Answer answer) {
    try {
      JsonNode body = answer.body().length == 0 ? Json.object() : Json.parse(answer.body());
      if (answer.status() == 200 || answer.status() == 204) {
        return body;
      }
      throw refused(method, path, answer.status(), body.path("fault_message").asText());
    } catch (SandboxException e) {
      throw e;
    } catch (ChoirException e) {
      throw SandboxException.passing(
          "vmm_protocol",
          "%s %s answered %d with what is no JSON".formatted(method, path, answer.status()),
          "",
          e);
    }
  }

  /** Firecracker names a wrong state in words only. */
  static SandboxException refused(String method, String path, int status, String fault) {
    String words = fault.toLowerCase(Locale.ROOT);
    boolean state =
        words.contains("not supported after starting")
            || words.contains("not supported before starting")
            || words.contains("microvm is not running")
            || words.contains("not paused")
            || words.contains("already")
            || words.contains("only allowed before");
    return SandboxException.lasting(
        state ? "vmm_state" : "vmm_refused",
        "%s %s was refused (%d): %s".formatted(method, path, status, Text.visible(fault, 400)),
        "");
  }

  private void disconnect() {
    Connection open = connection;
    connection = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      disconnect();
    } finally {
      lock.unlock();
    }
  }

  private record Answer(int status, byte[] body, boolean closes) {}

  /** One connection; each exchange has its deadline. */
  private static final class Connection {
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer in = ByteBuffer.allocate(16 << 10).limit(0);

    Connection(SocketChannel channel) throws IOException {
      this.channel = channel;
      channel.configureBlocking(false);
      selector = Selector.open();
      key = channel.register(selector, 0);
    }

    /** Whether nothing has come that was not asked for; what follows such a thing is no answer. */
    boolean quiet() {
      try {
        if (in.hasRemaining()) {
          return false;
        }
        in.clear();
        int n = channel.read(in);
        in.flip();
        return n == 0;
      } catch (IOException e) {
        return false; // it has ended
      }
    }

    Answer exchange(byte[] request, Duration patience) throws IOException {
      long deadline = System.nanoTime() + patience.toNanos();
      ByteBuffer out = ByteBuffer.wrap(request);
      while (out.hasRemaining()) {
        if (channel.write(out) == 0) {
          await(SelectionKey.OP_WRITE, deadline, patience);
        }
      }
      String[] start = line(deadline, patience).split(" ", 3);
      if (start.length < 2 || !start[0].startsWith("HTTP/1.") || !start[1].matches("[0-9]{3}")) {
        throw new IOException("an answer that is no HTTP: " + Text.visible(start[0], 40));
      }
      int status = Integer.parseInt(start[1]);
      int length = 0;
      boolean closes = false;
      for (String field = line(deadline, patience);
          !field.isEmpty();
          field = line(deadline, patience)) {
        String[] parts = field.split(":", 2);
        String value = parts.length == 2 ? parts[1].strip() : "";
        switch (parts[0].toLowerCase(Locale.ROOT)) {
          case "content-length" -> length = length(value);
          case "transfer-encoding" -> throw new IOException("a body in chunks");
          case "connection" -> closes = value.equalsIgnoreCase("close");
          default -> {}
        }
      }
      byte[] body = new byte[length];
      for (int i = 0; i < length; i++) {
        body[i] = next(deadline, patience);
      }
      return new Answer(status, body, closes);
    }

    private static int length(String text) throws IOException {
      if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > ANSWER_BYTES_MAX) {
        throw new IOException("a body of " + Text.visible(text, 20) + " bytes");
      }
      return Integer.parseInt(text);
    }

    private String line(long deadline, Duration patience) throws IOException {
      StringBuilder text = new StringBuilder();
      while (true) {
        byte letter = next(deadline, patience);
        if (letter == '\n') {
          return text.toString().stripTrailing();
        }
        if (text.length() > HEAD_BYTES_MAX) {
          throw new IOException("a line of more than " + HEAD_BYTES_MAX + " bytes");
        }
        text.append((char) letter);
      }
    }

    private byte next(long deadline, Duration patience) throws IOException {
      while (!in.hasRemaining()) {
        in.clear();
        int n = channel.read(in);
        in.flip();
        if (n < 0) {
          throw new EOFException("it ended the connection");
        }
        if (n == 0) {
          await(SelectionKey.OP_READ, deadline, patience);
        }
      }
      return in.get();
    }

    private void await(int what, long deadline, Duration patience) throws IOException {
      long left = (deadline - System.nanoTime() + 999_999) / 1_000_000;
      if (left <= 0) {
        throw new IOException("no answer within " + patience.toMillis() + " ms");
      }
      key.interestOps(what);
      selector.select(left);
      selector.selectedKeys().clear();
      if (Thread.interrupted()) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted");
      }
    }

    void close() {
      try (channel) {
        selector.close();
      } catch (IOException e) {
        // Nothing of it is used again.
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
