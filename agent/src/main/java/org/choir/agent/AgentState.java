package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.choir.backbone.StateEntry;
import org.choir.core.CanonicalJson;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.Money;
import org.choir.model.Message;
import org.choir.model.ModelAnswer.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What an agent knows: the fold over its recorded entries and nothing else, the same live and after
 * a restart. Confined to the agent's thread.
 */
final class AgentState {
  private final Conversation conversation = new Conversation();
  private final Map<String, PendingCall> pending = new LinkedHashMap<>();
  private final Map<String, Message.ToolResult> results = new HashMap<>();
  private final List<String> callOrder = new ArrayList<>();
  private final List<String> laterNotes = new ArrayList<>();
  private final Map<String, WorkspaceFile> files = new TreeMap<>();
  private final TreeSet<String> folders = new TreeSet<>();
  private final Map<String, Integer> kinds = new TreeMap<>();
  private ArrayNode calls = Json.array();
  private ArrayNode todos = Json.array();
  private @Nullable ObjectNode runStarted;
  private @Nullable Limits limits;
  private @Nullable JsonNode skills;
  private @Nullable ObjectNode ended;
  private @Nullable StateEntry last;
  private @Nullable Instant started;
  private String definition = "";
  private String stage = "";
  private RunState state = RunState.QUEUED;
  private JsonNode stateEvent = Json.object();
  private String result = "";
  private int steps;
  private int nudges;
  private int subagents;
  private Usage usage = Usage.NONE;
  private Optional<Money> cost = Optional.empty();
  private Duration running = Duration.ZERO;

  /** Adds one recorded boundary. */
  void apply(StateEntry entry) {
    if (last == null) {
      started = entry.at();
    } else if (isLive() && last.epoch() == entry.epoch() && entry.at().isAfter(last.at())) {
      // One epoch is one ownership: between two of its entries the run was running.
      running = running.plus(Duration.between(last.at(), entry.at()));
    }
    last = entry;
    entry.events().forEach(this::apply);
  }

  private void apply(ObjectNode event) {
    String kind = event.path("kind").asText();
    switch (kind) {
      case "run_started" -> {
        runStarted = event;
        limits = Limits.of(event.path("limits"));
        // A kind of agent may word its first message itself, from what the run was asked for.
        String question = event.path("question").asText();
        conversation.user(0, event.path("options").path("opening").asText(question));
      }
      case "agent_started" -> {
        definition = event.path("definition").asText();
        if (event.has("task")) {
          conversation.user(0, event.get("task").asText());
        }
      }
      case "limits" -> limits = Limits.of(event.path("limits"));
      case "skills" -> skills = event.path("skills");
      case "answered" -> answered(event);
      case "intended" -> intended(event);
      case "observed" -> observed(event);
      case "decided" ->
          pending.computeIfPresent(
              event.path("action").asText(),
              (a, call) ->
                  // A decision says what it is about; it never covers anything else.
                  event.path("digest").asText(call.digest()).equals(call.digest())
                      ? call.decided(
                          event.path("approved").asBoolean(), event.path("reason").asText())
                      : call);
      case "attempted" ->
          pending.computeIfPresent(event.path("action").asText(), (a, call) -> call.tried());
      case "file_changed" -> {
        String path = event.path("path").asText();
        Digest digest = new Digest(event.path("digest").asText());
        files.put(
            path,
            new WorkspaceFile(
                path, event.path("size").asLong(), digest, event.path("mode").asInt()));
        folders.remove(path);
      }
      case "file_deleted" -> files.remove(event.path("path").asText());
      case "folder_made" -> {
        folders.add(event.path("path").asText());
        files.remove(event.path("path").asText());
      }
      case "folder_deleted" -> folders.remove(event.path("path").asText());
      case "todos" -> todos = (ArrayNode) event.path("todos");
      case "stage" -> stage = event.path("stage").asText();
      case "note" -> note(event);
      case "compacted" ->
          conversation.compact(
              event.path("through").asInt(), event.path("drop").asBoolean(), todos);
      case "state" -> {
        state = RunState.valueOf(Strings.upper(event.path("state").asText()));
        stateEvent = event;
      }
      case "agent_ended" -> ended = event;
      case "model_asked" -> {
        spent(event);
        kinds.merge(kind, 1, Integer::sum);
      }
      // An interruption leaves no trace in what the agent knows.
      case "agent_resumed", "model_retried" -> {}
      // Tools' own events: the agents of a run read them through the run's view.
      default -> kinds.merge(kind, 1, Integer::sum);
    }
  }

  private void answered(ObjectNode event) {
    steps++;
    spent(event);
    calls = (ArrayNode) event.path("calls");
    callOrder.clear();
    nudges = calls.isEmpty() ? nudges : 0;
    String text = event.path("text").asText();
    if (!text.isBlank()) {
      result = text;
    }
    conversation.assistant(steps, text, calls);
  }

