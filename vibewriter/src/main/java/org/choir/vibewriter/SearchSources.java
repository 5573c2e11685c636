package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/** The tool {@code search_sources}: finds passages in the run's documents and issues their keys. */
final class SearchSources extends SearchTool {
  private static final int DEFAULT_LIMIT = 8;
  private static final int MAX_LIMIT = 20;
  private static final int QUESTION_MAX = 2_000;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "search_sources",
          "Finds the passages of the stored sources that best answer a question. Each comes with a"
              + " head line [@KEY] TITLE › SECTION; cite it as [@KEY]. A full question finds more"
              + " than a single word.",
          new Schema()
              .text("question", "what to look for, in the words of the sources")
              .optionalInteger("limit", 1, MAX_LIMIT, "passages at most, 8 unless told")
              .build());

  private final SourceLibrary library;

  SearchSources(SourceLibrary library) {
    super(SPEC, new Asked("question", QUESTION_MAX, DEFAULT_LIMIT, MAX_LIMIT));
    this.library = library;
  }

  @Override
  ToolOutput search(ToolContext context, ObjectNode arguments, String question, int limit) {
    List<Passage> found = RunSources.of(context, library).search(question, limit);
    return found.isEmpty()
        ? ToolOutput.of("No passages found for: " + question)
        : ToolOutput.of(PassageText.of(found), found.stream().map(PassageText::evidence).toList());
  }
}
