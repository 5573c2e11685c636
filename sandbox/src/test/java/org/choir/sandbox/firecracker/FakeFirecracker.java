package org.choir.sandbox.firecracker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.sandbox.firecracker.FirecrackerApi.State;
import org.jspecify.annotations.Nullable;

/**
 * A Firecracker for tests: speaks its API, checks every request against {@link FirecrackerApi},
 * keeps its states, and hands a machine to a {@link Monitor}. As a program it takes Firecracker's
 * arguments and runs a real guest.
 */
final class FakeFirecracker implements AutoCloseable {
  /** Who runs the machine behind the API. */
  interface Monitor {
    /** Begins to run what was configured. */
    void start(ObjectNode configuration) throws IOException;

    void pause() throws IOException;

    void resume() throws IOException;

    void save(Path state, Path memory, ObjectNode configuration) throws IOException;

    /** Loads a machine, paused; returns its configuration. */
    ObjectNode load(Path state, Path memory) throws IOException;
  }

  private final String version;
  private final Path root;
  private final Monitor monitor;
  private final Runnable onFailedLoad;
  private final FirecrackerApi api = new FirecrackerApi();
  private final ServerSocketChannel server;
  private final ObjectNode configuration = Json.object();
  private State state = State.NOT_STARTED;

  /** What was asked, in order: method, path and body. */
  final List<String> asked = new CopyOnWriteArrayList<>();

  /** A request whose answer is lost: the connection is closed once it has been done. */
  volatile String loseAnswerOf = "";

  /** An answer in place of the right one, byte for byte. */
  volatile @Nullable String garbage;

  /** Sends each answer a second time. */
  volatile boolean twice;

  /** Never answers. */
  volatile boolean hangs;

