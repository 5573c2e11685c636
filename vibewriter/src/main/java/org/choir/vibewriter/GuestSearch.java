package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.Passage;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/**
 * The guest call {@code kb.search}: what {@code search_sources} finds, for a program in the run's
 * VM. The keys it shows are issued to the run like the tool's.
 */
final class GuestSearch implements Tool {
  private static final int DEFAULT_LIMIT = 8;
  private static final int MAX_LIMIT = 20;
  private static final int QUERY_MAX = 2_000;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "kb.search",
          "Finds passages of the run's sources.",
          new Schema()
              .text("query", "what to look for")
              .optionalInteger("limit", 1, MAX_LIMIT, "passages at most, 8 unless told")
              .build());

  private final SourceLibrary library;

  GuestSearch(SourceLibrary library) {
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
    String query = Text.visible(arguments.path("query").asText(), QUERY_MAX).strip();
    List<Passage> found =
        query.isEmpty()
            ? List.of()
            : RunSources.of(context, library)
                .search(query, arguments.path("limit").asInt(DEFAULT_LIMIT));
    ObjectNode answer =
        Json.object()
            .put(
                "text", found.isEmpty() ? "No passages found for: " + query : PassageText.of(found))
            .put("failed", false);
    ArrayNode passages = answer.putArray("passages");
    for (Passage passage : found) {
      passages
          .addObject()
          .put("key", passage.key())
          .put("title", passage.title())
          .put("section", passage.section())
          .put("locator", passage.locator())
          .put("text", passage.text());
    }
    return ToolOutput.of(Json.write(answer), found.stream().map(PassageText::evidence).toList());
  }
}
