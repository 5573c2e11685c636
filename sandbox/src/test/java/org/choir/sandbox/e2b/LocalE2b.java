package org.choir.sandbox.e2b;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.choir.core.Json;
import org.choir.sandbox.hosted.LocalService;

/** E2B's interfaces: the REST one, and the daemon of each sandbox below {@code /envd/ID}. */
public final class LocalE2b extends LocalService {
  /** Streams are cut after so many more events; not if negative. */
  public volatile int cutAfter = -1;

  /** How many sandboxes one page of the list has. */
  public volatile int page = 100;

  public LocalE2b(Path folder) throws IOException {
    super(folder);
  }

  /** What reaches this one. */
  public E2bOptions options(String key) {
    return new E2bOptions(
        address(), address() + "/envd/{id}", key, "base", Duration.ofHours(1), false);
  }

  /** The key it takes. */
  public static String key() {
    return KEY;
  }

  @Override
  protected JsonNode errorBody(int status, String message) {
    return Json.object().put("code", status).put("message", message);
  }

  @Override
  protected void handle(HttpExchange exchange, String method, String path) throws IOException {
    String[] parts = path.substring(1).split("/", 3);
    if (parts[0].equals("envd")) {
      inside(exchange, method, parts[1], "/" + parts[2]);
      return;
    }
    if (!KEY.equals(exchange.getRequestHeaders().getFirst("X-API-KEY"))) {
      error(exchange, 401, "Invalid API key");
      return;
    }
    if (method.equals("POST") && path.equals("/sandboxes")) {
      JsonNode order = body(exchange);
      if (!order.path("templateID").isTextual() || !order.path("timeout").isInt()) {
        error(exchange, 400, "templateID and timeout are needed");
        return;
      }
      answer(exchange, 201, view(make("i", words(order.path("metadata")))));
    } else if (method.equals("GET") && path.equals("/v2/sandboxes")) {
      list(exchange);
    } else if (parts[0].equals("sandboxes") && parts.length > 1) {
      one(exchange, method, parts[1], parts.length > 2 ? parts[2] : "");
    } else {
      error(exchange, 404, "no such path");
    }
  }

  private static ObjectNode view(Sandbox sandbox) {
    ObjectNode view =
        Json.object()
            .put("sandboxID", sandbox.id)
            .put("clientID", "c")
            .put("templateID", "base")
            .put("envdVersion", "0.2.0")
            .put("envdAccessToken", "token-of-" + sandbox.id)
            .put("state", sandbox.state)
            .put("startedAt", sandbox.started.toString())
            .put("cpuCount", 1)
            .put("memoryMB", 512)
            .put("diskSizeMB", 1024);
    view.putNull("domain");
    ObjectNode metadata = view.putObject("metadata");
    sandbox.metadata.forEach(metadata::put);
    return view;
  }

  private void list(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    Map<String, String> wanted = form(query.get("metadata"));
    List<String> states = List.of(query.getOrDefault("state", "running").split(",", -1));
    int from = Integer.parseInt(query.getOrDefault("nextToken", "0"));
    List<Sandbox> all =
        sandboxes.values().stream()
            .filter(s -> states.contains(s.state))
            .filter(s -> s.metadata.entrySet().containsAll(wanted.entrySet()))
            .sorted(Comparator.comparing((Sandbox s) -> s.started).reversed())
            .toList();
    ArrayNode part = Json.array();
    all.stream()
        .skip(from)
        .limit(page)
        .forEach(s -> part.add(view(s).without(List.of("envdAccessToken", "domain"))));
    if (all.size() > from + page) {
      exchange.getResponseHeaders().set("x-next-token", Integer.toString(from + page));
    }
    answer(exchange, 200, part);
  }

  private void one(HttpExchange exchange, String method, String id, String what)
      throws IOException {
    Sandbox sandbox = sandboxes.get(id);
    if (sandbox == null) {
      error(exchange, 404, "Sandbox not found");
      return;
    }
    switch (method + " " + what) {
      case "GET " -> answer(exchange, 200, view(sandbox));
      case "DELETE " -> {
        end(sandbox);
        answer(exchange, 204, null);
      }
      case "POST pause" -> {
        if (!sandbox.state.equals("running")) {
          error(exchange, 409, "Sandbox is not running");
          return;
        }
        sandbox.box.freeze();
        sandbox.state = "paused";
        cut(sandbox);
        answer(exchange, 204, null);
      }
      case "POST connect" -> {
        boolean paused = sandbox.state.equals("paused");
        if (paused) {
          sandbox.box.thaw();
          sandbox.state = "running";
        }
        answer(exchange, paused ? 201 : 200, view(sandbox));
      }
      case "POST timeout" -> answer(exchange, sandbox.state.equals("running") ? 204 : 404, null);
      default -> error(exchange, 404, "no such path");
    }
  }

