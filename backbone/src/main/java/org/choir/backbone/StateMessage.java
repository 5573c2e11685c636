package org.choir.backbone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.jspecify.annotations.Nullable;

/** How one boundary is written as a message of the state stream, and read back. */
final class StateMessage {
  static final String ID = "Nats-Msg-Id";
  static final String EXPECTED = "Nats-Expected-Last-Subject-Sequence";
  static final String EXPECTED_STREAM = "Nats-Expected-Stream";
  static final String SCHEMA = "Choir-Schema";
  static final String PREVIOUS = "Choir-Prev-Hash";
  static final String EVENT_TYPE = "Choir-Event-Type";

  /** Larger plaintexts go to the object store: the contract's 64 KiB. */
  static final int PLAIN_BYTES_MAX = 64 << 10;

  private static final int EVENT_TYPE_CHARS_MAX = 200;
  private static final Pattern MESSAGE_ID =
      Pattern.compile("([a-z0-9-]{1,40}):(\\d{1,18}):(\\d{1,18})");
  private static final Pattern KIND = Pattern.compile("[a-z_]{1,40}");

  private final DataKeys keys;
  private final Blobs blobs;

  StateMessage(DataKeys keys, Blobs blobs) {
    this.keys = keys;
    this.blobs = blobs;
  }

  /**
   * A message on its way, and what it says.
   *
   * @param plain the exact bytes that the hash covers
   */
  record Draft(
      TenantId tenant,
      AgentId agent,
      long epoch,
      long n,
      Instant at,
      byte[] plain,
      @Nullable Digest previous,
      String id,
      NatsMessage message) {

    StateEntry stored(long sequence) {
      return new StateEntry(
          sequence,
          tenant,
          agent,
          epoch,
          n,
          at,
          events(Json.parse(plain)),
          StateStream.hash(previous, plain));
    }
  }

  /**
   * An entry, and the hash that its writer says it follows.
   *
   * @param id the message id
   */
  record Read(StateEntry entry, String id, @Nullable Digest previous) {}

  static String subject(AgentId agent) {
    return NatsConfiguration.STATE_PREFIX + agent;
  }

  /** Where the events of a large boundary lie; no agent is called "events". */
  static String spillFolder(AgentId agent) {
    return "events/" + agent + "/";
  }

  Draft draft(
      TenantId tenant,
      AgentId agent,
      long epoch,
      @Nullable StateEntry after,
      List<ObjectNode> events,
      Instant at) {
    ArrayNode array = Json.array();
    array.addAll(events);
    byte[] plain = Json.write(array).getBytes(StandardCharsets.UTF_8);
    long n = after == null ? 1 : after.n() + 1;
    Digest previous = after == null ? null : after.hash();
    String id = agent + ":" + epoch + ":" + n;
    Envelope envelope =
        Envelope.seal(keys, tenant, subject(agent), id, at, "step", inline(tenant, agent, plain));
    Headers headers = new Headers();
    headers.put(ID, id);
    headers.put(EXPECTED_STREAM, NatsConfiguration.STATE);
    headers.put(EXPECTED, Long.toString(after == null ? 0 : after.sequence()));
    headers.put(SCHEMA, Integer.toString(Envelope.SCHEMA));
    headers.put(PREVIOUS, previous == null ? "" : previous.hex());
    headers.put(EVENT_TYPE, kinds(events));
    NatsMessage message =
        NatsMessage.builder()
            .subject(subject(agent))
            .headers(headers)
            .data(envelope.bytes())
            .build();
    return new Draft(tenant, agent, epoch, n, at, plain, previous, id, message);
  }

  private byte[] inline(TenantId tenant, AgentId agent, byte[] plain) {
    if (plain.length <= PLAIN_BYTES_MAX) {
      return plain;
    }
    Digest digest = Digest.of(plain);
    blobs.put(tenant, spillFolder(agent) + digest, plain);
    ObjectNode reference = Json.object();
    reference.putObject("stored").put("digest", digest.hex()).put("size", plain.length);
    return Json.write(reference).getBytes(StandardCharsets.UTF_8);
  }

