package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/** The tool {@code search_sources}: finds passages in the run's documents and issues their keys. */
final class SearchSources implements Tool {
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
    String question = Text.visible(arguments.path("question").asText(), QUESTION_MAX).strip();
    if (question.isEmpty()) {
      return ToolOutput.error("The question is empty: say what to look for.");
    }
    int limit = Math.clamp(arguments.path("limit").asInt(DEFAULT_LIMIT), 1, MAX_LIMIT);
    List<Passage> found = RunSources.of(context, library).search(question, limit);
    return found.isEmpty()
        ? ToolOutput.of("No passages found for: " + question)
        : ToolOutput.of(PassageText.of(found), found.stream().map(PassageText::evidence).toList());
  }
}
