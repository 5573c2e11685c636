package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import picocli.CommandLine.Command;

/** Server life: up, down, status. */
final class ServerActions {
  private ServerActions() {}

  /** {@code choir up}. */
  @Command(
      name = "up",
      description = "Start the server, or make the running one stay when it is idle.",
      footer = {"", "Example:", "  choir up"})
  static final class Up extends Action {
    Up(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      ObjectNode status = ask("stay", Json.object());
      print(status, "server " + status.path("server").path("pid").asText() + " is up and stays");
      return 0;
    }
  }

  /** {@code choir down}. */
  @Command(
      name = "down",
      description = "Pause the runs that are going on and stop the server.",
      footer = {"", "Example:", "  choir down"})
  static final class Down extends Action {
    Down(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Optional<ObjectNode> stopped = stop(this);
      List<String> lines = new ArrayList<>();
      lines.add(
          stopped
              .map(s -> "server " + s.path("pid").asText() + " has stopped")
              .orElse("no server was running"));
      stopped.ifPresent(
          s ->
              s.path("paused")
                  .forEach(
                      run ->
                          lines.add(
                              "paused "
                                  + run.asText()
                                  + ", continue it with: choir resume "
                                  + run.asText())));
      print(stopped.orElseGet(() -> Json.object().putNull("pid")), String.join("\n", lines));
      return 0;
    }

    /** Stops the server and waits until its process has ended; empty if none was running. */
    static Optional<ObjectNode> stop(Action action) {
      Optional<ControlClient> running = action.launcher().running();
      if (running.isEmpty()) {
        return Optional.empty();
      }
      ObjectNode stopped;
      try (ControlClient client = running.get()) {
        stopped = client.call("stop", action.user(), Json.object());
      }
      Launcher.awaitEnd(stopped.path("pid").asLong());
      return Optional.of(stopped);
    }
  }

  /** {@code choir status}. */
  @Command(
      name = "status",
      description = "Show the server, nats-server, VMs and runs.",
      footer = {"", "Example:", "  choir status --json"})
  static final class Status extends Action {
    Status(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Optional<ControlClient> running = launcher().running();
      if (running.isEmpty()) {
        print(
            Json.object().putNull("server").put("home", context.home().root().toString()),
            "no server is running for "
                + context.home().root()
                + "; the next command that needs one starts it");
        return 0;
      }
      try (ControlClient client = running.get()) {
        ObjectNode status = client.call("status", user(), Json.object());
        print(status, text(status));
      }
      return 0;
    }

    private static String text(ObjectNode status) {
      JsonNode server = status.path("server");
      List<String> lines = new ArrayList<>();
      lines.add(
          "server  pid "
              + server.path("pid").asText()
              + ", build "
              + server.path("build").asText()
              + (server.path("stays").asBoolean()
                  ? ", stays"
                  : ", ends when idle for " + server.path("idle_minutes").asText() + " min"));
      lines.add("home    " + server.path("home").asText());
      JsonNode nats = status.path("nats");
      lines.add(
          "nats    pid " + nats.path("pid").asText() + ", port " + nats.path("port").asText());
      if (status.path("vms").isEmpty()) {
        lines.add("vms     none");
      }
      status
          .path("vms")
          .forEach(
              vm ->
                  lines.add(
                      "vm      "
                          + vm.path("id").asText()
                          + "  pid "
                          + vm.path("pid").asText()
                          + "  "
                          + vm.path("accelerator").asText()
                          + "  "
                          + vm.path("state").asText()));
      List<String> states = new ArrayList<>();
      status
          .path("runs")
          .path("by_state")
          .properties()
          .forEach(e -> states.add(e.getValue().asText() + " " + e.getKey()));
      lines.add("runs    " + (states.isEmpty() ? "none" : String.join(", ", states)));
      JsonNode change = status.path("embedding");
      if (!change.isMissingNode()) {
        lines.add(
            "kb      %s of %s articles embedded by %s; %s is searched until then"
                .formatted(
                    change.path("done").asText(),
                    change.path("total").asText(),
                    change.path("to").asText(),
                    change.path("from").asText()));
      }
      return String.join("\n", lines);
    }
  }
}
