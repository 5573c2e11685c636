package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import org.choir.server.RunProgress;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run while it goes on: a plan redrawn in place on a terminal, plain lines otherwise. The
 * first Ctrl-C pauses the run and says how to resume it, the second leaves at once.
 */
final class RunWatcher {
  private static final Duration REDRAW = Duration.ofMillis(250);

  private final Context context;
  private final Launcher launcher;
  private final String user;
  private final Screen screen;
  private final RunProgress progress = new RunProgress();
  private final long startedNanos = System.nanoTime();
  private final AtomicBoolean interrupted = new AtomicBoolean();
  private @Nullable String run;
  private String reading = "";
  private boolean ended;

  RunWatcher(Context context, Launcher launcher, String user) {
    this.context = context;
    this.launcher = launcher;
    this.user = user;
    this.screen = new Screen(context.err(), context.terminal().rows());
  }

  /**
   * Sends a command that ends when a run stops, and shows the run until then.
   *
   * @param known the run's id, if it has one already
   * @throws ChoirException what the server answered; an interrupted run is an {@code interrupted}
   */
  ObjectNode watch(
      ControlClient client, String command, ObjectNode arguments, @Nullable String known) {
    run = known;
    Interrupts.onFirst(() -> interrupt(client));
    Thread ticker = Thread.ofVirtual().name("redraw").start(this::tick);
    try {
      ObjectNode result = client.call(command, user, arguments, this::event);
      if (interrupted.get()) {
        throw paused();
      }
      return result;
    } catch (ChoirException e) {
      if (interrupted.get()) {
        throw paused();
      }
      if (e.code().equals("server_gone") && run() != null) {
        throw new ChoirException(
            new org.choir.core.Failure(
                "server_gone",
                "the server ended while run " + run() + " was going on; nothing recorded is lost",
                "continue it with: choir resume " + run(),
                ExitStatus.WAITING,
                true),
            e);
      }
      throw e;
    } finally {
      end(ticker);
    }
  }

  private synchronized @Nullable String run() {
    return run;
  }

  private synchronized void end(Thread ticker) {
    ended = true;
    ticker.interrupt();
    if (context.terminal().live()) {
      draw();
    }
  }

  private synchronized void event(ObjectNode event) {
    if (event.has("created")) {
      run = event.path("created").asText();
      reading = "";
      plain("run " + run);
    } else if (event.has("read")) {
      int done = event.path("read").asInt();
      int total = event.path("of").asInt();
      reading = "reading documents " + done + " of " + total;
      if (done == total || done % 500 == 0) {
        plain(reading);
      }
    } else if (event.has("notice") || event.has("progress")) {
      String line = event.path("notice").asText(event.path("progress").asText());
      say(line);
    } else if (event.has("event")) {
      progress.apply(event);
      PlainLines.line(event).ifPresent(this::plain);
    }
  }

  /** A line of its own above the plan, on a terminal and elsewhere. */
  private synchronized void say(String line) {
    screen.clear();
    context.err().println("choir: " + Style.fit(line, 300));
  }

  private void plain(String line) {
    if (!context.terminal().live()) {
      context.err().println("choir: " + line);
    }
  }

  private void tick() {
    try {
      while (context.terminal().live()) {
        synchronized (this) {
          if (ended) {
            return;
          }
          draw();
        }
        Thread.sleep(REDRAW);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void draw() {
    Duration elapsed = Duration.ofNanos(System.nanoTime() - startedNanos);
    Terminal terminal = context.terminal();
    if (progress.started().isPresent()) {
      screen.draw(LiveView.lines(progress, elapsed, terminal.columns() - 1, terminal.style()));
    } else if (!reading.isEmpty()) {
      screen.draw(
          java.util.List.of(
              terminal
                  .style()
                  .dim(
                      Style.fit(
                          reading + " · " + LiveView.clock(elapsed), terminal.columns() - 1))));
    }
  }

  private void interrupt(ControlClient client) {
    interrupted.set(true);
    String id = run();
    if (id == null) {
      // Nothing is recorded yet: leaving ends the request.
      client.close();
      return;
    }
    say("pausing " + id + " after the step it is at (Ctrl-C again leaves at once)");
    try (ControlClient other = launcher.running().orElseThrow(this::paused)) {
      other.call("pause", user, Json.object().put("run", id));
    } catch (ChoirException e) {
      say(e.failure().message());
    } finally {
      client.close();
    }
  }

  private ChoirException paused() {
    String id = run();
    return new ChoirException(
        new org.choir.core.Failure(
            "interrupted",
            id == null ? "interrupted before a run was begun" : "run " + id + " is paused",
            id == null ? "" : "continue it with: choir resume " + id,
            ExitStatus.INTERRUPTED,
            true));
  }
}
