package org.choir.model.langchain4j;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A provider on this machine: checks every request as strictly as the real one and answers with
 * what the test has queued. A request that breaks the provider's rules gets the provider's own
 * error 400, and so fails the test.
 */
final class LocalProvider implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final LinkedBlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
  private final List<Asked> asked = new ArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger open = new AtomicInteger();
  private final Wire wire;

  /** A request as it arrived. */
  record Asked(String path, Map<String, List<String>> headers, String body) {
    String header(String name) {
      return headers.entrySet().stream()
          .filter(header -> header.getKey().equalsIgnoreCase(name))
          .map(header -> header.getValue().getFirst())
          .findFirst()
          .orElse("");
    }
  }

  /** How one request is answered, from the exchange on. */
  interface Reply {
    void send(HttpExchange exchange) throws IOException, InterruptedException;
  }

  LocalProvider(Wire wire) {
    this.wire = wire;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  void next(Reply reply) {
    replies.add(reply);
  }

  /** A whole answer, in small pieces. */
  void answers(Wire.Script script) {
    next(stream(script, 7, Integer.MAX_VALUE, Ending.ORDERLY));
  }

  /** An answer with this status. */
  void fails(int status, String body, String... headers) {
    next(
        exchange -> {
          for (int i = 0; i < headers.length; i += 2) {
            exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
          }
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
  }

  /** How a stream ends. */
  enum Ending {
    /** With the last chunk, as HTTP wants it. */
    ORDERLY,
    /** The connection breaks. */
    BROKEN,
    /** The connection stays open and nothing comes. */
    SILENT,
    /** The connection stays open and comments or blank lines keep coming. */
    DRIPPING
  }

  /** The first {@code count} events of a script, in chunks of so many bytes. */
  Reply stream(Wire.Script script, int chunk, int count, Ending ending) {
    List<String> events = wire.events(script);
    return raw(String.join("", events.subList(0, Math.min(count, events.size()))), chunk, ending);
  }

  Reply raw(String text, int chunk, Ending ending) {
    return exchange -> {
      exchange.getResponseHeaders().add("Content-Type", wire.contentType());
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      for (int from = 0; from < bytes.length; from += chunk) {
        out.write(bytes, from, Math.min(chunk, bytes.length - from));
        out.flush();
      }
      switch (ending) {
        case ORDERLY -> exchange.close();
        case BROKEN -> throw new IOException("broken on purpose");
        case SILENT -> closing.await();
        case DRIPPING -> {
          while (!closing.await(20, TimeUnit.MILLISECONDS)) {
            out.write('\n');
            out.flush();
          }
        }
      }
    };
  }

  /** Takes the request and answers nothing. */
  Reply silence() {
    return exchange -> closing.await();
  }

  List<Asked> asked() {
    synchronized (asked) {
      return List.copyOf(asked);
    }
  }

  /** Requests that are being answered now. */
  int open() {
    return open.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    open.incrementAndGet();
    try {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      exchange.getRequestBody().transferTo(body);
      Asked request =
          new Asked(
              exchange.getRequestURI().toString(),
              Map.copyOf(exchange.getRequestHeaders()),
              body.toString(StandardCharsets.UTF_8));
      synchronized (asked) {
        asked.add(request);
      }
      Reply reply = replies.poll();
      try {
        wire.check(exchange.getRequestMethod(), request);
      } catch (AssertionError e) {
        replies.clear();
        fails(400, wire.error("invalid_request_error", "bad_request", "" + e.getMessage()));
        reply = replies.poll();
      }
      if (reply == null) {
        throw new IOException("a request that the test did not expect");
      }
      reply.send(exchange);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.decrementAndGet();
    }
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
