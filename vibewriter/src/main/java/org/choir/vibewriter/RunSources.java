package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.choir.agent.ToolContext;
import org.choir.core.Digest;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;

/**
 * What a run may search and cite: the documents it was started with, the pages that were fetched
 * for it, and what the run before it had.
 *
 * @param searched ids of sets, the run's own first
 * @param citable those, and the sets of earlier runs
 */
record RunSources(SourceLibrary library, List<String> searched, List<String> citable) {

  static RunSources of(ToolContext context, SourceLibrary library) {
    ResearchOptions options = ResearchOptions.of(context.run());
    Map<Digest, String> pages = new TreeMap<>(Comparator.comparing(Digest::hex));
    options
        .continued()
        .ifPresent(
            c ->
                c.evidence().stream()
                    .filter(e -> isWeb(e.path("location").asText()))
                    .forEach(e -> add(pages, e)));
    List<ObjectNode> fetched = context.recorded(GuestFetch.FETCHED);
    fetched.forEach(e -> add(pages, e));
    Set<String> searched = new LinkedHashSet<>();
    if (!options.setId().isEmpty()) {
      searched.add(options.setId());
    }
    // Runs begun by an earlier version recorded a set for each page.
    fetched.stream().filter(e -> e.has("set")).forEach(e -> searched.add(e.path("set").asText()));
    if (!pages.isEmpty()) {
      searched.add(library.gather(context.agent().run().value(), pages));
    }
    Set<String> citable = new LinkedHashSet<>(searched);
    citable.addAll(options.sets());
    return new RunSources(library, List.copyOf(searched), List.copyOf(citable));
  }

  private static boolean isWeb(String location) {
    return location.startsWith("http://") || location.startsWith("https://");
  }

  /** One address per page, the same however the agents' records interleave. */
  private static void add(Map<Digest, String> pages, ObjectNode event) {
    String source = event.path("source").asText();
    String location = event.path("location").asText();
    if (source.matches("[0-9a-f]{64}") && isWeb(location)) {
      pages.merge(
          new Digest(source), location, (one, other) -> one.compareTo(other) <= 0 ? one : other);
    }
  }

  /** The best passages of all of them. */
  List<Passage> search(String question, int limit) {
    if (searched.size() == 1) {
      return library.search(searched.getFirst(), question, limit);
    }
    Map<String, Passage> byKey = new LinkedHashMap<>();
    List<Passage> all = new ArrayList<>();
    for (String set : searched) {
      all.addAll(library.search(set, question, limit));
    }
    all.stream()
        .sorted(Comparator.comparingDouble(Passage::score).reversed().thenComparing(Passage::key))
        .forEach(p -> byKey.putIfAbsent(p.key(), p));
    return byKey.values().stream().limit(limit).toList();
  }
}
