package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import org.choir.core.CanonicalJson;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * One event as it stands in the log: {@link #bytes} are the entry whose hash is in the tree. RFC
 * 8785 JSON of integers, strings and booleans; empty members are left out.
 *
 * @param seq the entry's index in the log, from 0
 * @param time RFC 3339, UTC, milliseconds
 * @param id stable over retries and restarts, {@code <agentId>:<epoch>:<n>:<i>}; empty if the event
 *     comes from no agent's history
 * @param actor an agent's id, {@code user:<tenant>} for a person
 * @param subject what it is about
 * @param intent the business purpose, today the run's id
 * @param template the agent's template, {@code name@version}
 * @param renderer the version of the prose that the event was written for
 * @param payload the commitment to the personal fields, 64 hexadecimal digits; empty if there are
 *     none
 * @param prev the RFC 6962 hash of the entry before; empty for the first
 */
public record Leaf(
    long seq,
    String tenant,
    Instant time,
    String kind,
    int version,
    String id,
    String actor,
    String subject,
    String intent,
    String verdict,
    String template,
    String renderer,
    String payload,
    String prev,
    ObjectNode digests,
    ObjectNode data) {
  /** What a leaf calls its own form. */
  public static final String SCHEMA = "choir.audit/1";

  /** The limit of an entry in an entry bundle of C2SP tlog-tiles: its length has 16 bits. */
  public static final int BYTES_MAX = 65_535;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** The entry: canonical JSON, UTF-8. */
  public byte[] bytes() {
    ObjectNode out = Json.object().put("schema", SCHEMA).put("seq", seq).put("version", version);
    out.put("time", TIME.format(time)).put("tenant", tenant).put("kind", kind);
    put(out, "id", id);
    put(out, "actor", actor);
    put(out, "subject", subject);
    put(out, "intent", intent);
    put(out, "verdict", verdict);
    put(out, "template", template);
    put(out, "renderer", renderer);
    put(out, "payload", payload);
    put(out, "prev", prev);
    if (!digests.isEmpty()) {
      out.set("digests", digests);
    }
    if (!data.isEmpty()) {
      out.set("data", data);
    }
    return CanonicalJson.bytes(out);
  }

  private static void put(ObjectNode out, String name, String value) {
    if (!value.isEmpty()) {
      out.put(name, value);
    }
  }

  /**
   * Reads an entry. Kinds and fields need not be known; members that this form does not have are
   * refused, because nobody would see them.
   *
   * @throws ChoirException {@code not_an_event} if it is no event in its canonical form
   */
  public static Leaf parse(byte[] entry) {
    try {
      JsonNode json = Json.parse(entry);
      Leaf leaf =
          new Leaf(
              json.path("seq").asLong(-1),
              json.path("tenant").asText(),
              Instant.parse(json.path("time").asText()),
              json.path("kind").asText(),
              json.path("version").asInt(),
              json.path("id").asText(),
              json.path("actor").asText(),
              json.path("subject").asText(),
              json.path("intent").asText(),
              json.path("verdict").asText(),
              json.path("template").asText(),
              json.path("renderer").asText(),
              json.path("payload").asText(),
              json.path("prev").asText(),
              object(json.path("digests")),
              object(json.path("data")));
      if (json.path("schema").asText().equals(SCHEMA) && Arrays.equals(leaf.bytes(), entry)) {
        return leaf;
      }
    } catch (ChoirException | DateTimeParseException | IllegalArgumentException e) {
      throw notAnEvent(e);
    }
    throw notAnEvent(null);
  }

  private static ObjectNode object(JsonNode node) {
    return node instanceof ObjectNode object ? object : Json.object();
  }

  private static ChoirException notAnEvent(@org.jspecify.annotations.Nullable Exception cause) {
    return ChoirException.fatal(
        "not_an_event",
        "an entry is no event in the canonical form of " + SCHEMA,
        "the log is another program's, or was written by a newer Choir",
        cause);
  }

  /** The RFC 6962 leaf hash of an entry: SHA-256 of a zero byte and the entry. */
  public static Digest hash(byte[] entry) {
    MessageDigest sha256 = Digest.sha256();
    sha256.update((byte) 0);
    sha256.update(entry);
    return Digest.finish(sha256);
  }

  /** As a reader sees it, members in the order of the canonical form. */
  public JsonNode json() {
    return Json.parse(bytes());
  }
}
