package org.choir.sandbox.runloop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.choir.core.Json;
import org.choir.sandbox.hosted.LocalService;

/** Runloop's REST interface. A devbox passes through its states as the real one's does. */
public final class LocalRunloop extends LocalService {
  private static final class Execution {
    volatile String status = "running";
    volatile int code;
    volatile String stdout = "";
    volatile String stderr = "";
    final Process process;

    Execution(Process process) {
      this.process = process;
    }
  }

  private final Map<String, Execution> executions = new ConcurrentHashMap<>();
  private final Map<String, String> marks = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> looks = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();

  /** How many devboxes one page of the list has. */
  public volatile int page = 100;

  /** Commands of which no end is ever told. */
  public volatile boolean neverEnds;

  public LocalRunloop(Path folder) throws IOException {
    super(folder);
  }

  /** What reaches this one. */
  public RunloopOptions options(String key) {
    return new RunloopOptions(address(), key, "", Duration.ofHours(1));
  }

  /** The key it takes. */
  public static String key() {
    return KEY;
  }

  @Override
  protected JsonNode errorBody(int status, String message) {
    return Json.object().put("message", message).put("statusCode", status);
  }

  @Override
  protected void handle(HttpExchange exchange, String method, String path) throws IOException {
    if (!("Bearer " + KEY).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      error(exchange, 401, "Unauthorized");
      return;
    }
    String[] parts = path.substring(1).split("/", -1);
    if (parts.length < 2 || !parts[0].equals("v1") || !parts[1].equals("devboxes")) {
      error(exchange, 404, "no such path");
    } else if (parts.length == 2) {
      all(exchange, method);
    } else {
      Sandbox sandbox = sandboxes.get(parts[2]);
      if (sandbox == null) {
        error(exchange, 404, "Devbox not found");
      } else {
        one(exchange, method, sandbox, parts);
      }
    }
  }

  private void all(HttpExchange exchange, String method) throws IOException {
    if (method.equals("GET")) {
      list(exchange);
      return;
    }
    JsonNode order = body(exchange);
    String mark = exchange.getRequestHeaders().getFirst("x-request-id");
    String known = mark == null ? null : marks.get(mark);
    Sandbox sandbox = known == null ? null : sandboxes.get(known);
    if (sandbox == null) {
      sandbox = make("dbx_", words(order.path("metadata")));
      sandbox.state = "provisioning";
      if (mark != null) {
        marks.put(mark, sandbox.id);
      }
    }
    answer(exchange, 200, view(sandbox));
  }

