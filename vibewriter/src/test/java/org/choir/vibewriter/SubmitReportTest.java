package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.agent.ToolOutput;
import org.choir.core.Json;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Passage;
import org.choir.knowledge.RecordCheck;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.knowledge.VerificationRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SubmitReportTest {
  private static final String PATH = "/workspace/drafts/report.md";

  @TempDir Path folder;
  private SourceLibrary library;
  private SourceSet set;
  private SubmitReport submit;

  @BeforeEach
  void readSources() throws IOException {
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(
        docs.resolve("log.md"),
        "# The log\n\nThe log writer flushes the log every 200 milliseconds. A commit waits for its"
            + " own flush.\n");
    Files.writeString(
        docs.resolve("protokoll.txt"),
        "Das Protokoll wird alle 300 Sekunden auf die Platte geschrieben, und der Server wartet"
            + " dabei nicht auf die anderen Prozesse, die mit der Datenbank verbunden sind. Das ist"
            + " auch nach einem Absturz von Nutzen, weil es noch einmal gelesen werden kann.\n");
    Files.write(docs.resolve("empty.md"), new byte[0]);
    library = SourceLibrary.open(folder.resolve("library"), new WordEmbedder());
    set = library.read(List.of(docs), (done, total) -> {});
    submit = new SubmitReport(library, new Drafts(library, ClaimVerifier.byRules()), false);
  }

  @AfterEach
  void close() {
    library.close();
  }

  private Passage passage(String words) {
    return set.documents().stream()
        .flatMap(d -> library.passages(set.id(), d.id()).stream())
        .filter(p -> p.text().contains(words))
        .findFirst()
        .orElseThrow();
  }

  private RecordedContext run(String question, String draft, Passage... issued) {
    return run(Depth.QUICK, question, draft, issued);
  }

  private RecordedContext run(Depth depth, String question, String draft, Passage... issued) {
    ResearchOptions options =
        new ResearchOptions(
            depth,
            List.of(folder),
            set.id(),
            set.documents().size(),
            set.skipped().size(),
            Languages.ofQuestion(question),
            Optional.empty());
    RecordedContext run = new RecordedContext(question, "extractive", options);
    for (Passage passage : issued) {
      run.record(PassageText.evidence(passage));
    }
    return run.file(PATH, draft);
  }

  private ToolOutput submitted(RecordedContext run, String... unanswered) {
    ObjectNode arguments = Json.object().put("path", PATH);
    List.of(unanswered).forEach(arguments.putArray("unanswered")::add);
    return submit.call(run, arguments);
  }

  private SubmittedReport report(RecordedContext run) {
    return new SubmittedReport(
        run.read("/workspace/" + Research.REPORT, 0, Long.MAX_VALUE),
        run.read("/workspace/" + Research.RECORD, 0, Long.MAX_VALUE));
  }

  @Test
  void aLanguageModelsLongerReportIsCriticisedBeforeItIsSubmitted() {
    Passage flush = passage("200 milliseconds");
    String draft = "The log writer flushes the log every 200 milliseconds [@" + flush.key() + "].";
    submit = new SubmitReport(library, new Drafts(library, ClaimVerifier.byRules()), true);
    assertThat(submitted(run("How often is the log flushed?", draft, flush)).failed()).isFalse();
    RecordedContext run = run(Depth.STANDARD, "How often is the log flushed?", draft, flush);
    assertThat(submitted(run).text()).contains("criticised before it is submitted");
    assertThat(run.files).doesNotContainKey("/workspace/" + Research.REPORT);
    run.record(
        Json.object()
            .put("kind", "agent_started")
            .put("agent", "rtest000-4")
            .put("definition", "verifier"));
    assertThat(submitted(run).failed()).isFalse();
  }

  @Test
  void writesAReportOfWhatStandsAndARecordThatHolds() {
    Passage flush = passage("200 milliseconds");
    String draft =
        """
        ## Flushing

        The log writer flushes the log every 200 milliseconds [@%s]. \
        It flushes the log every 900 milliseconds [@%s]. \
        Wizards keep the log [@sdeadbeef00]. Nobody cites this sentence.
        """
            .formatted(flush.key(), flush.key());
    RecordedContext run = run("How often is the log flushed?", draft, flush);
    ToolOutput output = submitted(run, "Who keeps it?", "Who keeps it?", " ");
    assertThat(output.text())
        .isEqualTo(
            "Report submitted: /workspace/reports/report.md with 1 claims (1 supported, 0 partial),"
                + " 3 removed; 1 sources, 9 words; the targets are not reached.");
    SubmittedReport report = report(run);
    assertThat(report.markdown())
        .startsWith("# How often is the log flushed?\n")
        .contains("## Flushing\n\nThe log writer flushes the log every 200 milliseconds. [1]\n")
        .contains("- Who keeps it?\n")
        .contains("No language model was used")
        .contains("1 of 2 sources, 9 of 500 words; the targets are not reached.")
        .contains("1 file could not be used")
        .doesNotContain("Wizards")
        .doesNotContain("900")
        .doesNotContain("Nobody cites");
    assertThat(report.record().path("dropped").findValuesAsText("verdict"))
        .containsExactly("contradicted", "fabricated", "unsupported");
    assertThat(
            RecordCheck.check(
                report.markdown(),
                VerificationRecord.parse(run.text("/workspace/" + Research.RECORD)),
                library::text))
        .isEmpty();
    assertThat(report.citation(1))
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.quote())
                  .startsWith("The log writer flushes the log every 200 milliseconds");
              assertThat(c.link()).contains("log.md");
              assertThat(c.key()).isEqualTo(flush.key());
            });
    ObjectNode event = output.events().getFirst();
    assertThat(event.path("kind").asText()).isEqualTo("report");
    assertThat(event.path("sha256").asText()).isEqualTo(report.digest().hex());
    assertThat(event.path("targets").path("words").path("reached").asBoolean()).isFalse();
  }

  @Test
  void givesTheSameBytesForTheSameEvents() {
    Passage flush = passage("200 milliseconds");
    String draft =
        "The log writer flushes the log every 200 milliseconds [@" + flush.key() + "].\n";
    RecordedContext one = run("How often?", draft, flush);
    RecordedContext other = run("How often?", draft, flush);
    submitted(one);
    submitted(other);
    assertThat(one.files).hasSameSizeAs(other.files);
    for (Map.Entry<String, byte[]> file : one.files.entrySet()) {
      assertThat(other.files.get(file.getKey())).as(file.getKey()).isEqualTo(file.getValue());
    }
  }

  @Test
  void saysWhenTheQuestionOrACitedSourceIsNotInEnglish() {
    Passage german = passage("300 Sekunden");
    RecordedContext run =
        run(
            "Wie oft wird das Protokoll auf die Platte geschrieben?",
            "Das Protokoll wird alle 300 Sekunden auf die Platte geschrieben [@"
                + german.key()
                + "].\n",
            german);
    submitted(run);
    assertThat(report(run).markdown())
        .contains("The question seems to be in German.")
        .contains("Cited sources that are not in English: German 1.");
  }

  @Test
  void submitsAnEmptyDraftAsAQuestionThatTheSourcesDoNotAnswer() {
    RecordedContext run = run("What do unicorns eat?", "");
    ToolOutput output = submitted(run, "What do unicorns eat?");
    assertThat(output.failed()).isFalse();
    assertThat(report(run).markdown()).contains("No statement of the draft is supported");
    assertThat(report(run).claims()).isEmpty();
    assertThat(report(run).html()).doesNotContain("class=\"evidence\"");
  }
}
