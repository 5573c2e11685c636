package org.choir.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/** The server process: takes its home, serves until told to stop or idle long enough, and ends. */
public final class ServerMain {
  /** Begins the output line that tells the starting command why there is no server. */
  static final String FAILURE_MARK = "CHOIR-FAILURE ";

  private static final int LOG_BYTES_MAX = 5 << 20;
  private static final int LOG_FILES = 3;

  /** How long an earlier server may take to leave the home. */
  private static final Duration LOCK_MAX = Duration.ofSeconds(30);

  private ServerMain() {}

  /** Runs a server on the home given as the only argument. */
  public static void main(String[] arguments) {
    int status = 0;
    try {
      Home home = Home.at(Path.of(arguments[0]));
      home.prepare();
      log(home);
      Optional<Home.Lock> lock = await(home);
      if (lock.isPresent()) {
        try (Home.Lock held = lock.get()) {
          status = serve(home, held);
        }
      }
    } catch (ChoirException e) {
      System.out.println(FAILURE_MARK + Json.write(Wire.failure(e.failure())));
      status = 1;
    } catch (IOException e) {
      System.out.println("cannot open the log: " + e.getMessage());
      status = 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      status = 1;
    }
    System.exit(status);
  }

  private static int serve(Home home, Home.Lock held) throws InterruptedException {
    Map<String, String> environment = System.getenv();
    Settings settings = Config.load(home.configuration(), environment, Map.of());
    Server server =
        new Server(
            home,
            settings,
            PlatformCredentials.from(environment),
            System.getProperty("choir.build", "dev"));
    Thread main = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  server.stop();
                  try {
                    main.join(Duration.ofSeconds(40));
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "shutdown"));
    int status = server.serve();
    Logger.getLogger(ServerMain.class.getName()).log(Level.FINE, "leaving {0}", held);
    // The hook must not wait for this thread, which is about to run the hooks.
    Runtime.getRuntime().halt(status);
    return status;
  }

  /** The lock, once an earlier server has left; empty if a live one listens and can be used. */
  private static Optional<Home.Lock> await(Home home) throws InterruptedException {
    long deadline = System.nanoTime() + LOCK_MAX.toNanos();
    while (true) {
      Optional<Home.Lock> lock = home.lock();
      if (lock.isPresent()) {
        return lock;
      }
      Optional<ControlClient> other = ControlClient.connect(home.socket());
      if (other.isPresent()) {
        other.get().close();
        return Optional.empty();
      }
      if (System.nanoTime() > deadline) {
        throw ChoirException.fatal(
            "home_locked",
            home.root()
                + " is held by process "
                + home.holder().orElse(0L)
                + ", which does not answer",
            "end that process, then run the command again");
      }
      Thread.sleep(Duration.ofMillis(20));
    }
  }

  private static void log(Home home) throws IOException {
    LogManager.getLogManager().reset();
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n");
    Handler handler =
        new FileHandler(
            home.part("logs").resolve("server.%g.log").toString(), LOG_BYTES_MAX, LOG_FILES, true);
    handler.setFormatter(new SimpleFormatter());
    Logger root = Logger.getLogger("");
    root.addHandler(handler);
    root.setLevel(Level.WARNING);
    Logger.getLogger("org.choir").setLevel(Level.INFO);
  }
}
