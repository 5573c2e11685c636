package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.choir.agent.AgentDefinition.Policy;
import org.choir.agent.ToolContext;

/** The lead's stages, and its end: it is done when a report was submitted in this run. */
final class LeadPolicy implements Policy {
  static final String DRAFTS = "/workspace/drafts/";

  @Override
  public Optional<String> stageOf(String tool, ObjectNode arguments, ToolContext context) {
    return switch (tool) {
      // Ticking off what is done is no return to planning.
      case "write_todos" -> has(context, "todos") ? Optional.empty() : Optional.of("plan");
      case "search_sources", SearchChoirKb.NAME, SearchWeb.NAME -> Optional.of("search");
      case "read_source", FetchSource.NAME -> Optional.of("read");
      case "write_file", "edit_file" ->
          arguments.path("file_path").asText().startsWith(DRAFTS)
              ? Optional.of(verified(context) ? "revise" : "draft")
              : Optional.empty();
      case "verify_draft" -> Optional.of("verify");
      case "task" -> ofSubagent(arguments.path("subagent_type").asText());
      case "submit_report", "publish_to_choir", "cite_article" -> Optional.of("polish");
      default -> Optional.empty();
    };
  }

  @Override
  public Optional<String> unfinished(ToolContext context) {
    if (has(context, "report")) {
      return Optional.empty();
    }
    String missing =
        verified(context)
            ? "Correct or remove what the last verification refused, verify again, then call"
                + " submit_report with the draft's path."
            : draft(context)
                ? "The draft is not verified yet: call verify_draft with its path, then"
                    + " submit_report."
                : "Write the draft to "
                    + DRAFTS
                    + "report.md with write_file, citing only issued keys, then call verify_draft"
                    + " and submit_report. If the sources do not answer the question, write an"
                    + " empty draft and name the sub-questions as unanswered.";
    return Optional.of("You are not done: no report has been submitted. " + missing);
  }

  private static Optional<String> ofSubagent(String type) {
    return switch (type) {
      case Vibewriter.RESEARCHER -> Optional.of("search");
      case Vibewriter.VERIFIER -> Optional.of("critique");
      case Vibewriter.PUBLISHER -> Optional.of("polish");
      default -> Optional.empty();
    };
  }

  private static boolean has(ToolContext context, String kind) {
    return !context.recorded(kind).isEmpty();
  }

  /** Whether a draft was verified before this call, by the lead or by its verifier. */
  private static boolean verified(ToolContext context) {
    return context.recorded("observed").stream()
        .anyMatch(
            e -> e.path("tool").asText().equals("verify_draft") && !e.path("failed").asBoolean());
  }

  private static boolean draft(ToolContext context) {
    return context.recorded("file_changed").stream()
        .anyMatch(e -> e.path("path").asText().startsWith("drafts/"));
  }
}
