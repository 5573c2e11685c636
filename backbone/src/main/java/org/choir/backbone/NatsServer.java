package org.choir.backbone;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.choir.core.ChoirException;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The child process nats-server, started again whenever it ends, until closed.
 *
 * <p>One platform thread starts it and waits for it, and lives as long as this object: the kernel
 * ends the child when the thread that started it ends (PR_SET_PDEATHSIG, through setpriv), so a
 * killed JVM takes its nats-server along. It has a session of its own, so that Ctrl-C on a terminal
 * reaches only its parent, and an empty environment, so that it sees nobody's keys.
 */
final class NatsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NatsServer.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration STEADY = Duration.ofSeconds(10);
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final Duration RECYCLE_GRACE = Duration.ofSeconds(2);
  private static final Duration BETWEEN_RECYCLES = Duration.ofSeconds(3);

  private final Path folder;
  private final List<String> command;
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final AtomicInteger restarts = new AtomicInteger();
  private final AtomicLong recycledAt =
      new AtomicLong(System.nanoTime() - BETWEEN_RECYCLES.toNanos());
  private final Thread keeper;
  private volatile @Nullable Process process;
  private volatile @Nullable IOException notStarted;

  private NatsServer(Path folder, List<String> command) {
    this.folder = folder;
    this.command = command;
    this.keeper = Thread.ofPlatform().daemon().name("nats-server keeper").unstarted(this::keep);
  }

  /** Starts the program with this configuration; {@link #requireAlive} tells whether it stays. */
  static NatsServer start(NatsBinary binary, Path configuration) {
    Path folder = configuration.getParent();
    if (folder == null) {
      throw new IllegalArgumentException("the configuration file has no folder");
    }
    NatsServer server = new NatsServer(folder, command(binary, configuration));
    server.keeper.start();
    try {
      server.started.await();
    } catch (InterruptedException e) {
      server.close();
      throw Command.interrupted(e);
    }
    return server;
  }

  private static List<String> command(NatsBinary binary, Path configuration) {
    List<String> command = new ArrayList<>();
    if (Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
      command.addAll(List.of("/usr/bin/setpriv", "--pdeathsig", "TERM"));
    }
    if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
      command.add("/usr/bin/setsid");
    }
    command.addAll(List.of(binary.path().toString(), "-c", configuration.toString()));
    return command;
  }

  private void keep() {
    Duration pause = FIRST_PAUSE;
    boolean first = true;
    while (closing.getCount() > 0) {
      long begin = System.nanoTime();
      try {
        Process child = spawn();
        process = child;
        started.countDown();
        if (closing.getCount() == 0) {
          child.destroy();
        }
        int exit = child.waitFor();
        if (closing.getCount() == 0) {
          return;
        }
        LOG.warn("nats-server {} ended with {}; it is started again", child.pid(), exit);
      } catch (IOException e) {
        if (first) {
          notStarted = e;
          started.countDown();
          return;
        }
        LOG.error("nats-server cannot be started", e);
      } catch (InterruptedException e) {
        LOG.error("the keeper of nats-server was interrupted and stops", e);
        return;
      }
      first = false;
      pause = System.nanoTime() - begin > STEADY.toNanos() ? FIRST_PAUSE : longer(pause);
      if (closed(pause)) {
        return;
      }
      restarts.incrementAndGet();
    }
  }

  private Process spawn() throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    environment.put("HOME", folder.toString());
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(folder.resolve("nats-server.out").toFile());
    Process child = builder.start();
    child.getOutputStream().close();
    return child;
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
  }

  private boolean closed(Duration pause) {
    try {
      return closing.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      LOG.error("the keeper of nats-server was interrupted and stops", e);
      return true;
    }
  }

  /**
   * Fails if the first process has ended already.
   *
   * @throws ChoirException {@code nats_failed}, with the end of its log
   */
  void requireAlive() {
    Process child = process;
    if (child != null && child.isAlive() && restarts.get() == 0) {
      return;
    }
    throw ChoirException.fatal(
        "nats_failed",
        "nats-server does not start: " + lastWords(),
        "its log is " + folder.resolve("nats-server.log"),
        notStarted);
  }

  /**
   * Ends the process, so that it is started anew: the only way to get JetStream back that
   * nats-server has switched off, as it does when the disk was full. Not more often than every few
   * seconds.
   */
  void recycle(String reason) {
    long last = recycledAt.get();
    long now = System.nanoTime();
    Process child = process;
    if (child == null
        || now - last < BETWEEN_RECYCLES.toNanos()
        || !recycledAt.compareAndSet(last, now)) {
      return;
    }
    LOG.warn("nats-server {} is started anew: {}", child.pid(), reason);
    child.destroy();
    try {
      if (!child.waitFor(RECYCLE_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        child.destroyForcibly();
      }
    } catch (InterruptedException e) {
      child.destroyForcibly();
      throw Command.interrupted(e);
    }
  }

  /** The process id, of the newest one if it has been restarted. */
  long pid() {
    Process child = process;
    return child == null ? -1 : child.pid();
  }

  int restarts() {
    return restarts.get();
  }

  private String lastWords() {
    for (String name : List.of("nats-server.out", "nats-server.log")) {
      Path file = folder.resolve(name);
      try {
        if (Files.exists(file)) {
          String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
          if (!text.isEmpty()) {
            return Text.visible(text.substring(Math.max(0, text.length() - 300)), 300);
          }
        }
      } catch (IOException e) {
        LOG.debug("no last words in {}", file, e);
      }
    }
    return "it left no message";
  }

  /** Stops it gracefully; by force after ten seconds. */
  @Override
  public void close() {
    closing.countDown();
    Process child = process;
    if (child != null) {
      child.destroy();
    }
    try {
      if (!keeper.join(GRACE)) {
        LOG.warn("nats-server {} does not end gracefully", pid());
      }
    } catch (InterruptedException e) {
      LOG.debug("no time left for a graceful end of nats-server", e);
      Thread.currentThread().interrupt();
    }
    Process last = process;
    if (last != null && last.isAlive()) {
      last.destroyForcibly();
    }
  }
}
