package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.Json;
import org.choir.core.TenantId;

/** One event or more of every kind, from {@code events.jsonl}. */
final class EventFixtures {
  static final TenantId TENANT = new TenantId("ada");

  private EventFixtures() {}

  static List<AuditEvent> all() {
    List<AuditEvent> events = new ArrayList<>();
    for (String line : text("events.jsonl").lines().toList()) {
      JsonNode json = Json.parse(line);
      events.add(
          event(
              json.path("kind").asText(),
              json.path("agent").asText(),
              Instant.parse(json.path("at").asText()),
              json.path("data")));
    }
    return events;
  }

  static AuditEvent event(String kind, String agent, Instant at, JsonNode data) {
    return new AuditEvent(TENANT, at, kind, new AgentId(agent), data);
  }

  /** Them as leaves, with their personal fields, without a log. */
  static List<Story.Told> told() {
    List<Story.Told> out = new ArrayList<>();
    for (AuditEvent event : all()) {
      out.add(told(event, out.size()));
    }
    return out;
  }

  static Story.Told told(AuditEvent event, long seq) {
    EventKind kind = Kinds.shipped().toWrite(event.kind());
    EventKind.Parts parts = kind.take((ObjectNode) event.data());
    boolean personal = !parts.personal().isEmpty();
    String actor = parts.actor().isEmpty() ? event.agent().value() : parts.actor();
    String intent =
        List.of("rchoirserver", "rperson").contains(event.agent().value())
            ? ""
            : event.agent().run().value();
    return new Story.Told(
        new Leaf(
            seq,
            event.tenant().value(),
            event.at(),
            kind.name(),
            kind.version(),
            event.id(),
            actor,
            parts.subject(),
            intent,
            parts.verdict(),
            event.template(),
            Prose.RENDERER,
            personal ? Payload.of(new byte[32], parts.personal()).commitment() : "",
            "0".repeat(64),
            parts.digests(),
            parts.data()),
        personal ? new Prose.Personal.Known(parts.personal()) : new Prose.Personal.None());
  }

  static String text(String resource) {
    try (InputStream in =
        Objects.requireNonNull(EventFixtures.class.getResourceAsStream(resource), resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
