package org.choir.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Json;
import org.choir.core.Money;
import org.jspecify.annotations.Nullable;

/**
 * Where a run stands, folded from its recorded events alone; server and command fold the same
 * events and see the same. Not thread-safe.
 */
public final class RunProgress {
  private String question = "";
  private String model = "";
  private String depth = "";
  private String tenant = "";
  private String state = "queued";
  private String reason = "";
  private String code = "";
  private String remedy = "";
  private String stage = "";
  private List<Todo> todos = List.of();
  private final Set<String> evidence = new LinkedHashSet<>();
  private final Set<String> sources = new LinkedHashSet<>();
  private final Set<String> pages = new LinkedHashSet<>();
  private final Map<String, Worker> workers = new LinkedHashMap<>();
  private int documents;
  private int skipped;
  private int steps;
  private long tokens;
  private Optional<Money> cost = Optional.empty();
  private @Nullable JsonNode report;
  private @Nullable Instant started;
  private @Nullable Instant last;
  private long sequence;

  /** One point of the plan; status is {@code pending}, {@code in_progress} or {@code completed}. */
  public record Todo(String content, String status) {}

  /** A subagent: what it was asked, and whether it has ended. */
  public record Worker(String agent, String task, boolean ended) {}

  /**
   * Adds one recorded event.
   *
   * @param agent who recorded it
   * @param at when
   */
  public void apply(String agent, long sequence, Instant at, JsonNode event) {
    this.sequence = Math.max(this.sequence, sequence);
    started = started == null ? at : started;
    last = at;
    boolean lead = agent.indexOf('-') < 0;
    switch (event.path("kind").asText()) {
      case "run_started" -> {
        question = event.path("question").asText();
        model = event.path("model").asText();
        tenant = event.path("tenant").asText();
        depth = event.path("options").path("depth").asText();
        documents = event.path("options").path("documents").asInt();
      }
      case "agent_started" -> {
        if (!lead) {
          workers.put(agent, new Worker(agent, task(event.path("task").asText()), false));
        }
      }
      case "agent_ended" ->
          workers.computeIfPresent(agent, (a, w) -> new Worker(a, w.task(), true));
      case "state" -> {
        if (lead) {
          state = event.path("state").asText();
          reason = event.path("message").asText(event.path("reason").asText());
          code = event.path("code").asText(event.path("reason").asText());
          remedy = event.path("remedy").asText();
        }
      }
      case "stage" -> {
        if (lead) {
          stage = event.path("stage").asText();
        }
      }
      case "todos" -> {
        if (lead) {
          todos = read(event.path("todos"));
        }
      }
      case "evidence" -> {
        evidence.add(event.path("key").asText());
        sources.add(event.path("source").asText(event.path("title").asText()));
      }
      case "source_skipped" -> skipped++;
      case "source_fetched" -> {
        // Articles of the knowledge base are fetched too, from nowhere outside.
        if (event.path("url").asText().startsWith("http")) {
          pages.add(event.path("url").asText());
        }
      }
      case "answered" -> answered(event);
      case "report" -> report = event;
      default -> {}
    }
  }

  /** Adds a line as the server streams it: {@code {agent, sequence, at, event}}. */
  public void apply(ObjectNode line) {
    apply(
        line.path("agent").asText(),
        line.path("sequence").asLong(),
        Instant.parse(line.path("at").asText()),
        line.path("event"));
  }

  /** What a subagent was asked, in words: a task in JSON has its question in a field. */
  public static String task(String task) {
    if (!task.startsWith("{")) {
      return task;
    }
    try {
      return Json.parseObject(task).path("question").asText(task);
    } catch (ChoirException e) {
      return task;
    }
  }

  private void answered(JsonNode event) {
    steps++;
    JsonNode usage = event.path("usage");
    tokens += usage.path("input").asLong() + usage.path("output").asLong();
    JsonNode price = event.path("cost");
    if (price.has("minorUnits")) {
      Money money =
          new Money(
              price.path("minorUnits").asLong(), Currency.valueOf(price.path("currency").asText()));
      cost = Optional.of(cost.map(c -> c.plus(money)).orElse(money));
    }
  }

  private static List<Todo> read(JsonNode todos) {
    List<Todo> list = new ArrayList<>();
    todos.forEach(t -> list.add(new Todo(t.path("content").asText(), t.path("status").asText())));
    return List.copyOf(list);
  }

  /** What was asked. */
  public String question() {
    return question;
  }

  /** Who answers. */
  public String model() {
    return model;
  }

  /** For whom. */
  public String tenant() {
    return tenant;
  }

  /** How deep. */
  public String depth() {
    return depth;
  }

  /** The recorded state's word. */
  public String state() {
    return state;
  }

  /** Why it is in this state, in words; may be empty. */
  public String reason() {
    return reason;
  }

  /** Why, as a stable code; may be empty. */
  public String code() {
    return code;
  }

  /** The way out, where the run stopped on a failure; may be empty. */
  public String remedy() {
    return remedy;
  }

  /** The stage the lead is in; empty before the first. */
  public String stage() {
    return stage;
  }

  /** The plan. */
  public List<Todo> todos() {
    return todos;
  }

  /** The subagents, in the order they began. */
  public List<Worker> workers() {
    return List.copyOf(workers.values());
  }

  /** Different passages found so far. */
  public int evidence() {
    return evidence.size();
  }

  /** Different sources they come from. */
  public int sources() {
    return sources.size();
  }

  /** Documents that are searched. */
  public int documents() {
    return documents;
  }

  /** Pages of the web that were read. */
  public int pages() {
    return pages.size();
  }

  /** Files that could not be used. */
  public int skipped() {
    return skipped;
  }

  /** Model answers. */
  public int steps() {
    return steps;
  }

  /** Input and output tokens. */
  public long tokens() {
    return tokens;
  }

  /** What the provider charges; empty if nothing is known of it. */
  public Optional<Money> cost() {
    return cost;
  }

  /** The recorded report event. */
  public Optional<JsonNode> report() {
    return Optional.ofNullable(report);
  }

  /** When it was created. */
  public Optional<Instant> started() {
    return Optional.ofNullable(started);
  }

  /** When it last recorded something. */
  public Optional<Instant> last() {
    return Optional.ofNullable(last);
  }

  /** The highest sequence seen. */
  public long sequence() {
    return sequence;
  }
}
