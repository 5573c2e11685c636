package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/**
 * The tool {@code read_source}: a passage whose key was issued, with its neighbours, whose keys it
 * issues.
 */
final class ReadSource implements Tool {
  private static final int KEY_MAX = 40;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "read_source",
          "Shows a passage with the one before and the one after it in its source, each with a head"
              + " line [@KEY] TITLE › SECTION.",
          new Schema().text("key", "an evidence key from a head line, without [@ and ]").build());

  private final SourceLibrary library;

  ReadSource(SourceLibrary library) {
    this.library = library;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    String key = arguments.path("key").asText().strip().replaceFirst("^\\[?@", "").replace("]", "");
    IssuedEvidence issued = IssuedEvidence.of(context, library);
    if (!issued.contains(key)) {
      return ToolOutput.error(
          "The key '"
              + Text.visible(key, KEY_MAX)
              + "' was not issued in this run. Copy a key from a head line of search_sources.");
    }
    Optional<Passage> passage = issued.passage(key);
    if (passage.isEmpty()) {
      return ToolOutput.error(
          "The source of " + key + " is no longer stored. Search again with search_sources.");
    }
    List<Passage> shown = around(RunSources.of(context, library).citable(), passage.get());
    return ToolOutput.of(PassageText.of(shown), shown.stream().map(PassageText::evidence).toList());
  }

  private List<Passage> around(List<String> sets, Passage passage) {
    for (String set : sets) {
      List<Passage> all = library.passages(set, passage.source());
      int at =
          IntStream.range(0, all.size())
              .filter(i -> all.get(i).key().equals(passage.key()))
              .findFirst()
              .orElse(-1);
      if (at >= 0) {
        return all.subList(Math.max(0, at - 1), Math.min(all.size(), at + 2));
      }
    }
    return List.of(passage);
  }
}
