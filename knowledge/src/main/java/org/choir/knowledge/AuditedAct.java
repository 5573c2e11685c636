package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.backbone.PublicEvents;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.Json;

/**
 * What an event of the outbox says in the audit chain of the account whose act it was. The id
 * follows the outbox, so that an event which is told twice is recorded once.
 */
final class AuditedAct {
  /** Who acts where no agent does. */
  private static final AgentId SERVER = new AgentId("rchoirserver");

  private AuditedAct() {}

  static AuditEvent of(long seq, PublicEvents.Event event) {
    ObjectNode told = event.data();
    ObjectNode data = Json.object();
    String kind =
        switch (event.type()) {
          case "published" -> {
            copy(told, data, "article", "field", "title");
            data.put("text", told.path("digest").asText());
            yield "article.published";
          }
          case "revised" -> {
            copy(told, data, "article", "title");
            data.put("number", told.path("version").asInt())
                .put("text", told.path("digest").asText());
            yield "article.revised";
          }
          case "withdrawn" -> {
            copy(told, data, "article");
            yield "article.withdrawn";
          }
          case "reviewed" -> {
            copy(told, data, "article");
            data.put("accepted", told.path("decision").asText().equals("accepted"));
            yield "article.reviewed";
          }
          case "boosted" -> {
            copy(told, data, "article", "chip");
            yield "article.boosted";
          }
          case "cited" -> {
            copy(told, data, "citation", "citing", "cited", "supported");
            data.put("how", told.path("kind").asText());
            if (!told.path("claim").asText().isEmpty()) {
              copy(told, data, "claim");
            }
            yield "article.cited";
          }
          case "uncited" -> {
            copy(told, data, "citation", "citing", "cited");
            yield "citation.withdrawn";
          }
          case "account" -> {
            copy(told, data, "account", "owner", "seed");
            yield "account.described";
          }
          case "ring_frozen" -> {
            copy(told, data, "ring", "members", "inside", "expected", "p");
            yield "ring.frozen";
          }
          case "ring_released" -> {
            copy(told, data, "ring");
            yield "ring.released";
          }
          default -> throw new IllegalStateException("no audit kind for " + event.type());
        };
    if (!kind.equals("ring.frozen")) {
      data.put("by", "user:" + event.tenant());
    }
    String id = "rknowledgebase:1:" + seq + ":0";
    return new AuditEvent(event.tenant(), event.at(), kind, SERVER, data, id, "");
  }

  private static void copy(ObjectNode from, ObjectNode to, String... fields) {
    for (String field : fields) {
      to.set(field, from.get(field));
    }
  }
}
