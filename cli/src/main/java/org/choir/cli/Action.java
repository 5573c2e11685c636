package org.choir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.choir.core.Json;
import org.choir.server.ControlClient;
import org.choir.server.Launcher;
import picocli.CommandLine.Option;

/** What every command has in common. */
abstract class Action implements Callable<Integer> {
  final Context context;

  @Option(names = "--json", description = "Print one JSON document (or JSON lines) on stdout.")
  boolean json;

  @Option(
      names = "--as",
      paramLabel = "USER",
      description = "For this user (default: CHOIR_USER, else local).")
  String user = "";

  Action(Context context) {
    this.context = context;
  }

  final String user() {
    return user.isEmpty() ? context.environment().getOrDefault("CHOIR_USER", "local") : user;
  }

  /** A server that is ready; what its start is doing is shown. */
  final ControlClient connect(boolean withCredentials) {
    return launcher().connect(withCredentials);
  }

  final Launcher launcher() {
    return new Launcher(
        context.home(),
        context.environment(),
        context.build(),
        line -> say(line.equals("ready") ? "" : line));
  }

  /** One request with one answer. */
  final ObjectNode ask(String command, ObjectNode arguments) {
    return ask(command, arguments, event -> {});
  }

  final ObjectNode ask(String command, ObjectNode arguments, Consumer<ObjectNode> events) {
    try (ControlClient client = connect(false)) {
      return client.call(command, user(), arguments, events);
    }
  }

  /** A line for the person, beside the result. */
  final void say(String line) {
    if (!line.isEmpty()) {
      context.err().println(context.terminal().style().dim("choir: " + line));
    }
  }

  final void print(String line) {
    context.out().println(line);
  }

  /** The document with {@code --json}, else the lines. */
  final void print(JsonNode document, String text) {
    context.out().println(json ? Json.write(document) : text);
  }
}
