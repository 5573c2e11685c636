package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * One server: listens at once, opens its rooms while the first client watches, answers until it is
 * stopped or nobody has needed it for a while.
 */
final class Server {
  private static final System.Logger LOG = System.getLogger(Server.class.getName());

  /** From the first client's question until all rooms must be open. */
  private static final Duration OPEN_MAX = Duration.ofSeconds(90);

  /** How long those who wait for a start may take to hear that it failed. */
  private static final Duration TELL_MAX = Duration.ofSeconds(3);

  private static final Duration IDLE_CHECK = Duration.ofMillis(200);

  private final Home home;
  private final Settings settings;
  private final PlatformCredentials credentials;
  private final String build;
  private final String salt;
  private final InstantSource clock = InstantSource.system();
  private final Instant started = clock.instant();
  private final List<String> steps = new ArrayList<>();
  private final CompletableFuture<Commands> rooms = new CompletableFuture<>();
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile boolean stays;

  Server(Home home, Settings settings, PlatformCredentials credentials, String build) {
    this.home = home;
    this.settings = settings;
    this.credentials = credentials;
    this.build = build;
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    this.salt = HexFormat.of().formatHex(random);
  }

  /** Serves until the end; the caller holds the home. */
  int serve() throws InterruptedException {
    Map<String, Request.Handler> handlers = new HashMap<>();
    handlers.put("hello", (request, events) -> hello());
    handlers.put("ready", this::ready);
    handlers.put("stop", (request, events) -> stopped());
    handlers.put(
        "stay",
        (request, events) -> {
          stays = true;
          return status();
        });
    handlers.put("status", (request, events) -> status());
    for (String command : Commands.NAMES) {
      handlers.put(command, (request, events) -> rooms().handle(request, events));
    }
    int status = 0;
    try (ControlServer control = ControlServer.open(home.socket(), handlers)) {
      LOG.log(Level.INFO, "server {0} listens at {1}", build, home.socket());
      try (Wiring wiring = new Wiring(home, settings, credentials, clock, this::step);
          Commands commands = new Commands(wiring, clock)) {
        rooms.complete(commands);
        step("ready");
        while (!stop.await(IDLE_CHECK.toMillis(), TimeUnit.MILLISECONDS)) {
          if (!stays && control.idle().compareTo(settings.idle()) > 0 && commands.isIdle()) {
            LOG.log(Level.INFO, "idle for {0}: ending", settings.idle());
            break;
          }
        }
        // First nobody new comes in, then the runs are paused, then the rooms are closed.
        control.close();
      } catch (RuntimeException | LinkageError e) {
        LOG.log(Level.ERROR, "the server could not start or go on", e);
        tellFailure(control, e);
        status = 1;
      }
    }
    LOG.log(Level.INFO, "server ended");
    return status;
  }

  /** A failed start is told to those who wait for it; who comes later tries anew. */
  private void tellFailure(ControlServer control, Throwable failure) throws InterruptedException {
    if (failure instanceof ChoirException known) {
      System.out.println(ServerMain.FAILURE_MARK + Json.write(Wire.failure(known.failure())));
    }
    rooms.completeExceptionally(failure);
    control.stopListening();
    long deadline = System.nanoTime() + TELL_MAX.toNanos();
    while (control.clients() > 0 && System.nanoTime() < deadline) {
      Thread.sleep(Duration.ofMillis(10));
    }
  }

  /** Ends {@link #serve}. */
  void stop() {
    stop.countDown();
  }

  private ObjectNode stopped() {
    Commands commands = rooms.isCompletedExceptionally() ? null : rooms.getNow(null);
    ObjectNode result = Json.object().put("pid", ProcessHandle.current().pid());
    result.set("paused", commands == null ? Json.array() : commands.pauseAll());
    stop();
    return result;
  }

  private void step(String what) {
    synchronized (steps) {
      steps.add(what);
      steps.notifyAll();
    }
  }

  private ObjectNode hello() {
    ObjectNode hello =
        Json.object()
            .put("pid", ProcessHandle.current().pid())
            .put("protocol", Launcher.PROTOCOL)
            .put("build", build)
            .put("salt", salt);
    ObjectNode marks = hello.putObject("credentials");
    credentials.marks(salt).forEach(marks::put);
    Commands commands = rooms.isCompletedExceptionally() ? null : rooms.getNow(null);
    return hello.put("busy", commands != null && !commands.isIdle());
  }

  /** Tells each step of the start as it happens; returns when everything is open. */
  private ObjectNode ready(Request request, Request.Events events) throws InterruptedException {
    long deadline = System.nanoTime() + OPEN_MAX.toNanos();
    int told = 0;
    while (!rooms.isDone() && System.nanoTime() < deadline) {
      List<String> fresh;
      synchronized (steps) {
        if (steps.size() == told) {
          steps.wait(100);
        }
        fresh = List.copyOf(steps.subList(told, steps.size()));
      }
      told += fresh.size();
      fresh.forEach(step -> events.send(Json.object().put("progress", step)));
    }
    rooms();
    return hello();
  }

  private Commands rooms() throws InterruptedException {
    try {
      return rooms.get(OPEN_MAX.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChoirException failure) {
        throw failure;
      }
      throw new IllegalStateException("the server could not start", e.getCause());
    } catch (TimeoutException e) {
      throw ChoirException.fatal(
          "server_start",
          "the server is not ready after " + OPEN_MAX.toSeconds() + " s",
          "look at " + home.log() + ", or run: choir doctor",
          e);
    }
  }

  private ObjectNode status() throws InterruptedException {
    ObjectNode status = Json.object();
    status
        .putObject("server")
        .put("pid", ProcessHandle.current().pid())
        .put("build", build)
        .put("home", home.root().toString())
        .put("started", started.toString())
        .put("stays", stays)
        .put("idle_minutes", settings.idle().toMinutes());
    rooms().describe(status);
    return status;
  }
}
