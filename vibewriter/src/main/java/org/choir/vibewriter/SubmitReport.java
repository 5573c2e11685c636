package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.choir.agent.Tool;
import org.choir.agent.ToolContext;
import org.choir.agent.ToolOutput;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.ReplayClass;
import org.choir.core.Text;
import org.choir.knowledge.ClaimResult;
import org.choir.knowledge.Quote;
import org.choir.knowledge.Report;
import org.choir.knowledge.ReportAssembler;
import org.choir.knowledge.ReportFrame;
import org.choir.knowledge.SourceDocument;
import org.choir.knowledge.SourceLibrary;
import org.choir.model.ToolSpec;

/**
 * The tool {@code submit_report}: checks every claim of the draft once more, leaves out what does
 * not stand, numbers the citations, and writes the report and its record. What it writes depends on
 * the draft and on recorded events alone.
 */
final class SubmitReport implements Tool {
  private static final int UNANSWERED_MAX = 50;
  private static final int QUESTION_MAX = 500;

  private static final ToolSpec SPEC =
      new ToolSpec(
          "submit_report",
          "Hands in the finished draft. Every claim is checked once more; what is not supported is"
              + " left out, citations are numbered and the source list is written for you.",
          new Schema()
              .text("path", "the draft's whole path, for example /workspace/drafts/report.md")
              .optionalTexts(
                  "unanswered", UNANSWERED_MAX, "sub-questions that the sources do not answer")
              .build());

  private final SourceLibrary library;
  private final Drafts drafts;
  private final boolean languageModel;

  SubmitReport(SourceLibrary library, Drafts drafts, boolean languageModel) {
    this.library = library;
    this.drafts = drafts;
    this.languageModel = languageModel;
  }

  @Override
  public ToolSpec spec() {
    return SPEC;
  }

  /** Writes into the run's workspace alone, which is rewound before a repetition. */
  @Override
  public ReplayClass replay() {
    return ReplayClass.READ_ONLY;
  }

  @Override
  public ToolOutput call(ToolContext context, ObjectNode arguments) {
    ResearchOptions options = ResearchOptions.of(context.run());
    Depth depth = options.depth();
    if (languageModel && depth != Depth.QUICK && !critiqued(context)) {
      return ToolOutput.error(
          "A "
              + depth.word()
              + " report is criticised before it is submitted: give the draft's path to the"
              + " verifier with task, revise what it finds, then submit.");
    }
    Drafts.Checked checked = drafts.check(context, arguments);
    String question = context.run().path("question").asText();
    Report report =
        ReportAssembler.assemble(
            checked.draft(),
            checked.results(),
            new ReportFrame(
                question,
                question,
                context.run().path("model").asText(),
                languageModel,
                new ReportFrame.Targets(depth.word(), depth.sources(), depth.words()),
                notes(context, options, checked),
                unanswered(arguments)));
    write(context, Research.REPORT, report.markdown());
    write(context, Research.RECORD, report.record().text());
    ObjectNode event = event(report);
    return ToolOutput.of(summary(event), List.of(event));
  }

  /** Whether a draft was given to a verifier, who knows nothing of how it came to be. */
  private static boolean critiqued(ToolContext context) {
    return context.recorded("agent_started").stream()
        .anyMatch(e -> e.path("definition").asText().equals(Vibewriter.VERIFIER));
  }

  private static void write(ToolContext context, String path, String text) {
    context.workspace().write("/workspace/" + path, text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> unanswered(ObjectNode arguments) {
    List<String> questions = new ArrayList<>();
    for (JsonNode question : arguments.path("unanswered")) {
      String line = Text.visible(question.asText(), QUESTION_MAX).strip();
      if (!line.isEmpty() && !questions.contains(line) && questions.size() < UNANSWERED_MAX) {
        questions.add(line);
      }
    }
    return questions;
  }

  private static ObjectNode event(Report report) {
    JsonNode record = report.record().json();
    JsonNode summary = record.path("summary");
    ObjectNode event =
        Json.object()
            .put("kind", "report")
            .put("path", Research.REPORT)
            .put("record", Research.RECORD)
            .put("sha256", Digest.of(report.markdown()).hex())
            .put("recordSha256", Digest.of(report.record().text()).hex())
            .put("words", record.path("targets").path("words").path("actual").asInt());
    for (String count : List.of("sources", "claims", "supported", "partial", "dropped")) {
      event.put(count, summary.path(count).asInt());
    }
    event.set("targets", record.path("targets"));
    return event;
  }

  private static String summary(ObjectNode event) {
    JsonNode targets = event.path("targets");
    boolean reached =
        targets.path("sources").path("reached").asBoolean()
            && targets.path("words").path("reached").asBoolean();
    return "Report submitted: /workspace/"
        + event.path("path").asText()
        + " with "
        + event.path("claims").asInt()
        + " claims ("
        + event.path("supported").asInt()
        + " supported, "
        + event.path("partial").asInt()
        + " partial), "
        + event.path("dropped").asInt()
        + " removed; "
        + event.path("sources").asInt()
        + " sources, "
        + event.path("words").asInt()
        + " words; the targets are "
        + (reached ? "reached." : "not reached.");
  }

  private List<String> notes(ToolContext context, ResearchOptions options, Drafts.Checked checked) {
    List<String> notes = new ArrayList<>();
    if (options.documents() > 0 || !options.web()) {
      notes.add(
          counted(options.documents(), "document was", "documents were")
              + " searched."
              + (options.skipped() == 0
                  ? ""
                  : " "
                      + counted(options.skipped(), "file", "files")
                      + " could not be used; the run's events name each with its reason."));
    }
    if (options.web()) {
      notes.addAll(WebNotes.of(context));
    }
    if (Languages.isForeign(options.language())) {
      notes.add(
          "The question seems to be in "
              + Languages.name(options.language())
              + ". Search and verification are made for English and are weaker here: check what"
              + " matters to you.");
    }
    String foreign = foreignSources(checked);
    if (!foreign.isEmpty()) {
      notes.add(
          "Cited sources that are not in English: "
              + foreign
              + ". Search and verification are weaker there: check what matters to you.");
    }
    options.continued().ifPresent(c -> notes.add("This continues the report on: " + c.question()));
    return notes;
  }

  private String foreignSources(Drafts.Checked checked) {
    return Languages.foreign(
        checked.results().stream()
            .map(ClaimResult::quotes)
            .flatMap(List::stream)
            .map(Quote::source)
            .distinct()
            .flatMap(source -> library.document(source).stream())
            .map(SourceDocument::language));
  }

  private static String counted(int n, String one, String many) {
    return n + " " + (n == 1 ? one : many);
  }
}