  private void list(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    List<Sandbox> all =
        sandboxes.values().stream()
            .sorted(Comparator.comparing((Sandbox s) -> s.started).reversed())
            .toList();
    int from = 0;
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).id.equals(query.get("starting_after"))) {
        from = i + 1;
      }
    }
    ObjectNode answer = Json.object();
    ArrayNode part = answer.putArray("devboxes");
    all.stream().skip(from).limit(page).forEach(s -> part.add(view(s)));
    answer(
        exchange,
        200,
        answer
            .put("has_more", all.size() > from + page)
            .put("total_count", all.size())
            .put("remaining_count", Math.max(0, all.size() - from - page)));
  }

  private static ObjectNode view(Sandbox sandbox) {
    ObjectNode view =
        Json.object()
            .put("id", sandbox.id)
            .put("status", sandbox.state)
            .put("create_time_ms", sandbox.started.toEpochMilli());
    ObjectNode metadata = view.putObject("metadata");
    sandbox.metadata.forEach(metadata::put);
    return view;
  }

  /** The next state is come to after two looks. */
  private void pass(Sandbox sandbox) throws IOException {
    AtomicInteger seen = looks.computeIfAbsent(sandbox.id, id -> new AtomicInteger());
    String next =
        switch (sandbox.state) {
          case "provisioning" -> "initializing";
          case "initializing", "resuming" -> "running";
          case "suspending" -> "suspended";
          default -> sandbox.state;
        };
    if (!next.equals(sandbox.state) && seen.incrementAndGet() % 2 == 0) {
      if (sandbox.state.equals("resuming")) {
        sandbox.box.start();
      }
      sandbox.state = next;
    }
  }

  private void one(HttpExchange exchange, String method, Sandbox sandbox, String[] parts)
      throws IOException {
    String what = parts.length > 3 ? parts[3] : "";
    if (what.isEmpty() && method.equals("GET")) {
      pass(sandbox);
      answer(exchange, 200, view(sandbox));
      return;
    }
    boolean running = sandbox.state.equals("running");
    switch (what) {
      case "suspend" -> {
        if (running) {
          sandbox.state = "suspending";
          sandbox.box.halt(); // processes and memory are gone
        }
        answer(exchange, running ? 200 : 400, view(sandbox));
      }
      case "resume" -> {
        if (sandbox.state.equals("suspended")) {
          sandbox.state = "resuming";
        }
        answer(exchange, 200, view(sandbox));
      }
      case "shutdown" -> {
        sandbox.state = "shutdown";
        end(sandbox);
        answer(exchange, 200, view(sandbox));
      }
      default -> {
        if (!running) {
          error(exchange, 400, "Devbox is " + sandbox.state);
        } else {
          inside(exchange, sandbox, what, parts);
        }
      }
    }
  }

  private void inside(HttpExchange exchange, Sandbox sandbox, String what, String[] parts)
      throws IOException {
    switch (what) {
      case "execute_async" -> execute(exchange, sandbox);
      case "executions" -> execution(exchange, sandbox, parts);
      case "download_file" -> {
        String path = body(exchange).path("path").asText();
        if (!sandbox.box.isFile(path)) {
          error(exchange, 400, "no file " + path);
          return;
        }
        exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
        exchange.sendResponseHeaders(200, 0);
        sandbox.box.read(path).transferTo(exchange.getResponseBody());
      }
      case "upload_file" -> {
        Map<String, byte[]> form = parts(exchange);
        byte[] file = form.get("file");
        byte[] path = form.get("path");
        boolean good =
            file != null
                && path != null
                && sandbox.box.write(
                    new String(path, StandardCharsets.UTF_8), new ByteArrayInputStream(file));
        if (good) {
          answer(exchange, 200, Json.object());
        } else {
          error(exchange, 400, "cannot write");
        }
      }
      default -> error(exchange, 404, "no such path");
    }
  }

  private void execute(HttpExchange exchange, Sandbox sandbox) throws IOException {
    String id = "exec_" + numbers.incrementAndGet();
    Execution execution =
        new Execution(
            sandbox.box.run(List.of("/bin/bash", "-c", body(exchange).path("command").asText())));
    executions.put(id, execution);
    execution.process.getOutputStream().close();
    Thread.ofVirtual().start(() -> follow(sandbox, execution));
    answer(exchange, 200, view(sandbox, id, execution));
  }

  private void follow(Sandbox sandbox, Execution execution) {
    Process process = execution.process;
    try {
      Thread errors =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      execution.stderr = text(process.getErrorStream().readAllBytes());
                    } catch (IOException e) {
                      execution.stderr = "";
                    }
                  });
      execution.stdout = text(process.getInputStream().readAllBytes());
      errors.join();
      execution.code = sandbox.box.finish(process);
      execution.status = neverEnds ? "running" : "completed";
    } catch (IOException | InterruptedException e) {
      execution.status = "completed";
    }
  }

  /** Text, as Runloop's answers have it: what is no UTF-8 is lost. */
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static ObjectNode view(Sandbox sandbox, String id, Execution execution) {
    ObjectNode view =
        Json.object()
            .put("devbox_id", sandbox.id)
            .put("execution_id", id)
            .put("status", execution.status);
    if (execution.status.equals("completed")) {
      view.put("exit_status", execution.code)
          .put("stdout", execution.stdout)
          .put("stderr", execution.stderr);
    }
    return view;
  }

  private void execution(HttpExchange exchange, Sandbox sandbox, String[] parts)
      throws IOException {
    Execution execution = executions.get(parts[4]);
    if (execution == null) {
      error(exchange, 404, "no such execution");
      return;
    }
    if (parts.length > 5 && parts[5].equals("kill")) {
      execution.process.destroyForcibly();
    }
    answer(exchange, 200, view(sandbox, parts[4], execution));
  }
}