  private static String kinds(List<ObjectNode> events) {
    TreeSet<String> kinds = new TreeSet<>();
    for (ObjectNode event : events) {
      String kind = event.path("kind").asText();
      kinds.add(KIND.matcher(kind).matches() ? kind : "other");
    }
    String joined = String.join(",", kinds);
    return joined.substring(0, Math.min(joined.length(), EVENT_TYPE_CHARS_MAX));
  }

  /**
   * Reads a stored message.
   *
   * @throws ChoirException {@code history_damaged} if it is not what was written, {@code
   *     newer_schema}, {@code unknown_key}
   */
  Read read(long sequence, String subject, @Nullable Headers headers, byte[] body) {
    AgentId agent;
    try {
      agent = new AgentId(subject.substring(NatsConfiguration.STATE_PREFIX.length()));
    } catch (ChoirException | StringIndexOutOfBoundsException e) {
      throw ChoirException.fatal(
          "history_damaged",
          "event " + sequence + " is under the subject " + subject + ", which names no agent",
          "restore a backup: choir restore FILE",
          e);
    }
    try {
      return read(sequence, agent, headers == null ? new Headers() : headers, body);
    } catch (IllegalArgumentException e) {
      throw History.damaged(agent, sequence, "a header has been changed", e);
    } catch (ChoirException e) {
      throw switch (e.code()) {
        case "not_authentic", "bad_envelope", "bad_json", "file_damaged" ->
            History.damaged(agent, sequence, e.failure().message(), e);
        default -> e;
      };
    }
  }

  private Read read(long sequence, AgentId agent, Headers headers, byte[] body) {
    Envelope.requireKnown(Integer.parseInt(header(headers, SCHEMA)));
    String id = header(headers, ID);
    Matcher parts = MESSAGE_ID.matcher(id);
    Envelope envelope = Envelope.parse(body);
    if (!parts.matches() || !parts.group(1).equals(agent.value()) || !envelope.id().equals(id)) {
      throw History.damaged(agent, sequence, "its message id is " + id, null);
    }
    byte[] plain = envelope.open(keys, subject(agent));
    JsonNode content = Json.parse(plain);
    if (content.isObject()) {
      plain = spilled(sequence, agent, envelope.tenant(), content.path("stored"));
      content = Json.parse(plain);
    }
    String before = header(headers, PREVIOUS);
    Digest previous = before.isEmpty() ? null : new Digest(before);
    StateEntry entry =
        new StateEntry(
            sequence,
            envelope.tenant(),
            agent,
            Long.parseLong(parts.group(2)),
            Long.parseLong(parts.group(3)),
            envelope.at(),
            events(content),
            StateStream.hash(previous, plain));
    return new Read(entry, id, previous);
  }

  private byte[] spilled(long sequence, AgentId agent, TenantId tenant, JsonNode reference) {
    Digest digest = new Digest(reference.path("digest").asText());
    byte[] plain =
        blobs
            .get(tenant, spillFolder(agent) + digest)
            .orElseThrow(
                () ->
                    History.damaged(
                        agent, sequence, "its events are no longer in the object store", null));
    if (!Digest.of(plain).equals(digest)) {
      throw History.damaged(agent, sequence, "its events in the object store are others", null);
    }
    return plain;
  }

  private static String header(Headers headers, String name) {
    String value = headers.getFirst(name);
    if (value == null) {
      throw new IllegalArgumentException("the header " + name + " is missing");
    }
    return value;
  }

  private static List<ObjectNode> events(JsonNode content) {
    List<ObjectNode> events = new ArrayList<>();
    for (JsonNode event : content) {
      if (!(event instanceof ObjectNode object)) {
        throw new IllegalArgumentException("an event is an object");
      }
      events.add(object);
    }
    return List.copyOf(events);
  }
}
