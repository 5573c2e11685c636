package org.choir.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.choir.backbone.StateEntry;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Gate;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.core.Text;

/**
 * What a run's recorded entries say to the audit chain. The events are a pure function of the entry
 * and carry its place, {@code <agent>:<epoch>:<n>:<i>}, so that an entry may be told twice and
 * counts once. Thread-safe.
 */
final class AuditTrail {
  /** After one of these something happens that must not happen unrecorded. */
  private static final Set<String> ALLOWING =
      Set.of("run_started", "intended", "decided", "attempted", "state", "limits", "agent_ended");

  private final AuditSink sink;
  private final TenantId tenant;
  private final AgentId lead;
  private final Map<AgentId, String> templates = new ConcurrentHashMap<>();
  private volatile String rules = "";

  AuditTrail(AuditSink sink, TenantId tenant, AgentId lead) {
    this.sink = sink;
    this.tenant = tenant;
    this.lead = lead;
  }

  /** Whether an entry with these events is to be waited for. */
  static boolean allowsMore(List<ObjectNode> events) {
    return events.stream().anyMatch(e -> ALLOWING.contains(e.path("kind").asText()));
  }

  /** Remembers what an agent is made from: its events name the definition and its digest. */
  void made(AgentId agent, AgentDefinition definition) {
    ObjectNode content =
        Json.object().put("instructions", Strings.sound(definition.instructions()));
    ArrayNode tools = content.putArray("tools");
    definition.tools().forEach(t -> tools.add(Strings.sound(t.spec().parameters().toString())));
    definition.builtIns().forEach(content.putArray("builtIns")::add);
    templates.put(agent, definition.name() + "@" + CanonicalJson.digest(content).prefix(12));
  }

  /** Records the rules that the gate decides by; the chain keeps what is new. */
  void rules(Gate gate, Instant at) {
    JsonNode configuration = gate.configuration();
    if (configuration.isEmpty()) {
      return;
    }
    rules = CanonicalJson.digest(configuration).hex();
    ObjectNode data =
        Json.object().put("gate", configuration.path("gate").asText()).put("configuration", rules);
    data.set("rules", configuration);
    sink.record(new AuditEvent(tenant, at, "gate.configured", lead, data));
  }

  /** The digest of the gate's rules; empty if it has told none. */
  String rules() {
    return rules;
  }

  /** Tells the chain of an entry. */
  AuditSink.Receipt submit(StateEntry entry) {
    List<AuditEvent> events = new ArrayList<>();
    for (int i = 0; i < entry.events().size(); i++) {
      ObjectNode event = entry.events().get(i);
      int place = i;
      kind(event)
          .ifPresent(kind -> events.add(event(entry, place, kind, data(kind, event, entry))));
    }
    readings(entry, events);
    return events.isEmpty() ? () -> {} : sink.submit(events);
  }

  private AuditEvent event(StateEntry entry, int place, String kind, ObjectNode data) {
    String id = entry.agent() + ":" + entry.epoch() + ":" + entry.n() + ":" + place;
    String template = templates.getOrDefault(entry.agent(), "");
    return new AuditEvent(tenant, entry.at(), kind, entry.agent(), data, id, template);
  }

  private static Optional<String> kind(ObjectNode event) {
    return switch (event.path("kind").asText()) {
      case "run_started" -> Optional.of("run.created");
      case "limits" -> Optional.of("run.limits");
      case "state" -> Optional.of("run.state");
      case "agent_started" -> Optional.of("agent.started");
      case "agent_ended" -> Optional.of("agent.ended");
      case "answered", "model_asked" -> Optional.of("model.called");
      case "note" ->
          event.path("from").asText().equals("user") ? Optional.of("note.given") : Optional.empty();
      case "model_retried" -> Optional.of("model.retried");
      case "intended" -> Optional.of("action.decided");
      case "decided" -> Optional.of("approval.decided");
      case "observed" -> Optional.of("action.observed");
      case "report" -> Optional.of("report.submitted");
      default -> Optional.empty();
    };
  }

  private ObjectNode data(String kind, ObjectNode event, StateEntry entry) {
    return switch (kind) {
      case "run.created" -> {
        ObjectNode data = limits(event.path("limits"));
        yield data.put("model", event.path("model").asText())
            .put("question", event.path("question").asText());
      }
      case "run.limits" -> limits(event.path("limits"));
      case "run.state" -> {
        ObjectNode data = run();
        copy(event, data, "state", "reason", "code", "message");
        yield data;
      }
      case "agent.started" -> {
        ObjectNode data = Json.object().put("agent", entry.agent().value());
        copy(event, data, "definition", "parent", "task");
        task(event.path("task").asText()).ifPresent(question -> data.put("task", question));
        yield data;
      }
      case "agent.ended" -> {
        ObjectNode data = Json.object().put("agent", entry.agent().value());
        copy(event, data, "failed", "code");
        yield data.put("result", Digest.of(event.path("result").asText()).hex());
      }
      case "model.called" ->
          event.path("kind").asText().equals("model_asked") ? asked(event) : called(event, entry);
      case "note.given" -> {
        ObjectNode data = run().put("by", person(""));
        copy(event, data, "text");
        yield data;
      }
      case "model.retried" -> {
        ObjectNode data = Json.object().put("wait_millis", event.path("waitMillis").asLong());
        copy(event, data, "attempt", "reason");
        yield data;
      }
      case "action.decided" -> decided(event, entry);
      case "approval.decided" -> {
        ObjectNode data = Json.object().put("by", person(event.path("by").asText()));
        copy(event, data, "action", "approved", "reason");
        yield data;
      }
      case "action.observed" -> {
        byte[] result = event.path("text").asText().getBytes(StandardCharsets.UTF_8);
        ObjectNode data =
            Json.object()
                .put("operation", operation(event))
                .put("result", Digest.of(result).hex())
                .put("bytes", result.length);
        copy(event, data, "action", "failed");
        yield data;
      }
      case "report.submitted" -> report(event, entry);
      default -> throw new IllegalArgumentException(kind);
    };
  }