  private void inside(HttpExchange exchange, String method, String id, String path)
      throws IOException {
    Sandbox sandbox = sandboxes.get(id);
    if (sandbox == null || !sandbox.state.equals("running")) {
      error(exchange, 502, "The sandbox was not found");
      return;
    }
    boolean root = "Basic cm9vdDo=".equals(exchange.getRequestHeaders().getFirst("Authorization"));
    if (!("token-of-" + id).equals(exchange.getRequestHeaders().getFirst("X-Access-Token"))
        || !root) {
      error(exchange, 401, "unauthorized");
      return;
    }
    if (exchange.getRequestHeaders().getFirst("X-API-KEY") != null) {
      error(exchange, 400, "a key has no business here");
      return;
    }
    String file = query(exchange).getOrDefault("path", "");
    switch (method + " " + path) {
      case "POST /process.Process/Start" -> start(exchange, sandbox);
      case "GET /files" -> {
        if (!sandbox.box.isFile(file)) {
          error(exchange, 404, "path '" + file + "' does not exist");
          return;
        }
        exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
        exchange.sendResponseHeaders(200, 0);
        sandbox.box.read(file).transferTo(exchange.getResponseBody());
      }
      case "POST /files" -> {
        byte[] content = parts(exchange).get("file");
        if (content == null || !sandbox.box.write(file, new ByteArrayInputStream(content))) {
          error(exchange, 400, "cannot write " + file);
          return;
        }
        ArrayNode written = Json.array();
        written.addObject().put("path", file).put("name", "file").put("type", "file");
        answer(exchange, 200, written);
      }
      default -> error(exchange, 404, "no such path");
    }
  }

  private void start(HttpExchange exchange, Sandbox sandbox) throws IOException {
    byte[] envelope = exchange.getRequestBody().readAllBytes();
    boolean good =
        "application/connect+json".equals(exchange.getRequestHeaders().getFirst("Content-Type"))
            && envelope.length > 5
            && ByteBuffer.wrap(envelope, 1, 4).getInt() == envelope.length - 5;
    if (!good) {
      error(exchange, 415, "not a Connect stream");
      return;
    }
    JsonNode process = Json.parse(Arrays.copyOfRange(envelope, 5, envelope.length)).path("process");
    List<String> argv = new ArrayList<>(List.of(process.path("cmd").asText()));
    process.path("args").forEach(word -> argv.add(word.asText()));
    exchange.getResponseHeaders().set("Content-Type", "application/connect+json");
    exchange.sendResponseHeaders(200, 0);
    sandbox.streams.add(exchange);
    OutputStream out = exchange.getResponseBody();
    Process running = sandbox.box.run(argv);
    running.getOutputStream().close();
    ObjectNode began = Json.object();
    began.putObject("event").putObject("start").put("pid", 42);
    send(out, 0, began);
    ObjectNode alive = Json.object();
    alive.putObject("event").putObject("keepalive");
    send(out, 0, alive);
    Thread errors = Thread.ofVirtual().start(() -> pump(running.getErrorStream(), "stderr", out));
    pump(running.getInputStream(), "stdout", out);
    try {
      errors.join();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    int code = sandbox.box.finish(running);
    ObjectNode ended = Json.object();
    ObjectNode end = ended.putObject("event").putObject("end");
    if (code != 0) {
      end.put("exitCode", code);
    }
    end.put("exited", true).put("status", "exit status " + code);
    send(out, 0, ended);
    send(out, 2, Json.object());
    sandbox.streams.remove(exchange);
  }

  private void pump(InputStream from, String name, OutputStream out) {
    byte[] part = new byte[8 << 10];
    try {
      for (int n = from.read(part); n >= 0; n = from.read(part)) {
        ObjectNode data = Json.object();
        data.putObject("event")
            .putObject("data")
            .put(name, Base64.getEncoder().encodeToString(Arrays.copyOf(part, n)));
        send(out, 0, data);
      }
    } catch (IOException e) {
      // nobody listens any more; the command goes on
    }
  }

  private void send(OutputStream out, int flags, JsonNode message) throws IOException {
    byte[] text = Json.write(message).getBytes(StandardCharsets.UTF_8);
    synchronized (out) {
      if (cutAfter >= 0 && cutAfter-- == 0) {
        out.write(new byte[] {0, 0, 0, 1, 0, '{'});
        out.flush();
        throw new IOException("told to cut");
      }
      out.write(ByteBuffer.allocate(5).put((byte) flags).putInt(text.length).array());
      out.write(text);
      out.flush();
    }
  }
}
