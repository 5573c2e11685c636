package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.core.Json;

/**
 * The connections out of a run's VM since its lead last recorded them: equal ones are one line with
 * a count, and beyond a number of lines only the count goes on, so that no flood of dials becomes a
 * flood of history. Each one alone is in the audit chain. For one thread at a time.
 */
final class DialTally {
  private static final int LINES_MAX = 50;

  private static final List<String> SAME =
      List.of("agent", "host", "port", "address", "verdict", "reason");

  private final Map<ObjectNode, ObjectNode> lines = new LinkedHashMap<>();
  private int more;

  /**
   * @param dial {@code agent host port address verdict reason sent received}
   */
  void add(ObjectNode dial) {
    ObjectNode key = Json.object();
    SAME.forEach(field -> key.set(field, dial.path(field)));
    ObjectNode line = lines.get(key);
    if (line == null && lines.size() == LINES_MAX) {
      more++;
      return;
    }
    if (line == null) {
      lines.put(key, dial.deepCopy().put("count", 1));
      return;
    }
    line.put("count", line.path("count").asInt() + 1);
    for (String bytes : List.of("sent", "received")) {
      line.put(bytes, line.path(bytes).asLong() + dial.path(bytes).asLong());
    }
  }

  /** The event of kind {@code egress}, if there was anything; begins anew. */
  Optional<ObjectNode> take() {
    if (lines.isEmpty()) {
      return Optional.empty();
    }
    ObjectNode event = Events.of("egress");
    lines.values().forEach(event.putArray("dials")::add);
    event.put("more", more);
    lines.clear();
    more = 0;
    return Optional.of(event);
  }
}
