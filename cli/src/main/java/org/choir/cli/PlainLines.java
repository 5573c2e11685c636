package org.choir.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.core.Text;
import org.choir.server.RunProgress;

/** A run's events as plain lines, for a file or a pipe: only what a reader wants to know. */
final class PlainLines {
  private static final int LENGTH_MAX = 160;

  /** A person decides by it. */
  private static final int HELD_MAX = 500;

  private PlainLines() {}

  /** The line for one streamed event; empty for those that say nothing to a person. */
  static Optional<String> line(ObjectNode streamed) {
    var event = streamed.path("event");
    boolean lead = streamed.path("agent").asText().indexOf('-') < 0;
    return switch (event.path("kind").asText()) {
      case "run_started" -> Optional.of("question: " + shown(event.path("question").asText()));
      case "state" ->
          lead
              ? Optional.of(
                  "state: "
                      + event.path("state").asText()
                      + because(event.path("message").asText(event.path("reason").asText())))
              : Optional.empty();
      case "stage" ->
          lead ? Optional.of("stage: " + event.path("stage").asText()) : Optional.empty();
      case "agent_started" ->
          lead
              ? Optional.empty()
              : Optional.of("subagent: " + shown(RunProgress.task(event.path("task").asText())));
      case "source_skipped" ->
          Optional.of(
              "skipped: "
                  + shown(event.path("location").asText())
                  + because(event.path("reason").asText()));
      case "source_fetched" -> Optional.of("read: " + shown(event.path("url").asText()));
      case "source_unreadable" ->
          Optional.of(
              "not readable: "
                  + shown(event.path("url").asText())
                  + because(event.path("reason").asText()));
      case "intended" ->
          event.path("verdict").asText().equals("HOLD")
              ? Optional.of(
                  "waits: "
                      + event.path("action").asText()
                      + " "
                      + event.path("tool").asText()
                      + ": "
                      + Text.visible(event.path("reason").asText(), HELD_MAX))
              : Optional.empty();
      case "decided" ->
          Optional.of(
              (event.path("approved").asBoolean() ? "approved: " : "denied: ")
                  + shown(event.path("action").asText())
                  + because(event.path("reason").asText()));
      case "note" -> Optional.of("note: " + shown(event.path("text").asText()));
      case "report" -> Optional.of("report written");
      default -> Optional.empty();
    };
  }

  private static String because(String reason) {
    return reason.isBlank() ? "" : " (" + shown(reason) + ")";
  }

  private static String shown(String untrusted) {
    return Text.visible(untrusted, LENGTH_MAX);
  }
}
