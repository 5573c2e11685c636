package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Json;

/**
 * The registry of all kinds of events, {@code kinds.json}: every version that was ever written
 * stays, the newest is written. Kinds of rooms that are not built yet stand in it already.
 */
public final class Kinds {
  private static final Kinds SHIPPED = of(resource("kinds.json"));

  private final Map<String, EventKind> byId;
  private final Map<String, EventKind> newest;

  private Kinds(Map<String, EventKind> byId, Map<String, EventKind> newest) {
    this.byId = byId;
    this.newest = newest;
  }

  /** What this program knows. */
  public static Kinds shipped() {
    return SHIPPED;
  }

  static Kinds of(JsonNode registry) {
    Map<String, EventKind> byId = new LinkedHashMap<>();
    Map<String, EventKind> newest = new LinkedHashMap<>();
    for (JsonNode each : registry.path("kinds")) {
      EventKind kind = EventKind.of(each);
      if (byId.put(kind.id(), kind) != null) {
        throw new IllegalArgumentException(kind.id() + " is registered twice");
      }
      newest.merge(kind.name(), kind, (a, b) -> a.version() > b.version() ? a : b);
    }
    return new Kinds(byId, newest);
  }

  /**
   * The version of a kind that is written.
   *
   * @throws EventRefusedException if there is no such kind
   */
  EventKind toWrite(String name) {
    EventKind kind = newest.get(name);
    if (kind == null) {
      throw new EventRefusedException(name, "there is no such kind");
    }
    return kind;
  }

  /** The kind a leaf was written as; empty if this program does not know it. */
  public Optional<EventKind> find(String name, int version) {
    return Optional.ofNullable(byId.get(name + "@" + version));
  }

  /** All versions of all kinds, in the order of the registry. */
  public List<EventKind> all() {
    return new ArrayList<>(byId.values());
  }

  static JsonNode resource(String name) {
    try (InputStream in = Kinds.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the program lacks its resource " + name);
      }
      return Json.parse(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
