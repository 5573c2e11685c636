package org.choir.sandbox.hosted;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.Json;
import org.jspecify.annotations.Nullable;

/**
 * A hosted service on this machine: keeps its sandboxes, runs commands in them for real, and can be
 * told to be late, to refuse, to break off.
 */
public abstract class LocalService implements AutoCloseable {
  /** One sandbox and what the service knows of it. */
  protected static final class Sandbox {
    public final String id;
    public final LocalBox box;
    public final Map<String, String> metadata;
    public final Instant started = Instant.now();
    public final List<HttpExchange> streams = new CopyOnWriteArrayList<>();
    public volatile String state = "running";

    Sandbox(String id, LocalBox box, Map<String, String> metadata) {
      this.id = id;
      this.box = box;
      this.metadata = metadata;
    }
  }

  /** What goes wrong next with requests whose method and path begin so. */
  private record Fault(String request, Way way, int status, Map<String, String> headers) {}

  /** What can be wrong with an answer. */
  public enum Way {
    /** A failure, and nothing was done. */
    REFUSED,
    /** Done, and the connection is closed without a word. */
    LOST,
    /** What no such service says. */
    NO_JSON,
    /** JSON without anything that is looked for. */
    EMPTY,
    /** Half of what was announced. */
    CUT,
    /** Begins and never ends. */
    ENDLESS
  }

  protected static final String KEY = "key-of-the-test";

  protected final Map<String, Sandbox> sandboxes = new ConcurrentHashMap<>();
  private final Path folder;
  private final HttpServer server;
  private final List<Fault> faults = new ArrayList<>();
  private final Set<HttpExchange> lost = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger numbers = new AtomicInteger();

  /** Method and path of each request, in order. */
  public final List<String> asked = new CopyOnWriteArrayList<>();

  protected LocalService(Path folder) throws IOException {
    this.folder = folder;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::serve);
    server.start();
  }

  public URI address() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** How many sandboxes there are. */
  public int size() {
    return sandboxes.size();
  }

  /** Answers the next such request with a failure instead of doing it. */
  public synchronized void fail(String request, int status, Map<String, String> headers) {
    faults.add(new Fault(request, Way.REFUSED, status, headers));
  }

  /** Does the next such request and loses the answer. */
  public synchronized void lose(String request) {
    spoil(request, Way.LOST);
  }

  /** Answers the next such request in this way. */
  public synchronized void spoil(String request, Way way) {
    faults.add(new Fault(request, way, 0, Map.of()));
  }

  private synchronized @Nullable Fault fault(String request) {
    for (Fault fault : faults) {
      if (request.startsWith(fault.request())) {
        faults.remove(fault);
        return fault;
      }
    }
    return null;
  }

  private void serve(HttpExchange exchange) throws IOException {
    String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    asked.add(request);
    Fault fault = fault(request);
    try (exchange) {
      if (fault == null) {
        handle(exchange, exchange.getRequestMethod(), path(exchange));
      } else {
        spoiled(exchange, fault);
      }
    } catch (IOException e) {
      // the client went away, or the stream was cut
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lost.remove(exchange);
    }
  }

  private void spoiled(HttpExchange exchange, Fault fault)
      throws IOException, InterruptedException {
    switch (fault.way()) {
      case REFUSED -> {
        fault.headers().forEach(exchange.getResponseHeaders()::set);
        error(exchange, fault.status(), "told to fail");
      }
      case LOST -> {
        lost.add(exchange);
        handle(exchange, exchange.getRequestMethod(), path(exchange));
      }
      case NO_JSON -> raw(exchange, "<html>502</html>", 16);
      case EMPTY -> raw(exchange, "{\"devboxes\":7}", 14);
      case CUT -> raw(exchange, "{\"id\":\"half", 1_000);
      case ENDLESS -> {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write('{');
        exchange.getResponseBody().flush();
        closing.await();
      }
    }
  }

  private static String path(HttpExchange exchange) {
    return exchange.getRequestURI().getPath();
  }

  private static void raw(HttpExchange exchange, String text, int announced) throws IOException {
    exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, announced);
    exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  /** Does one request. */
  protected abstract void handle(HttpExchange exchange, String method, String path)
      throws IOException;

  /** The body of a failure, as this service forms it. */
  protected abstract JsonNode errorBody(int status, String message);

  protected void error(HttpExchange exchange, int status, String message) throws IOException {
    answer(exchange, status, errorBody(status, message));
  }

  protected void answer(HttpExchange exchange, int status, @Nullable JsonNode body)
      throws IOException {
    if (lost.contains(exchange)) {
      return; // closed without a word
    }
    if (body == null) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    byte[] text = Json.write(body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, text.length);
    exchange.getResponseBody().write(text);
  }

  protected Sandbox make(String prefix, Map<String, String> metadata) throws IOException {
    String id = prefix + numbers.incrementAndGet() + Long.toHexString(System.nanoTime());
    Sandbox sandbox = new Sandbox(id, new LocalBox(folder.resolve(id)), metadata);
    sandboxes.put(id, sandbox);
    return sandbox;
  }

  protected void end(Sandbox sandbox) throws IOException {
    sandboxes.remove(sandbox.id);
    cut(sandbox);
    sandbox.box.remove();
  }

  /** Every stream out of a sandbox breaks off. */
  protected static void cut(Sandbox sandbox) {
    sandbox.streams.forEach(HttpExchange::close);
    sandbox.streams.clear();
  }

  protected static JsonNode body(HttpExchange exchange) throws IOException {
    byte[] text = exchange.getRequestBody().readAllBytes();
    return text.length == 0 ? Json.object() : Json.parse(text);
  }

  protected static Map<String, String> words(JsonNode object) {
    Map<String, String> all = new LinkedHashMap<>();
    object.properties().forEach(e -> all.put(e.getKey(), e.getValue().asText()));
    return all;
  }

  protected static Map<String, String> query(HttpExchange exchange) {
    return form(exchange.getRequestURI().getRawQuery());
  }

  protected static Map<String, String> form(@Nullable String text) {
    Map<String, String> all = new TreeMap<>();
    for (String pair : text == null ? new String[0] : text.split("&", -1)) {
      String[] parts = pair.split("=", 2);
      all.put(
          URLDecoder.decode(parts[0], StandardCharsets.UTF_8),
          parts.length > 1 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
    }
    return all;
  }

  /** The parts of a form by name. */
  protected static Map<String, byte[]> parts(HttpExchange exchange) throws IOException {
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    byte[] all;
    try (InputStream in = exchange.getRequestBody()) {
      all = in.readAllBytes();
    }
    String text = new String(all, StandardCharsets.ISO_8859_1);
    String boundary = "--" + type.substring(type.indexOf("boundary=") + 9);
    Map<String, byte[]> parts = new TreeMap<>();
    int at = text.indexOf(boundary);
    while (at >= 0) {
      int head = at + boundary.length() + 2;
      int next = text.indexOf("\r\n" + boundary, head);
      int body = text.indexOf("\r\n\r\n", head) + 4;
      if (next < 0) {
        break;
      }
      String fields = text.substring(head, body);
      int name = fields.indexOf("name=\"") + 6;
      parts.put(
          fields.substring(name, fields.indexOf('"', name)),
          text.substring(body, next).getBytes(StandardCharsets.ISO_8859_1));
      at = next + 2;
    }
    return parts;
  }

  @Override
  public void close() throws IOException {
    closing.countDown();
    for (Sandbox sandbox : List.copyOf(sandboxes.values())) {
      end(sandbox);
    }
    server.stop(0);
  }
}