  private void spent(ObjectNode event) {
    JsonNode used = event.path("usage");
    usage =
        usage.plus(
            new Usage(
                used.path("input").asLong(),
                used.path("cached").asLong(),
                used.path("output").asLong()));
    if (event.has("cost")) {
      Money price = Limits.money(event.get("cost"));
      cost = Optional.of(cost.map(c -> c.plus(price)).orElse(price));
    }
  }

  private void intended(ObjectNode event) {
    int position = callOrder.size();
    PendingCall call = PendingCall.of(event, calls.path(position).path("arguments").asText());
    callOrder.add(call.action());
    pending.put(call.action(), call);
    subagents = Math.max(subagents, call.subagent());
  }

  private void observed(ObjectNode event) {
    String action = event.path("action").asText();
    if (pending.remove(action) == null) {
      throw new IllegalStateException("a result without an open intent: " + action);
    }
    results.put(
        action,
        new Message.ToolResult(
            event.path("call").asText(),
            event.path("tool").asText(),
            event.path("text").asText(),
            event.path("failed").asBoolean()));
    if (pending.isEmpty()) {
      // The model reads results in the order of its calls, in whatever order they came.
      callOrder.forEach(a -> conversation.result(steps, Objects.requireNonNull(results.get(a))));
      results.clear();
      laterNotes.forEach(text -> conversation.user(steps, text));
      laterNotes.clear();
    }
  }

  private void note(ObjectNode event) {
    String text = event.path("text").asText();
    if (event.path("from").asText().equals("policy")) {
      nudges++;
    }
    if (pending.isEmpty()) {
      conversation.user(steps, text);
    } else {
      laterNotes.add(text);
    }
  }

  /** The conversation, oldest first. */
  Conversation conversation() {
    return conversation;
  }

  /** Recorded intents without a result, in call order. */
  List<PendingCall> pending() {
    return List.copyOf(pending.values());
  }

  /** The files of this agent's folder as recorded, by path below {@code /workspace}. */
  Map<String, WorkspaceFile> files() {
    return Collections.unmodifiableMap(files);
  }

  /** Folders that hold no recorded file or once held none, by path below {@code /workspace}. */
  Set<String> folders() {
    return Collections.unmodifiableSet(folders);
  }

  boolean isEmpty() {
    return last == null;
  }

  /** Whether the process that recorded the last entry meant to go on. */
  boolean isLive() {
    return state == RunState.PLANNING || state == RunState.RUNNING;
  }

  StateEntry last() {
    return Objects.requireNonNull(last);
  }

  ObjectNode runStarted() {
    return Objects.requireNonNull(runStarted);
  }

  Limits limits() {
    return Objects.requireNonNull(limits);
  }

  Instant started() {
    return Objects.requireNonNull(started);
  }

  Optional<JsonNode> skills() {
    return Optional.ofNullable(skills);
  }

  /** The subagent's last event, once it has ended. */
  Optional<ObjectNode> ended() {
    return Optional.ofNullable(ended);
  }

  String definition() {
    return definition;
  }

  String stage() {
    return stage;
  }

  ArrayNode todos() {
    return todos;
  }

  RunState state() {
    return state;
  }

  /** The last {@code state} event, or an empty object. */
  JsonNode stateEvent() {
    return stateEvent;
  }

  /** The last text the model gave that is not blank. */
  String result() {
    return result;
  }

  /** Model answers so far. */
  int steps() {
    return steps;
  }

  /** How often in a row the policy has sent the model back to work. */
  int nudges() {
    return nudges;
  }

  /** The highest number given to a subagent. */
  int subagents() {
    return subagents;
  }

  Usage usage() {
    return usage;
  }

  Optional<Money> cost() {
    return cost;
  }

  /** Running time up to the last entry. */
  Duration running() {
    return running;
  }

  /**
   * One digest over everything that decides what happens next. Two histories with the same digest
   * continue alike; how often they were interrupted, and when, does not enter.
   */
  Digest digest() {
    ObjectNode all = Json.object();
    conversation.describe(all.putArray("conversation"));
    ArrayNode open = all.putArray("pending");
    pending.keySet().forEach(open::add);
    ObjectNode stored = all.putObject("files");
    files.values().forEach(f -> stored.put(f.path(), f.digest() + " " + f.mode()));
    ArrayNode made = all.putArray("folders");
    folders.forEach(made::add);
    all.set("todos", todos);
    ObjectNode counts = all.putObject("events");
    kinds.forEach(counts::put);
    all.put("definition", definition)
        .put("stage", stage)
        .put("state", state.word())
        .put("result", result)
        .put("steps", steps)
        .put("subagents", subagents)
        .put("tokens", usage.total());
    return CanonicalJson.digest(all);
  }
}
