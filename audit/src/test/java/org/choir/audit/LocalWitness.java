package org.choir.audit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;

/** A witness with a memory, served on loopback as C2SP tlog-witness says. */
final class LocalWitness implements AutoCloseable {
  /** What it does instead of an honest answer. */
  enum Trick {
    GARBAGE,
    CUT_OFF,
    WRONG_TEXT,
    EMPTY,
    LATE,
    BROKEN
  }

  private final LogKey key = LogKey.witness("witness.test/w1", new SecureRandom());
  private final CountDownLatch closing = new CountDownLatch(1);
  private final NoteKey log;
  private final HttpServer server;
  private long size;
  private Digest root = TreeHash.ofNothing();
  private @Nullable Trick trick;

  LocalWitness(NoteKey log) {
    this.log = log;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/w/add-checkpoint", this::answer);
    server.start();
  }

  NoteKey key() {
    return key.shown();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/w");
  }

  synchronized long seen() {
    return size;
  }

  synchronized void play(Trick next) {
    trick = next;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Trick now;
    synchronized (this) {
      now = trick;
    }
    if (now == null) {
      honest(exchange, body);
      return;
    }
    switch (now) {
      case GARBAGE -> send(exchange, 200, "<html>welcome</html>\n");
      case EMPTY -> send(exchange, 200, "");
      case BROKEN -> send(exchange, 500, "sorry\n");
      case CUT_OFF -> {
        String line = key.signature("any\n", 5).line();
        send(exchange, 200, line.substring(0, line.length() / 2));
      }
      case WRONG_TEXT -> send(exchange, 200, key.signature("another text\n", 5).line());
      case LATE -> {
        try {
          closing.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        exchange.close();
      }
    }
  }

  private synchronized void honest(HttpExchange exchange, String body) throws IOException {
    int blank = body.indexOf("\n\n");
    List<String> lines = new ArrayList<>(List.of(body.substring(0, blank).split("\n", -1)));
    long old = Checkpoint.number(lines.removeFirst().substring("old ".length()));
    List<Digest> proof = lines.stream().map(l -> TreeHash.digest(Note.base64(l))).toList();
    Note note = Note.parse(body.substring(blank + 2));
    Checkpoint head = Checkpoint.parse(note.text());
    if (!head.origin().equals(log.name())) {
      send(exchange, 404, "unknown log\n");
    } else if (!log.verifies(note)) {
      send(exchange, 403, "unknown key\n");
    } else if (old > head.size() || proof.size() > 63) {
      send(exchange, 400, "bad request\n");
    } else if (old != size) {
      exchange.getResponseHeaders().set("Content-Type", "text/x.tlog.size");
      send(exchange, 409, size + "\n");
    } else if (old == head.size() && !root.equals(head.root())) {
      send(exchange, 409, "another root\n");
    } else if (old == 0
        ? !proof.isEmpty()
        : !TreeProof.extendsTo(old, head.size(), root, head.root(), proof)) {
      send(exchange, 422, "inconsistent\n");
    } else {
      size = head.size();
      root = head.root();
      String stranger =
          LogKey.witness("stranger.test", new SecureRandom()).signature("x\n", 1).line();
      send(exchange, 200, stranger + key.signature(note.text(), 1_800_000_000L).line());
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
  }
}
