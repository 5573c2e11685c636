package org.choir.model;

import java.time.Duration;
import java.util.List;

/**
 * One question to a model.
 *
 * @param system instructions, not part of the conversation
 * @param messages the conversation, oldest first; each tool call is answered by a {@link
 *     Message.ToolResult}
 * @param tools what the model may call
 * @param maxOutputTokens at least 1
 * @param deadline for the whole answer
 */
public record ModelRequest(
    String system,
    List<Message> messages,
    List<ToolSpec> tools,
    int maxOutputTokens,
    Duration deadline) {
  public ModelRequest {
    messages = List.copyOf(messages);
    tools = List.copyOf(tools);
  }
}
