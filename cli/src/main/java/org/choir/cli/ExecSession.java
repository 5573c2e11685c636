package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.server.ControlClient;

/**
 * One command in a VM at this terminal: its output here, this side's input, Ctrl-C and window size
 * there. Input and signals go over connections of their own, since the first waits for the end.
 */
final class ExecSession {
  /** Ctrl-C is the command's to handle; this one leaves nevertheless. */
  private static final int LAST_INTERRUPT = 3;

  private static final int SIGINT = 2;
  private static final int INPUT_BYTES = 32 << 10;

  private final Action action;
  private final Context context;
  private final String vm;
  private final boolean input;
  private final boolean tty;

  ExecSession(Action action, String vm, boolean input, boolean tty) {
    this.action = action;
    this.context = action.context;
    this.vm = vm;
    this.input = input;
    this.tty = tty;
  }

  /** Follows the command to its end. Returns the exit status that this process ends with. */
  int run(String command, ObjectNode request) {
    Optional<RawTerminal> raw = tty ? Optional.of(RawTerminal.take()) : Optional.empty();
    try {
      raw.ifPresent(
          terminal ->
              request
                  .putObject("terminal")
                  .put("columns", terminal.columns())
                  .put("rows", terminal.rows())
                  .put("type", context.environment().getOrDefault("TERM", "xterm")));
      return ended(action.ask(command, request, event -> event(event, raw)));
    } finally {
      raw.ifPresent(RawTerminal::restore);
    }
  }

  private int ended(ObjectNode result) {
    if (action.json) {
      action.print(Json.write(result));
    }
    if (result.path("timed_out").asBoolean()) {
      action.say("killed after its timeout");
    } else if (result.path("cpu_exceeded").asBoolean()) {
      action.say("killed after its processor time");
    } else if (result.path("oom_killed").asBoolean()) {
      action.say("something in it was killed for memory");
    }
    int signal = result.path("signal").asInt();
    return signal > 0 ? 128 + signal : result.path("exit").asInt();
  }

  private void event(ObjectNode event, Optional<RawTerminal> raw) {
    try {
      if (event.has("stdout")) {
        (action.json ? context.err() : context.out()).write(event.get("stdout").binaryValue());
        context.out().flush();
      } else if (event.has("stderr")) {
        context.err().write(event.get("stderr").binaryValue());
      } else if (event.has("gap")) {
        action.say(
            (event.path("to").asLong() - event.path("from").asLong())
                + " bytes of its "
                + event.path("gap").asText()
                + " are gone");
      } else if (event.has("exec")) {
        begun(event.path("exec").asText(), raw);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void begun(String exec, Optional<RawTerminal> raw) {
    if (input) {
      Thread.ofPlatform().daemon().name("input").start(() -> feed(exec));
    }
    Interrupts.onEach(
        () -> tell("vm.signal", Json.object().put("exec", exec).put("signal", SIGINT)),
        LAST_INTERRUPT);
    raw.ifPresent(
        terminal ->
            Interrupts.onResize(
                () -> {
                  terminal.measure();
                  tell(
                      "vm.resize",
                      Json.object()
                          .put("exec", exec)
                          .put("columns", terminal.columns())
                          .put("rows", terminal.rows()));
                }));
  }

  /** Passes this side's input on, as fast as the command takes it. */
  private void feed(String exec) {
    try (ControlClient client = action.connect(false)) {
      byte[] bytes = new byte[INPUT_BYTES];
      boolean open = true;
      while (open) {
        int n = context.in().read(bytes);
        ObjectNode request = Json.object().put("id", vm).put("exec", exec);
        if (n > 0) {
          request.put("data", Arrays.copyOf(bytes, n));
        }
        open =
            client
                    .call("vm.input", action.user(), request.put("end", n < 0))
                    .path("open")
                    .asBoolean()
                && n >= 0;
      }
    } catch (IOException e) {
      action.say("reading standard input failed: " + e.getMessage());
    } catch (ChoirException e) {
      // The command has ended meanwhile; anything else shows where its end is waited for.
      System.getLogger(ExecSession.class.getName())
          .log(System.Logger.Level.DEBUG, "input ended", e);
    }
  }

  private void tell(String command, ObjectNode request) {
    try {
      action.ask(command, request.put("id", vm));
    } catch (ChoirException e) {
      System.getLogger(ExecSession.class.getName())
          .log(System.Logger.Level.DEBUG, command + " came too late", e);
    }
  }
}
