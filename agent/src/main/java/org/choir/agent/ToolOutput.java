package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What a tool answers.
 *
 * @param text for the model; long ones are moved to a file and replaced by a pointer by the loop
 * @param failed whether the text is an error that says what to do next
 * @param events recorded in the same entry as the result, each with a {@code kind}
 */
public record ToolOutput(String text, boolean failed, List<ObjectNode> events) {
  public ToolOutput {
    events = List.copyOf(events);
  }

  /** A success without events. */
  public static ToolOutput of(String text) {
    return new ToolOutput(text, false, List.of());
  }

  /** A success with events to record. */
  public static ToolOutput of(String text, List<ObjectNode> events) {
    return new ToolOutput(text, false, events);
  }

  /** An error for the model: what was wrong and what to do instead. */
  public static ToolOutput error(String text) {
    return new ToolOutput(text, true, List.of());
  }
}
