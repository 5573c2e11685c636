package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.keys.PrivateFiles;

/**
 * What a chain must remember of its events to write the next one: how far each agent's history is
 * recorded, which payloads were erased, which rules the gate last had. A fold over the leaves; the
 * file is only a cache of it. Not thread-safe.
 */
final class EventIndex {
  private static final int SCHEMA = 1;

  /** How far an agent's history is recorded: entry {@code n}, its event {@code i}. */
  record Head(long n, long i) {
    boolean covers(Head other) {
      return n > other.n || (n == other.n && i >= other.i);
    }
  }

  private final Map<String, Head> heads = new HashMap<>();
  private final Set<String> erased = new HashSet<>();
  private final Set<String> erasedRuns = new HashSet<>();
  private String gate = "";
  private long size;

  /** The agent of an event's id, empty if it has none. */
  static String agent(String id) {
    int colon = id.indexOf(':');
    return colon < 0 ? "" : id.substring(0, colon);
  }

  /** The place of an event's id; empty if it is not of the form of an agent's event. */
  static Optional<Head> head(String id) {
    String[] parts = id.split(":", -1);
    return parts.length == 4 && (parts[2] + parts[3]).matches("[0-9]{2,18}")
        ? Optional.of(new Head(Long.parseLong(parts[2]), Long.parseLong(parts[3])))
        : Optional.empty();
  }

  /** Adds the leaf at {@link #size}. */
  void apply(Leaf leaf) {
    size = leaf.seq() + 1;
    head(leaf.id()).ifPresent(head -> heads.put(agent(leaf.id()), head));
    switch (leaf.kind()) {
      case "payload.erased" -> {
        JsonNode run = leaf.data().path("run");
        if (leaf.data().path("payloads").asLong() == 1 && !run.isTextual()) {
          erased.add(leaf.subject());
        } else {
          erasedRuns.add(run.asText());
        }
      }
      case "gate.configured" -> gate = leaf.digests().path("configuration").asText();
      default -> {}
    }
  }

  Map<String, Head> heads() {
    return heads;
  }

  /** Whether the chain says that this event's payload was erased. */
  boolean isErased(Leaf leaf) {
    return erased.contains(leaf.payload()) || erasedRuns.contains(leaf.intent());
  }

  /** The digest of the gate's rules that were last recorded; empty if none were. */
  String gate() {
    return gate;
  }

  /** How many leaves it has seen. */
  long size() {
    return size;
  }

  void write(Path file) throws IOException {
    ObjectNode out = Json.object().put("schema", SCHEMA).put("size", size).put("gate", gate);
    ObjectNode all = out.putObject("heads");
    heads.forEach((agent, head) -> all.putArray(agent).add(head.n()).add(head.i()));
    erased.forEach(out.putArray("erased")::add);
    erasedRuns.forEach(out.putArray("erasedRuns")::add);
    PrivateFiles.write(file, Json.write(out).getBytes(StandardCharsets.UTF_8));
  }

  /** The index in this file; an empty one if there is none that can be used. */
  static EventIndex read(Path file, long logSize) {
    EventIndex index = new EventIndex();
    try {
      if (!Files.exists(file)) {
        return index;
      }
      JsonNode json = Json.parse(Files.readAllBytes(file));
      if (json.path("schema").asInt() != SCHEMA || json.path("size").asLong() > logSize) {
        return index;
      }
      json.path("heads")
          .properties()
          .forEach(
              e ->
                  index.heads.put(
                      e.getKey(),
                      new Head(e.getValue().path(0).asLong(), e.getValue().path(1).asLong())));
      json.path("erased").forEach(e -> index.erased.add(e.asText()));
      json.path("erasedRuns").forEach(e -> index.erasedRuns.add(e.asText()));
      index.gate = json.path("gate").asText();
      index.size = json.path("size").asLong();
      return index;
    } catch (IOException | ChoirException e) {
      return new EventIndex(); // a cache: it is made anew from the leaves
    }
  }
}
