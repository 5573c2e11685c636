package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.model.Message;
import org.choir.model.ModelRequest;
import org.choir.model.ToolCall;
import org.choir.model.ToolSpec;

/**
 * A conversation as a program reads it: what was asked first, and each tool call with its answer,
 * in order.
 *
 * @param opening the first user message
 * @param exchanges calls that have been answered
 */
record Conversation(String opening, List<Exchange> exchanges, List<String> tools) {

  /** One answered call. */
  record Exchange(ToolCall call, String answer, boolean failed) {}

  static Conversation of(ModelRequest request) {
    Map<String, ToolCall> calls = new HashMap<>();
    List<Exchange> exchanges = new ArrayList<>();
    String opening = "";
    for (Message message : request.messages()) {
      switch (message) {
        case Message.User user -> opening = opening.isEmpty() ? user.text() : opening;
        case Message.Assistant assistant -> assistant.calls().forEach(c -> calls.put(c.id(), c));
        case Message.ToolResult result -> {
          ToolCall call = calls.get(result.callId());
          if (call != null) {
            exchanges.add(new Exchange(call, result.text(), result.failed()));
          }
        }
      }
    }
    return new Conversation(
        opening, List.copyOf(exchanges), request.tools().stream().map(ToolSpec::name).toList());
  }

  /** The answered calls of one tool, in order. */
  List<Exchange> of(String tool) {
    return exchanges.stream().filter(e -> e.call().tool().equals(tool)).toList();
  }

  /** The position of the last answered call of one tool, or -1. */
  int lastOf(String tool) {
    for (int i = exchanges.size() - 1; i >= 0; i--) {
      if (exchanges.get(i).call().tool().equals(tool)) {
        return i;
      }
    }
    return -1;
  }

  /** The value of the first line {@code NAME: value} of the opening. */
  Optional<String> line(String name) {
    return opening
        .lines()
        .filter(l -> l.startsWith(name + ":"))
        .map(l -> l.substring(name.length() + 1).strip())
        .filter(v -> !v.isEmpty())
        .findFirst();
  }
}
