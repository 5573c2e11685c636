package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/** A command's connection to the server. One call at a time. */
public final class ControlClient implements AutoCloseable {
  /** A server that says nothing for so long, not even that it is alive, is taken for hung. */
  private static final Duration SILENCE_MAX = ControlServer.ALIVE_EVERY.multipliedBy(6);

  private static final int REPLIES_AHEAD_MAX = 10_000;

  private final Wire wire;
  private final BlockingQueue<Reply> replies = new LinkedBlockingQueue<>(REPLIES_AHEAD_MAX);
  private long lastId;

  private ControlClient(Wire wire) {
    this.wire = wire;
    Thread.ofVirtual().name("control-replies").start(this::receive);
  }

  /** What arrived, or that nothing more will. */
  private record Reply(Optional<ObjectNode> object) {}

  /** Connects, if a server listens. */
  public static Optional<ControlClient> connect(Path socket) {
    if (!Files.exists(socket)) {
      return Optional.empty();
    }
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
      } catch (IOException e) {
        // Nobody listens: a socket file that a killed server left behind.
        channel.close();
        return Optional.empty();
      }
      return Optional.of(new ControlClient(new Wire(channel, Wire.LINE_BYTES_MAX)));
    } catch (IOException e) {
      throw ChoirException.fatal(
          "socket", "cannot connect to " + socket + ": " + e.getMessage(), "choir doctor", e);
    }
  }

  private void receive() {
    try {
      for (Optional<ObjectNode> line = wire.read(); line.isPresent(); line = wire.read()) {
        replies.put(new Reply(line));
      }
    } catch (IOException | ChoirException e) {
      System.getLogger(ControlClient.class.getName()).log(System.Logger.Level.DEBUG, "ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // Makes room if need be: the end must arrive.
      while (!replies.offer(new Reply(Optional.empty()))) {
        replies.poll();
      }
    }
  }

  /**
   * Sends a request and waits for its result; events are handed on as they come.
   *
   * @throws ChoirException what the server answered, or {@code server_gone}, {@code server_silent}
   */
  public ObjectNode call(
      String command, String user, ObjectNode arguments, Consumer<ObjectNode> events) {
    long id = ++lastId;
    try {
      wire.write(
          Json.object()
              .put("id", id)
              .put("command", command)
              .put("user", user)
              .set("arguments", arguments));
    } catch (IOException e) {
      throw gone();
    }
    while (true) {
      ObjectNode reply = next();
      long of = reply.path("id").asLong(-1);
      if (of != id && of != -1) {
        continue;
      }
      if (reply.get("error") instanceof ObjectNode error) {
        throw Wire.thrown(error);
      }
      if (reply.get("result") instanceof ObjectNode result) {
        return result;
      }
      if (reply.get("event") instanceof ObjectNode event) {
        events.accept(event);
      }
    }
  }

  /** As {@link #call(String, String, ObjectNode, Consumer)} for a command without events. */
  public ObjectNode call(String command, String user, ObjectNode arguments) {
    return call(command, user, arguments, event -> {});
  }

  private ObjectNode next() {
    try {
      Reply reply = replies.poll(SILENCE_MAX.toMillis(), TimeUnit.MILLISECONDS);
      if (reply == null) {
        throw ChoirException.fatal(
            "server_silent",
            "the server has said nothing for " + SILENCE_MAX.toSeconds() + " s",
            "look at logs/server.0.log in the home, then: choir down, or kill the pid in run/lock");
      }
      return reply.object().orElseThrow(ControlClient::gone);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw gone();
    }
  }

  private static ChoirException gone() {
    return ChoirException.retryable(
        "server_gone",
        "the server ended before it answered",
        "run the command again: it starts a new server, and nothing recorded is lost",
        null);
  }

  @Override
  public void close() {
    try {
      wire.close();
    } catch (IOException e) {
      System.getLogger(ControlClient.class.getName()).log(System.Logger.Level.DEBUG, "close", e);
    }
  }
}