  FakeFirecracker(String version, Path socket, Path root, Monitor monitor, Runnable onFailedLoad)
      throws IOException {
    this.version = version;
    this.root = root;
    this.monitor = monitor;
    this.onFailedLoad = onFailedLoad;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::accept);
  }

  synchronized State state() {
    return state;
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel client = server.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(client));
      OutputStream out = Channels.newOutputStream(client);
      for (String start = line(in); !start.isEmpty(); start = line(in)) {
        int length = 0;
        for (String field = line(in); !field.isEmpty(); field = line(in)) {
          if (field.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
            length = Integer.parseInt(field.substring(15).strip());
          }
        }
        if (length > FirecrackerClient.REQUEST_BYTES_MAX) {
          answer(
              out, 400, fault("Request payload with size " + length + " is larger than the limit"));
          return;
        }
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        String[] words = start.split(" ", -1);
        if (hangs) {
          continue;
        }
        String odd = garbage;
        if (odd != null) {
          out.write(odd.getBytes(StandardCharsets.ISO_8859_1));
          out.flush();
          return;
        }
        boolean lose = loseAnswerOf.equals(words[0] + " " + words[1]);
        Reply reply = handle(words[0], words[1], body);
        if (lose) {
          loseAnswerOf = "";
          return;
        }
        answer(out, reply.status(), reply.body());
        if (twice) {
          answer(out, reply.status(), reply.body());
        }
      }
    } catch (IOException e) {
      // the client went away
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int letter = in.read(); letter >= 0 && letter != '\n'; letter = in.read()) {
      if (letter != '\r') {
        line.append((char) letter);
      }
    }
    return line.toString();
  }

  private record Reply(int status, @Nullable ObjectNode body) {}

  private static ObjectNode fault(String message) {
    return Json.object().put("fault_message", message);
  }

  private static void answer(OutputStream out, int status, @Nullable ObjectNode body)
      throws IOException {
    byte[] text = body == null ? new byte[0] : Json.write(body).getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 %d %s\r\nServer: Firecracker API\r\nConnection: keep-alive\r\n%s\r\n"
            .formatted(
                status,
                status == 200 ? "OK" : status == 204 ? "No Content" : "Bad Request",
                status == 204
                    ? ""
                    : "Content-Type: application/json\r\nContent-Length: " + text.length + "\r\n");
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    if (status != 204) {
      out.write(text);
    }
    out.flush();
  }

  private synchronized Reply handle(String method, String path, String text) {
    asked.add(method + " " + path + (text.isEmpty() ? "" : " " + text));
    JsonNode body;
    try {
      body = text.isEmpty() ? Json.object() : Json.parse(text);
    } catch (ChoirException e) {
      return new Reply(400, fault("An error occurred when deserializing the json body"));
    }
    Optional<String> wrong = api.fault(method, path, body, state);
    if (wrong.isPresent()) {
      return new Reply(400, fault(wrong.get()));
    }
    try {
      return method.equals("GET") ? read(path) : change(path, (ObjectNode) body);
    } catch (IOException e) {
      return new Reply(400, fault(String.valueOf(e.getMessage())));
    }
  }

  private Reply read(String path) {
    return switch (path) {
      case "/" ->
          new Reply(
              200,
              Json.object()
                  .put("app_name", "Firecracker")
                  .put("id", "fake")
                  .put("state", state.word)
                  .put("vmm_version", version));
      case "/version" -> new Reply(200, Json.object().put("firecracker_version", version));
      case "/vm/config" -> new Reply(200, configuration.deepCopy());
      default -> new Reply(200, Json.object());
    };
  }

  private Reply change(String path, ObjectNode body) throws IOException {
    switch (path) {
      case "/actions" -> {
        if (body.path("action_type").asText().equals("InstanceStart")) {
          if (state != State.NOT_STARTED) {
            throw new IOException(
                "The requested operation is not supported after starting the microVM.");
          }
          requireWhole();
          monitor.start(configuration);
          state = State.RUNNING;
        } else if (state == State.NOT_STARTED) {
          throw new IOException(
              "The requested operation is not supported before starting the microVM.");
        }
      }
      case "/vm" -> {
        if (body.path("state").asText().equals("Paused")) {
          monitor.pause();
          state = State.PAUSED;
        } else {
          monitor.resume();
          state = State.RUNNING;
        }
      }
      case "/snapshot/create" ->
          monitor.save(
              inside(body.path("snapshot_path")),
              inside(body.path("mem_file_path")),
              configuration);
      case "/snapshot/load" -> load(body);
      default -> {
        requireFiles(path, body);
        configuration.set(path, body);
      }
    }
    return new Reply(204, null);
  }

  private void load(ObjectNode body) throws IOException {
    boolean configured =
        new TreeMap<>(names())
            .keySet().stream().anyMatch(p -> !p.equals("/metrics") && !p.equals("/logger"));
    if (configured) {
      throw new IOException(
          "Load snapshot error: loading a microVM snapshot not allowed after configuring boot-specific resources.");
    }
    if (body.path("mem_backend").isMissingNode() == body.path("mem_file_path").isMissingNode()) {
      throw new IOException("Load snapshot error: exactly one of mem_backend and mem_file_path");
    }
    try {
      configuration.setAll(
          monitor.load(
              inside(body.path("snapshot_path")),
              inside(body.path("mem_backend").path("backend_path"))));
      state = State.PAUSED;
      if (body.path("resume_vm").asBoolean()) {
        monitor.resume();
        state = State.RUNNING;
      }
    } catch (IOException e) {
      // As the real one: a process whose load failed is of no use any more.
      Thread.ofVirtual().start(onFailedLoad);
      throw new IOException("Load snapshot error: " + e.getMessage(), e);
    }
  }

  private java.util.Map<String, JsonNode> names() {
    java.util.Map<String, JsonNode> all = new TreeMap<>();
    configuration.properties().forEach(e -> all.put(e.getKey(), e.getValue()));
    return all;
  }

  private Path inside(JsonNode path) {
    return root.resolve(path.asText().substring(1));
  }

  private void requireFiles(String path, ObjectNode body) throws IOException {
    for (String field : List.of("kernel_image_path", "initrd_path", "path_on_host")) {
      if (body.has(field) && !Files.isReadable(inside(body.path(field)))) {
        throw new IOException(
            "%s: Unable to open %s: No such file or directory (os error 2)"
                .formatted(path, body.path(field).asText()));
      }
    }
    if (body.path("is_read_only").isBoolean()
        && !body.path("is_read_only").asBoolean()
        && !Files.isWritable(inside(body.path("path_on_host")))) {
      throw new IOException(path + ": Permission denied (os error 13)");
    }
  }

  private void requireWhole() throws IOException {
    for (String needed : List.of("/boot-source", "/machine-config", "/vsock", "/entropy")) {
      if (configuration.path(needed).isMissingNode()) {
        throw new IOException("Cannot start microvm without " + needed);
      }
    }
    Path socket = inside(configuration.path("/vsock").path("uds_path"));
    if (Files.exists(socket)) {
      throw new IOException("Cannot create backend for vsock device: Address in use (os error 98)");
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  /** Firecracker's command line. */
  public static void main(String[] arguments) throws Exception {
    String version = System.getProperty("fake.version", "1.16.2");
    if (List.of(arguments).equals(List.of("--version"))) {
      System.out.println("Firecracker v" + version);
      System.out.println();
      return;
    }
    String socket = "";
    Path log = Path.of("/dev/null");
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i].split("=", 2)[0]) {
        case "--id", "--start-time-us", "--start-time-cpu-us", "--parent-cpu-time-us" -> {
          if (!arguments[i].contains("=")) {
            i++;
          }
        }
        case "--api-sock" -> socket = arguments[++i];
        case "--log-path" -> log = Path.of(arguments[++i]);
        case "--level" -> i++;
        default -> {
          System.err.println("Arguments parsing error: unknown " + arguments[i]);
          System.exit(153);
        }
      }
    }
    Path to = log;
    QemuMonitor monitor = new QemuMonitor(Path.of("/"), version, code -> end(to, code));
    new FakeFirecracker(version, Path.of(socket), Path.of("/"), monitor, () -> end(to, 1));
    Thread.currentThread().join();
  }

  private static void end(Path log, int code) {
    try {
      Files.writeString(
          log,
          "Firecracker exiting %s. exit_code=%d\n"
              .formatted(code == 0 ? "successfully" : "with error", code),
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      System.err.println(e.getMessage());
    }
    Runtime.getRuntime().halt(code);
  }
}
