package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.model.ToolSpec;

/** A tool that looks for something in words, and answers with at most so many finds. */
abstract class SearchTool implements Tool {
  private final ToolSpec spec;
  private final Asked asked;

  /**
   * How it is asked.
   *
   * @param argument the name of the argument that holds the words
   * @param wordsMax characters that are looked at
   * @param limit finds unless told
   * @param limitMax finds at most
   */
  record Asked(String argument, int wordsMax, int limit, int limitMax) {}

  SearchTool(ToolSpec spec, Asked asked) {
    this.spec = spec;
    this.asked = asked;
  }

  @Override
  public final ToolSpec spec() {
    return spec;
  }

  @Override
  public final ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public final ToolOutput call(ToolContext context, ObjectNode arguments) {
    String words =
        Text.visible(arguments.path(asked.argument()).asText(), asked.wordsMax()).strip();
    if (words.isEmpty()) {
      return ToolOutput.error("The " + asked.argument() + " is empty: say what to look for.");
    }
    int limit = Math.clamp(arguments.path("limit").asInt(asked.limit()), 1, asked.limitMax());
    return search(context, arguments, words, limit);
  }

  /** What these words find, at most so many. */
  abstract ToolOutput search(ToolContext context, ObjectNode arguments, String words, int limit);
}
