package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * A command's way to the server of its home: connects, starts one where none listens, and replaces
 * an idle one of another build or with other credentials.
 */
public final class Launcher {
  /** Changes whenever an older client or server could misunderstand a newer one. */
  static final int PROTOCOL = 1;

  /** From the start of a server's process until its socket listens; its home may be closing. */
  private static final Duration LISTEN_MAX = Duration.ofSeconds(40);

  private static final Duration POLL = Duration.ofMillis(10);
  private static final int LOG_LINES = 15;
  private static final int ATTEMPTS_MAX = 3;
  private static final ReentrantLock STARTING = new ReentrantLock();

  private final Home home;
  private final Map<String, String> environment;
  private final String build;
  private final Consumer<String> progress;

  /**
   * @param build names this build; {@code dev} where it was not started by the script
   * @param progress is told what a start is doing, one short line at a time
   */
  public Launcher(
      Home home, Map<String, String> environment, String build, Consumer<String> progress) {
    this.home = home;
    this.environment = Map.copyOf(environment);
    this.build = build;
    this.progress = progress;
  }

  /** The server that listens now, if any; none is started. */
  public Optional<ControlClient> running() {
    home.check();
    return ControlClient.connect(home.socket());
  }

  /**
   * A connection to a server that is ready.
   *
   * @param withCredentials whether the command uses a model service: then the server must hold the
   *     same keys and addresses as this environment
   * @throws ChoirException what kept the server from starting
   */
  public ControlClient connect(boolean withCredentials) {
    home.prepare();
    // Bad configuration is told by the command itself, before a process is started for it.
    Config.load(home.configuration(), environment, Map.of());
    for (int attempt = 1; ; attempt++) {
      try {
        return connectOnce(withCredentials);
      } catch (ChoirException e) {
        // The server that listened was just ending itself: the next attempt starts a fresh one.
        if (!e.code().equals("server_gone") || attempt == ATTEMPTS_MAX) {
          throw e;
        }
      }
    }
  }

  private ControlClient connectOnce(boolean withCredentials) {
    ControlClient client = ControlClient.connect(home.socket()).orElse(null);
    if (client != null && mustBeReplaced(client, withCredentials)) {
      progress.accept("replacing the idle server");
      long pid = client.call("stop", "local", Json.object()).path("pid").asLong();
      client.close();
      awaitEnd(pid);
      client = null;
    }
    if (client == null) {
      client = start();
    }
    client.call("ready", "local", Json.object(), e -> progress.accept(e.path("progress").asText()));
    return client;
  }

  /**
   * Waits until a server that was told to stop has ended.
   *
   * @throws ChoirException {@code server_does_not_stop}
   */
  public static void awaitEnd(long pid) {
    long deadline = System.nanoTime() + LISTEN_MAX.toNanos();
    while (ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)) {
      if (System.nanoTime() > deadline) {
        throw ChoirException.fatal(
            "server_does_not_stop",
            "server " + pid + " has not ended within " + LISTEN_MAX.toSeconds() + " s",
            "look at logs/server.0.log in the home, or end it with: kill " + pid);
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(POLL);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable("interrupted", "interrupted while waiting", "", e);
    }
  }

  private boolean mustBeReplaced(ControlClient client, boolean withCredentials) {
    ObjectNode hello = client.call("hello", "local", Json.object());
    boolean otherBuild = !hello.path("build").asText().equals(build);
    boolean otherKeys = withCredentials && !sameCredentials(hello);
    if (!otherBuild && !otherKeys) {
      return false;
    }
    if (!hello.path("busy").asBoolean()) {
      return true;
    }
    String what = otherBuild ? "is of another build" : "was started with other provider variables";
    if (otherKeys || hello.path("protocol").asInt() != PROTOCOL) {
      throw ChoirException.retryable(
          "server_outdated",
          "the server (pid " + hello.path("pid").asLong() + ") " + what + " and has runs going on",
          "wait for them, or pause them and stop it with: choir down",
          null);
    }
    progress.accept("the running server " + what + "; it is replaced once its runs have ended");
    return false;
  }

  /** Whether every provider variable set here has the same value there. */
  private boolean sameCredentials(ObjectNode hello) {
    Map<String, String> here =
        PlatformCredentials.from(environment).marks(hello.path("salt").asText());
    return here.entrySet().stream()
        .allMatch(e -> hello.path("credentials").path(e.getKey()).asText().equals(e.getValue()));
  }

  private ControlClient start() {
    Path lockFile = home.part("run").resolve("start.lock");
    // The file lock is between processes; between threads of this one it would be an error.
    STARTING.lock();
    try (FileChannel channel =
            FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      // Another command may have started it while this one waited for the lock.
      Optional<ControlClient> other = ControlClient.connect(home.socket());
      if (other.isPresent() && lock.isValid()) {
        return other.get();
      }
      progress.accept("starting the server");
      return awaitSocket(spawn());
    } catch (IOException e) {
      throw ChoirException.fatal(
          "server_start", "cannot start the server: " + e.getMessage(), "run: choir doctor", e);
    } finally {
      STARTING.unlock();
    }
  }

  private Process spawn() throws IOException {
    Path output = home.part("logs").resolve("server.out");
    List<String> line = new ArrayList<>();
    // A session of its own: neither the terminal's end nor its Ctrl-C reaches the server.
    line.add("setsid");
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(
        List.of(
            "-Xmx1g",
            "-Xss1m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dfile.encoding=UTF-8",
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            "-Dchoir.build=" + build,
            "-Dchoir.repository=" + System.getProperty("choir.repository", "")));
    line.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            ServerMain.class.getName(),
            home.root().toString()));
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.directory(home.root().toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectOutput(output.toFile());
    builder.redirectErrorStream(true);
    return builder.start();
  }

  private ControlClient awaitSocket(Process process) throws IOException {
    long deadline = System.nanoTime() + LISTEN_MAX.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<ControlClient> client = ControlClient.connect(home.socket());
      if (client.isPresent()) {
        return client.get();
      }
      if (!process.isAlive()) {
        throw ended(process.exitValue());
      }
      pause();
    }
    process.destroy();
    throw ended(null);
  }

  private ChoirException ended(@Nullable Integer status) throws IOException {
    Path output = home.part("logs").resolve("server.out");
    List<String> lines = Files.exists(output) ? Files.readAllLines(output) : List.of();
    for (String line : lines) {
      if (line.startsWith(ServerMain.FAILURE_MARK)) {
        return Wire.thrown(Json.parseObject(line.substring(ServerMain.FAILURE_MARK.length())));
      }
    }
    String tail =
        String.join(" / ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
    return ChoirException.fatal(
        "server_start",
        (status == null
                ? "the server did not listen within " + LISTEN_MAX.toSeconds() + " s"
                : "the server ended with status " + status)
            + (tail.isBlank() ? "" : ": " + Text.visible(tail, 600)),
        "look at " + home.log() + ", or run: choir doctor");
  }
}
