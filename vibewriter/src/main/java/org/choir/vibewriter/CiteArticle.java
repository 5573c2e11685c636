package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ChoirException;
import org.choir.core.ReplayClass;
import org.choir.knowledge.CitationWeights;
import org.choir.model.ToolSpec;

/**
 * The tool {@code cite_article}: cites an article from one of the run's user, with a claim that is
 * checked against the cited text. A pair of articles has one citation, so a repetition changes
 * nothing.
 */
final class CiteArticle implements Tool {
  private static final ToolSpec SPEC =
      new ToolSpec(
          "cite_article",
          "Cites an article of the knowledge base from an article of this run's user. What is said"
              + " with it is checked against the cited text and counts only if that supports it."
              + " Reports cite by themselves: use it for articles alone.",
          new Schema()
              .text("from", "the id of the citing article, for example a0123456789ab")
              .text("to", "the id of the cited article")
              .text("claim", "the sentence that the cited article supports, whole")
              .build());

  private final KnowledgeAccess knowledge;

  CiteArticle(KnowledgeAccess knowledge) {
    this.knowledge = knowledge;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  @Override
  public ReplayClass replay() {
    return ReplayClass.KEYED;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    String from = arguments.path("from").asText();
    String to = arguments.path("to").asText();
    try {
      CitationWeights.Weighed made =
          knowledge
              .base()
              .cite(context.tenant().value(), from, to, arguments.path("claim").asText());
      return ToolOutput.of(
          from
              + " cites "
              + to
              + " ("
              + made.citation().id()
              + "), weight "
              + made.weight()
              + (made.reason().isEmpty() ? "" : ": " + made.reason()));
    } catch (ChoirException e) {
      if (e.code().equals("already_cited")) {
        return ToolOutput.of(e.failure().message() + ".");
      }
      throw e;
    }
  }
}
