package org.choir.model;

import java.util.List;

/** One turn of a conversation. */
public sealed interface Message {

  /** What a person (or the agent that delegates) says. */
  record User(String text) implements Message {}

  /** What the model said and asked for. */
  record Assistant(String text, List<ToolCall> calls) implements Message {
    public Assistant {
      calls = List.copyOf(calls);
    }
  }

  /**
   * What a tool answered.
   *
   * @param callId the id of the {@link ToolCall} it answers
   * @param failed whether the text is an error message for the model
   */
  record ToolResult(String callId, String tool, String text, boolean failed) implements Message {}
}
