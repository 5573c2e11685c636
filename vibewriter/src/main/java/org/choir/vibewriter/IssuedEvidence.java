package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.choir.agent.ToolContext;
import org.choir.knowledge.Citation;
import org.choir.knowledge.Evidence;
import org.choir.knowledge.EvidenceBook;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;

/**
 * The evidence keys that were issued to a run: shown by a tool to any of its agents, or taken over
 * from the run that it continues. Any other key is fabricated, even if the library knows a passage
 * under it.
 */
final class IssuedEvidence implements EvidenceBook {
  private final Set<String> keys = new TreeSet<>();
  private final SourceLibrary library;
  private final List<String> sets;

  private IssuedEvidence(SourceLibrary library, List<String> sets) {
    this.library = library;
    this.sets = sets;
  }

  static IssuedEvidence of(ToolContext context, SourceLibrary library) {
    ResearchOptions options = ResearchOptions.of(context.run());
    IssuedEvidence issued = new IssuedEvidence(library, RunSources.of(context, library).citable());
    options.continued().ifPresent(c -> c.evidence().forEach(issued::add));
    context.recorded("evidence").forEach(issued::add);
    return issued;
  }

  private void add(ObjectNode event) {
    keys.add(event.path("key").asText());
  }

  boolean contains(String key) {
    return keys.contains(key);
  }

  /** The passage under an issued key; empty if the key was not issued or its source is gone. */
  Optional<Passage> passage(String key) {
    if (!contains(key)) {
      return Optional.empty();
    }
    return sets.stream().flatMap(set -> library.passage(set, key).stream()).findFirst();
  }

  @Override
  public Entry find(Citation citation) {
    if (citation.kind() != Citation.Kind.KEY || !contains(citation.target())) {
      return new Entry.Unknown();
    }
    Optional<Passage> passage = passage(citation.target());
    return passage.isPresent()
        ? new Entry.Found(Evidence.of(passage.get()))
        : new Entry.Unreachable("the source of this key is no longer stored");
  }
}
