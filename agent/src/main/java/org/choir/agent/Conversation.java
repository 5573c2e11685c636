package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.model.Message;
import org.choir.model.ToolCall;

/**
 * The messages a model is shown, derived from recorded events. Compaction first shortens old tool
 * results to their heads, then leaves old steps out; the question, notes from people, the plan and
 * the head lines of evidence ({@code [@key] ...}) stay.
 */
final class Conversation {
  /** A rule of thumb for English text and code; providers count for themselves. */
  private static final int CHARACTERS_PER_TOKEN = 4;

  private static final int MESSAGE_OVERHEAD = 16;
  private static final int SHORT = 300;
  private static final int HEAD = 160;
  private static final int HEADS = 40;

  private record Turn(int step, Message message) {}

  private List<Turn> turns = new ArrayList<>();
  private long characters;

  void user(int step, String text) {
    add(step, new Message.User(text));
  }

  void assistant(int step, String text, ArrayNode calls) {
    List<ToolCall> asked = new ArrayList<>();
    for (JsonNode call : calls) {
      asked.add(
          new ToolCall(
              call.path("id").asText(),
              call.path("tool").asText(),
              presentable(call.path("arguments").asText())));
    }
    if (!text.isBlank() || !asked.isEmpty()) {
      add(step, new Message.Assistant(text, asked));
    }
  }

  void result(int step, Message.ToolResult result) {
    add(step, result);
  }

  List<Message> messages() {
    List<Message> out = new ArrayList<>(turns.size());
    turns.forEach(t -> out.add(t.message()));
    return out;
  }

  /** An estimate of what the messages cost as input. */
  long tokens() {
    return characters / CHARACTERS_PER_TOKEN;
  }

  /** The estimate if {@link #compact} were applied. */
  long tokensAfter(int through, boolean drop, ArrayNode todos) {
    return size(compacted(through, drop, todos)) / CHARACTERS_PER_TOKEN;
  }

  /** Shortens the steps up to {@code through}, or leaves them out. */
  void compact(int through, boolean drop, ArrayNode todos) {
    turns = compacted(through, drop, todos);
    characters = size(turns);
  }

  private List<Turn> compacted(int through, boolean drop, ArrayNode todos) {
    List<Turn> out = new ArrayList<>();
    Set<String> heads = new LinkedHashSet<>();
    int summaryAt = 0;
    for (Turn turn : turns) {
      boolean old = turn.step() >= 1 && turn.step() <= through;
      if (!old) {
        out.add(turn);
      } else if (!drop) {
        out.add(new Turn(turn.step(), shortened(turn.message())));
      } else if (turn.message() instanceof Message.User note && !isSummary(note)) {
        out.add(turn);
      } else {
        heads.addAll(evidenceHeads(text(turn.message())));
      }
      if (turn.step() == 0) {
        summaryAt = out.size();
      }
    }
    if (drop) {
      out.add(summaryAt, new Turn(through, summary(through, heads, todos)));
    }
    return out;
  }

  private static final String SUMMARY = "[To save space, steps 1 to ";

  private static boolean isSummary(Message.User user) {
    return user.text().startsWith(SUMMARY);
  }

  private static Message summary(int through, Set<String> heads, ArrayNode todos) {
    StringBuilder text = new StringBuilder(SUMMARY);
    text.append(through).append(" are left out. Files you wrote are still there.]");
    if (!todos.isEmpty()) {
      text.append("\nThe plan:");
      todos.forEach(
          t ->
              text.append("\n- ")
                  .append(t.path("status").asText())
                  .append(": ")
                  .append(t.path("content").asText()));
    }
    if (!heads.isEmpty()) {
      text.append("\nEvidence seen:");
      heads.stream().limit(HEADS * 2L).forEach(h -> text.append('\n').append(h));
    }
    return new Message.User(text.toString());
  }

  private static Message shortened(Message message) {
    return switch (message) {
      case Message.User user -> user;
      case Message.Assistant assistant ->
          new Message.Assistant(
              assistant.text(),
              assistant.calls().stream()
                  .map(c -> new ToolCall(c.id(), c.tool(), shortArguments(c.arguments())))
                  .toList());
      case Message.ToolResult result ->
          new Message.ToolResult(
              result.callId(), result.tool(), shortText(result.text()), result.failed());
    };
  }

  private static String shortText(String text) {
    if (text.length() <= SHORT) {
      return text;
    }
    StringBuilder out = new StringBuilder();
    out.append(Strings.brief(text.lines().findFirst().orElse(""), HEAD));
    evidenceHeads(text).stream().limit(HEADS).forEach(h -> out.append('\n').append(h));
    String left = "\n[" + text.length() + " characters shortened; call the tool again to see them]";
    return out.length() + left.length() >= text.length() ? text : out.append(left).toString();
  }

  private static List<String> evidenceHeads(String text) {
    return text.lines()
        .filter(line -> line.startsWith("[@"))
        .map(line -> Strings.brief(line, HEAD))
        .toList();
  }

  private static String shortArguments(String arguments) {
    if (arguments.length() <= SHORT) {
      return arguments;
    }
    ObjectNode object = Json.parseObject(arguments);
    ObjectNode out = Json.object();
    object
        .properties()
        .forEach(
            p -> {
              JsonNode value = p.getValue();
              String written = value.isTextual() ? value.textValue() : Json.write(value);
              if (written.length() > SHORT) {
                out.put(p.getKey(), Strings.cut(written, HEAD) + " [shortened]");
              } else {
                out.set(p.getKey(), value);
              }
            });
    return Json.write(out);
  }

  /** Providers refuse a history with a call whose arguments are not an object. */
  private static String presentable(String arguments) {
    try {
      Json.parseObject(arguments);
      return arguments;
    } catch (ChoirException notAnObject) {
      return "{}"; // what was wrong stands in the call's result
    }
  }

  private static String text(Message message) {
    return switch (message) {
      case Message.User user -> user.text();
      case Message.Assistant assistant -> assistant.text();
      case Message.ToolResult result -> result.text();
    };
  }

  private void add(int step, Message message) {
    Turn turn = new Turn(step, message);
    turns.add(turn);
    characters += size(turn);
  }

  private static long size(List<Turn> turns) {
    return turns.stream().mapToLong(Conversation::size).sum();
  }

  private static long size(Turn turn) {
    long sum = (long) MESSAGE_OVERHEAD + text(turn.message()).length();
    if (turn.message() instanceof Message.Assistant assistant) {
      for (ToolCall call : assistant.calls()) {
        sum += MESSAGE_OVERHEAD + call.tool().length() + call.arguments().length();
      }
    }
    return sum;
  }

  /** Everything a model would see, for {@link AgentState#digest}. */
  void describe(ArrayNode out) {
    for (Turn turn : turns) {
      ObjectNode item = out.addObject().put("step", turn.step()).put("text", text(turn.message()));
      if (turn.message() instanceof Message.Assistant assistant) {
        ArrayNode calls = item.putArray("calls");
        assistant.calls().forEach(c -> calls.add(c.id() + " " + c.tool() + " " + c.arguments()));
      }
      if (turn.message() instanceof Message.ToolResult result) {
        item.put("call", result.callId()).put("failed", result.failed());
      }
    }
  }
}