  /** A task that was given as an object is told by its question; the digests hold the rest. */
  private static Optional<String> task(String text) {
    if (!text.startsWith("{")) {
      return Optional.empty();
    }
    try {
      JsonNode question = Json.parse(text).path("question");
      return question.isTextual() ? Optional.of(question.textValue()) : Optional.empty();
    } catch (ChoirException e) {
      return Optional.empty(); // words that begin with a brace
    }
  }

  private ObjectNode run() {
    return Json.object().put("run", lead.value());
  }

  private ObjectNode limits(JsonNode limits) {
    ObjectNode data = run().put("by", person(""));
    copy(limits, data, "steps", "seconds", "tokens", "money");
    return data;
  }

  /** A person, as the chain names them; without a usable name, the run's user. */
  private String person(String name) {
    return "user:" + (name.matches("[A-Za-z0-9._@-]{1,64}") ? name : tenant.value());
  }

  /** The call is told by digests: of all that the model was asked from, and of its answer. */
  private static ObjectNode called(ObjectNode event, StateEntry entry) {
    ObjectNode data =
        Json.object()
            .put("history", entry.hash().hex())
            .put("answer", CanonicalJson.digest(event).hex())
            .put("calls", event.path("calls").size());
    copy(event, data, "step", "stop");
    return paid(event, data);
  }

  /** A program in the VM asked the run's model: beside the steps, from its own words only. */
  private static ObjectNode asked(ObjectNode event) {
    ObjectNode data =
        Json.object()
            .put("step", 0)
            .put("history", Digest.of(event.path("prompt").asText()).hex())
            .put("answer", Digest.of(event.path("text").asText()).hex())
            .put("calls", 0)
            .put("stop", "guest");
    return paid(event, data);
  }

  private static ObjectNode paid(ObjectNode event, ObjectNode data) {
    copy(event.path("usage"), data, "input", "cached", "output");
    copy(event, data, "model");
    JsonNode cost = event.path("cost");
    if (cost.path("minorUnits").asLong() != 0) {
      data.set("cost", cost);
    }
    return data;
  }

  private static ObjectNode decided(ObjectNode event, StateEntry entry) {
    ObjectNode data = Json.object().put("operation", operation(event));
    copy(event, data, "action", "replay", "digest", "gate", "verdict", "rule", "reason");
    String action = event.path("action").asText();
    int position = Integer.parseInt(action.substring(action.lastIndexOf(':') + 1));
    for (ObjectNode other : entry.events()) {
      if (other.path("kind").asText().equals("answered")) {
        try {
          ObjectNode arguments =
              Arguments.read(other.path("calls").path(position - 1).path("arguments").asText());
          CanonicalJson.bytes(arguments);
          data.set("arguments", arguments);
        } catch (ChoirException | IllegalArgumentException e) {
          // What is no object was denied by a rule of ours; the digest is over its raw text.
        }
      }
    }
    return data;
  }

  private static String operation(ObjectNode event) {
    return Text.visible(event.path("tool").asText(), 60);
  }

  /** The record's digest stands in the same entry, as the file that the tool wrote. */
  private ObjectNode report(ObjectNode event, StateEntry entry) {
    ObjectNode data = run().put("report", event.path("sha256").asText());
    copy(event, data, "words", "sources", "claims", "supported", "partial", "dropped");
    for (ObjectNode other : entry.events()) {
      if (other.path("kind").asText().equals("file_changed")
          && other.path("path").asText().equals(event.path("record").asText())) {
        data.set("record", other.get("digest"));
      }
    }
    return data;
  }

  /** One event per source of which passages were handed out, whatever the tool was. */
  private void readings(StateEntry entry, List<AuditEvent> events) {
    Map<String, ObjectNode> bySource = new LinkedHashMap<>();
    Map<String, Integer> places = new LinkedHashMap<>();
    for (int i = 0; i < entry.events().size(); i++) {
      ObjectNode event = entry.events().get(i);
      if (event.path("kind").asText().equals("evidence")) {
        String source = event.path("source").asText();
        places.put(source, i);
        ObjectNode data =
            bySource.computeIfAbsent(
                source,
                s ->
                    Json.object()
                        .put("source", s)
                        .put("title", Strings.sound(event.path("title").asText()))
                        .put("passages", 0));
        data.put("passages", data.path("passages").asInt() + 1);
      }
    }
    bySource.forEach(
        (source, data) ->
            events.add(event(entry, places.getOrDefault(source, 0), "source.read", data)));
    // The chain's ids rise within an entry.
    events.sort((a, b) -> Integer.compare(place(a), place(b)));
  }

  private static int place(AuditEvent event) {
    return Integer.parseInt(event.id().substring(event.id().lastIndexOf(':') + 1));
  }

  private static void copy(JsonNode from, ObjectNode to, String... fields) {
    for (String field : fields) {
      JsonNode value = from.get(field);
      if (value != null && !value.isNull()) {
        to.set(field, value);
      }
    }
  }
}
