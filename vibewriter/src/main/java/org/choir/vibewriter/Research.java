package org.choir.vibewriter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.agent.AgentDefinition;
import org.choir.agent.Limits;
import org.choir.backbone.FileStore;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.model.ModelClient;
import org.jspecify.annotations.Nullable;

/** Research runs as a server starts them and fetches their results. Thread-safe. */
public final class Research {
  /** Where a submitted report lies, below {@code /workspace}. */
  public static final String REPORT = "reports/report.md";

  /** Where its verification record lies, below {@code /workspace}. */
  public static final String RECORD = "reports/report.verification.json";

  private static final int QUESTION_MAX = 10_000;

  private final SourceLibrary library;
  private final KnowledgeAccess knowledge;
  private final WalletAccess wallet;
  private final Web web;

  /** Research on a server where nobody has a wallet. */
  public Research(SourceLibrary library, KnowledgeAccess knowledge, Web web) {
    this(library, knowledge, WalletAccess.NONE, web);
  }

  /**
   * Research over one library and one knowledge base.
   *
   * @param library not closed by this object
   * @param wallet what runs may do with their users' money
   * @param web what runs with {@code --web} may ask
   */
  public Research(SourceLibrary library, KnowledgeAccess knowledge, WalletAccess wallet, Web web) {
    this.library = library;
    this.knowledge = knowledge;
    this.wallet = wallet;
    this.web = web;
  }

  /** The agent that does research on this machine alone. */
  public AgentDefinition definition(ModelClient model) {
    return Vibewriter.definition(
        library, knowledge, WalletAccess.NONE, TenantId.LOCAL, model, List.of());
  }

  /**
   * The agent that does the research.
   *
   * @param model the run's model; if it is a language model it is also asked for a second opinion
   *     on claims that the rules leave open
   * @param runStarted the run's first event: only a run with {@code --web} has tools for the web
   */
  public AgentDefinition definition(ModelClient model, ObjectNode runStarted) {
    return Vibewriter.definition(
        library,
        knowledge,
        wallet,
        new TenantId(runStarted.path("tenant").asText(TenantId.LOCAL.value())),
        model,
        ResearchOptions.of(runStarted).web()
            ? List.of(new SearchWeb(web), new FetchSource(library, web))
            : List.of());
  }

  /** As below, for a run that stays on this machine. */
  public ObjectNode options(
      String question,
      Depth depth,
      List<Path> sources,
      SourceSet set,
      @Nullable Continuation continued) {
    return options(question, depth, sources, Optional.of(set), false, continued);
  }

  /**
   * The options to record in {@code run_started}; they hold the {@code opening}, which is the
   * agent's first message.
   *
   * @param sources what the person named, absolute
   * @param set what was read from it; empty if only the web is searched
   * @param withWeb whether the run may search the web
   * @param continued what is taken over from an earlier run
   * @throws ChoirException {@code empty_question}, {@code question_too_long}
   */
  public ObjectNode options(
      String question,
      Depth depth,
      List<Path> sources,
      Optional<SourceSet> set,
      boolean withWeb,
      @Nullable Continuation continued) {
    if (question.isBlank()) {
      throw ChoirException.usage(
          "empty_question", "the question is empty", "write what you want to know, in quotes");
    }
    if (question.length() > QUESTION_MAX) {
      throw ChoirException.usage(
          "question_too_long",
          "the question has "
              + question.length()
              + " characters, at most "
              + QUESTION_MAX
              + " are read",
          "ask in fewer words and put the material into a file under --sources");
    }
    return new ResearchOptions(
            depth,
            sources,
            set.map(SourceSet::id).orElse(""),
            set.map(s -> s.documents().size()).orElse(0),
            set.map(s -> s.skipped().size()).orElse(0),
            withWeb,
            Languages.ofQuestion(question),
            knowledge.hasArticles(),
            Optional.ofNullable(continued))
        .toJson(question);
  }

  /** What a run of this depth may use unless it is told otherwise. */
  public Limits defaultLimits(Depth depth) {
    return depth.limits();
  }

  /** The events that tell of files which could not be used, in the set's order. */
  public List<ObjectNode> skipped(SourceSet set) {
    return set.skipped().stream()
        .map(
            s ->
                Json.object()
                    .put("kind", "source_skipped")
                    .put("location", s.location())
                    .put("code", s.code())
                    .put("reason", s.reason()))
        .toList();
  }

  /** The submitted report of a run with its record; empty if there is none (yet). */
  public Optional<SubmittedReport> report(FileStore files, TenantId tenant, RunId run) {
    Optional<byte[]> markdown = files.get(tenant, run.lead(), REPORT);
    Optional<byte[]> record = files.get(tenant, run.lead(), RECORD);
    return markdown.isPresent() && record.isPresent()
        ? Optional.of(new SubmittedReport(markdown.get(), record.get()))
        : Optional.empty();
  }
}
