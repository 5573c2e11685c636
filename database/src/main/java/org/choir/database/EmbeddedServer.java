package org.choir.database;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL as a supervised child on a loopback port: made on first use, started again when it
 * ends, stopped with this object, and ended by the kernel when this process is killed. Its data
 * lies in {@code data}, its password in {@code password} (mode 0600), what it says in {@code
 * server.log}.
 *
 * <p>It refuses to run as root; started by root it runs in a user namespace of its own, in which it
 * is nobody. One platform thread starts it and lives as long as this object, because the kernel
 * ends the child when the thread that started it ends.
 */
final class EmbeddedServer implements AutoCloseable {
  static final String USER = "choir";
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedServer.class);
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path folder;
  private final Path programs;
  private final FileChannel lock;
  private final int port;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread keeper;
  private volatile @Nullable Process process;

  private EmbeddedServer(Path folder, Path programs, FileChannel lock, int port) {
    this.folder = folder;
    this.programs = programs;
    this.lock = lock;
    this.port = port;
    this.keeper = Thread.ofPlatform().daemon().name("postgres keeper").unstarted(this::keep);
  }

  static EmbeddedServer start(Path home) {
    Path folder = home.toAbsolutePath().normalize();
    FileChannel lock = null;
    try {
      PrivateFiles.folder(folder);
      lock = lock(folder);
      Path programs = ServerPrograms.unpacked(folder);
      StalePostgres.end(folder.resolve("data"));
      initialise(folder, programs);
      EmbeddedServer server = new EmbeddedServer(folder, programs, lock, freePort());
      server.keeper.start();
      server.awaitReady();
      return server;
    } catch (IOException e) {
      closeQuietly(lock);
      throw notStarted(folder, e.toString(), e);
    } catch (RuntimeException e) {
      closeQuietly(lock);
      throw e;
    }
  }

  private static DatabaseException notStarted(Path folder, String why, @Nullable Throwable cause) {
    return DatabaseException.of(
        "database_not_started",
        "PostgreSQL in " + folder + " does not start: " + why,
        "look at " + folder.resolve("server.log"),
        false,
        cause);
  }

  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock held = channel.tryLock();
      if (held != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      LOG.debug("this process has the database open already", e);
    }
    channel.close();
    throw DatabaseException.of(
        "database_in_use",
        "the database in " + folder + " is in use by another server",
        "end the other server, or use that one",
        true,
        null);
  }

  private static void initialise(Path folder, Path programs) throws IOException {
    if (Files.isDirectory(folder.resolve("data"))) {
      return;
    }
    byte[] random = new byte[24];
    RANDOM.nextBytes(random);
    Path password = folder.resolve("password");
    byte[] text = (HexFormat.of().formatHex(random) + "\n").getBytes(StandardCharsets.US_ASCII);
    PrivateFiles.write(password, text);
    // Under another name until it is whole: a killed initdb leaves nothing that looks like data.
    Path fresh = folder.resolve("data.new");
    ServerPrograms.remove(fresh);
    List<String> command = new ArrayList<>(asNobody());
    command.add(programs.resolve("bin/initdb").toString());
    command.addAll(List.of("-D", fresh.toString(), "-U", USER, "--pwfile", password.toString()));
    command.addAll(List.of("--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--data-checksums"));
    Process initdb = child(folder, command, folder.resolve("initdb.log"));
    try {
      if (!initdb.waitFor(START_LIMIT.toSeconds(), TimeUnit.SECONDS) || initdb.exitValue() != 0) {
        throw notStarted(folder, "initdb failed: " + folder.resolve("initdb.log"), null);
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      initdb.destroyForcibly();
    }
    Files.move(fresh, folder.resolve("data"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static List<String> asNobody() {
    boolean root = System.getProperty("user.name").equals("root");
    return root ? List.of("unshare", "-U", "--") : List.of();
  }

  private static Process child(Path folder, List<String> command, Path output) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().put("LC_ALL", "C");
    builder.environment().put("TZ", "UTC");
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(output.toFile());
    Process child = builder.start();
    child.getOutputStream().close();
    return child;
  }

  private List<String> command() {
    List<String> command = new ArrayList<>(asNobody());
    if (Files.isExecutable(Path.of("/usr/bin/setpriv"))) {
      // SIGINT is PostgreSQL's fast shutdown.
      command.addAll(List.of("/usr/bin/setpriv", "--pdeathsig", "INT"));
    }
    if (Files.isExecutable(Path.of("/usr/bin/setsid"))) {
      command.add("/usr/bin/setsid");
    }
    command.add(programs.resolve("bin/postgres").toString());
    command.addAll(List.of("-D", folder.resolve("data").toString(), "-p", Integer.toString(port)));
    for (String setting :
        List.of(
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=64",
            "shared_buffers=64MB",
            "synchronous_commit=on",
            "log_line_prefix=%m [%p] ",
            "timezone=UTC")) {
      command.addAll(List.of("-c", setting));
    }
    return command;
  }

  private void keep() {
    while (closing.getCount() > 0) {
      try {
        Process child = child(folder, command(), folder.resolve("server.log"));
        process = child;
        if (closing.getCount() == 0) {
          interrupt(child);
        }
        int exit = child.waitFor();
        if (closing.getCount() == 0 || closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          return;
        }
        LOG.warn("PostgreSQL {} ended with {}; it is started again", child.pid(), exit);
        StalePostgres.end(folder.resolve("data"));
      } catch (IOException | RuntimeException e) {
        LOG.error("PostgreSQL cannot be started", e);
        return;
      } catch (InterruptedException e) {
        LOG.error("the keeper of PostgreSQL was interrupted and stops", e);
        return;
      }
    }
  }

  private void awaitReady() throws IOException {
    String password = Files.readString(passwordFile()).strip();
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    SQLException last = null;
    while (System.nanoTime() < deadline && keeper.isAlive()) {
      try (Connection connection = DriverManager.getConnection(url(), USER, password)) {
        if (connection.isValid(5)) {
          return;
        }
      } catch (SQLException e) {
        last = e;
      }
      try {
        if (closing.await(50, TimeUnit.MILLISECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        close();
        throw interrupted(e);
      }
    }
    close();
    throw notStarted(folder, last == null ? "it ended" : "" + last.getMessage(), last);
  }

  private static DatabaseException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return DatabaseException.of(
        "interrupted", "the wait for the database was interrupted", "", true, e);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
  }

  Path passwordFile() {
    return folder.resolve("password");
  }

  /** The process, for tests that end it. */
  @Nullable Process process() {
    return process;
  }

  private static void interrupt(Process child) throws IOException {
    // Java can send only TERM and KILL; TERM waits for every client to leave.
    Process kill = new ProcessBuilder("kill", "-INT", Long.toString(child.pid())).start();
    kill.getOutputStream().close();
  }

  @Override
  public void close() {
    closing.countDown();
    Process child = process;
    try {
      if (child != null && child.isAlive()) {
        interrupt(child);
        if (!child.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
          LOG.warn(
              "PostgreSQL {} does not end; it is killed and recovers at its next start",
              child.pid());
          child.destroyForcibly();
        }
      }
      if (keeper.isAlive() && !keeper.join(STOP_LIMIT)) {
        LOG.warn("the keeper of PostgreSQL does not end");
      }
    } catch (IOException e) {
      LOG.warn("PostgreSQL could not be told to end", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closeQuietly(lock);
    }
  }

  private static void closeQuietly(@Nullable FileChannel lock) {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        LOG.debug("a lock could not be given back", e);
      }
    }
  }
}
