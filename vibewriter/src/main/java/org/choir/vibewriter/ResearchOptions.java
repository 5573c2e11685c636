package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.choir.core.Json;
import org.choir.core.Text;

/**
 * What a research run was asked for, as recorded in its {@code run_started}: everything that its
 * tools and its report depend on, so that a resumed run needs nothing else.
 *
 * @param sources the folders and files the person named, absolute
 * @param setId the set of documents that is searched; empty if there are only pages of the web
 * @param documents how many the set has
 * @param skipped how many files could not be used
 * @param web whether it may search the web and read its pages
 * @param language of the question, an ISO 639-1 code or {@code und}
 * @param knowledge whether the knowledge base had articles to search
 * @param continued what is taken over from an earlier run
 */
public record ResearchOptions(
    Depth depth,
    List<Path> sources,
    String setId,
    int documents,
    int skipped,
    boolean web,
    String language,
    boolean knowledge,
    Optional<Continuation> continued) {
  private static final int QUESTION_MAX = 10_000;

  public ResearchOptions {
    sources = List.copyOf(sources);
  }

  /** A run that stays on this machine. */
  public ResearchOptions(
      Depth depth,
      List<Path> sources,
      String setId,
      int documents,
      int skipped,
      String language,
      Optional<Continuation> continued) {
    this(depth, sources, setId, documents, skipped, false, language, false, continued);
  }

  /** Reads what {@link #toJson} wrote from a {@code run_started} event. */
  public static ResearchOptions of(ObjectNode runStarted) {
    JsonNode options = runStarted.path("options");
    List<Path> sources = new ArrayList<>();
    options.path("sources").forEach(s -> sources.add(Path.of(s.asText())));
    return new ResearchOptions(
        Depth.of(options.path("depth").asText()),
        sources,
        options.path("setId").asText(),
        options.path("documents").asInt(),
        options.path("skipped").asInt(),
        options.path("web").asBoolean(),
        options.path("language").asText("und"),
        options.path("knowledge").asBoolean(),
        options.path("continued") instanceof ObjectNode continued
            ? Optional.of(Continuation.of(continued))
            : Optional.empty());
  }

  /**
   * As recorded, with the {@code opening}: the words that the run's agent is given in place of the
   * bare question.
   */
  public ObjectNode toJson(String question) {
    ObjectNode json = Json.object().put("depth", depth.word());
    ArrayNode roots = json.putArray("sources");
    sources.forEach(s -> roots.add(s.toString()));
    json.put("setId", setId)
        .put("documents", documents)
        .put("skipped", skipped)
        .put("language", language)
        .put("knowledge", knowledge)
        .put("opening", opening(question));
    if (web) {
      json.put("web", true);
      // What the gate lets this run do outside this machine.
      Web.OPERATIONS.forEach(json.putArray("permits")::add);
    }
    continued.ifPresent(
        c -> {
          json.put("continueFrom", c.run());
          json.set("continued", c.toJson());
        });
    return json;
  }

  /**
   * The sets in which an issued key may lie: the one that is searched, then those of the runs
   * before.
   */
  List<String> sets() {
    Set<String> sets = new LinkedHashSet<>();
    if (!setId.isEmpty()) {
      sets.add(setId);
    }
    continued.ifPresent(c -> sets.addAll(c.sets()));
    return List.copyOf(sets);
  }

  /** The agent's first message: lines {@code Name: value}, then what an earlier run found. */
  private String opening(String question) {
    StringBuilder out = new StringBuilder();
    out.append("Question: ").append(Text.visible(question, QUESTION_MAX).strip());
    out.append("\nDepth: ").append(depth.word()).append(" (").append(depth.target()).append(")");
    out.append("\nSources: ");
    if (documents > 0 || !web) {
      out.append(documents).append(documents == 1 ? " document" : " documents");
    }
    if (web) {
      out.append(documents > 0 ? ", and the web" : "the web");
    }
    if (knowledge) {
      out.append("\nKnowledge base: search it first");
    }
    if (!language.equals("en") && !language.equals("und")) {
      out.append("\nLanguage: ").append(language);
    }
    continued.ifPresent(c -> out.append("\n\n").append(c.opening()));
    return out.toString();
  }
}
