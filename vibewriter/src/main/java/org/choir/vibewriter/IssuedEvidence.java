package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.choir.agent.ToolContext;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;

/**
 * The evidence keys that were issued to a run: shown by a tool to any of its agents, or taken over
 * from the run that it continues. Any other key is fabricated, even if the library knows a passage
 * under it.
 */
final class IssuedEvidence {
  private final Map<String, JsonNode> byKey = new TreeMap<>();
  private final SourceLibrary library;
  private final ResearchOptions options;

  private IssuedEvidence(SourceLibrary library, ResearchOptions options) {
    this.library = library;
    this.options = options;
  }

  static IssuedEvidence of(ToolContext context, SourceLibrary library) {
    ResearchOptions options = ResearchOptions.of(context.run());
    IssuedEvidence issued = new IssuedEvidence(library, options);
    options.continued().ifPresent(c -> c.evidence().forEach(issued::add));
    context.recorded("evidence").forEach(issued::add);
    return issued;
  }

  private void add(ObjectNode event) {
    byKey.putIfAbsent(event.path("key").asText(), event);
  }

  boolean contains(String key) {
    return byKey.containsKey(key);
  }

  /** The passage under an issued key; empty if the key was not issued or its source is gone. */
  Optional<Passage> passage(String key) {
    if (!contains(key)) {
      return Optional.empty();
    }
    return options.sets().stream().flatMap(set -> library.passage(set, key).stream()).findFirst();
  }
}
