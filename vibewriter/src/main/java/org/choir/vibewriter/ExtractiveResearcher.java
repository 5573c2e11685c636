package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.choir.core.Json;

/**
 * A researcher without a language model: searches for its sub-question, reads around the best
 * passage, and answers with the sentences that answer it. Its task and its findings are JSON,
 * because the lead that delegates to it is a program too.
 */
final class ExtractiveResearcher {
  private static final int HITS = 10;
  private static final int WEB_HITS = 8;

  /** Pages that are tried in vain before what was read must do. */
  private static final int VAIN_MAX = 6;

  private final AnswerSentences answers;

  ExtractiveResearcher(AnswerSentences answers) {
    this.answers = answers;
  }

  /** What the lead writes into a task's description. */
  static String task(
      SubQuestion question, String mainQuestion, int words, boolean knowledge, int pages) {
    ArrayNode cues = Json.array();
    question.cues().stream().sorted().forEach(cues::add);
    ObjectNode task =
        Json.object()
            .put("question", question.text())
            .put("query", question.query())
            .put("topic", question.topic())
            .put("heading", question.heading())
            .put("asked", question.asked())
            .put("main", mainQuestion)
            .put("words", words)
            .put("knowledge", knowledge)
            .put("pages", pages);
    task.set("cues", cues);
    return Json.write(task);
  }

  /** The next turn of a researcher. */
  ExtractiveModel.Turn next(Conversation conversation) {
    JsonNode task = task(conversation.opening());
    boolean articles =
        task.path("knowledge").asBoolean() && conversation.tools().contains(SearchChoirKb.NAME);
    if (articles && conversation.of(SearchChoirKb.NAME).isEmpty()) {
      ObjectNode arguments = Json.object().put("question", task.path("query").asText());
      return new ExtractiveModel.Turn(
          "Searching published articles.",
          List.of(new ExtractiveModel.Call(SearchChoirKb.NAME, arguments)));
    }
    if (conversation.tools().contains(SearchWeb.NAME)) {
      Optional<ExtractiveModel.Turn> outside = web(conversation, task);
      if (outside.isPresent()) {
        return outside.get();
      }
    }
    List<Conversation.Exchange> searches = conversation.of("search_sources");
    if (searches.isEmpty()) {
      return new ExtractiveModel.Turn(
          "Searching the sources.",
          List.of(search(task.path("query").asText()), search(task.path("main").asText())));
    }
    if (searches.stream().allMatch(Conversation.Exchange::failed)) {
      return ExtractiveModel.Turn.say(
          findings(List.of(), "the search failed: " + searches.getLast().answer()));
    }
    List<FoundPassage> passages = passages(conversation);
    if (conversation.of("read_source").isEmpty() && !passages.isEmpty()) {
      ObjectNode arguments = Json.object().put("key", passages.getFirst().key());
      return new ExtractiveModel.Turn(
          "Reading around the best passage.",
          List.of(new ExtractiveModel.Call("read_source", arguments)));
    }
    SubQuestion question =
        new SubQuestion(
            task.path("heading").asText(),
            task.path("question").asText(),
            task.path("query").asText(),
            task.path("topic").asText(),
            cues(task.path("cues")),
            task.path("asked").asBoolean());
    List<Finding> found =
        answers.choose(
            question, task.path("main").asText(), passages, task.path("words").asInt(150));
    return ExtractiveModel.Turn.say(findings(found, ""));
  }

  /** What is left to do on the web: search once, then read the best pages that can be read. */
  private static Optional<ExtractiveModel.Turn> web(Conversation conversation, JsonNode task) {
    List<Conversation.Exchange> searches = conversation.of(SearchWeb.NAME);
    if (searches.isEmpty()) {
      ObjectNode arguments =
          Json.object().put("query", task.path("query").asText()).put("limit", WEB_HITS);
      return Optional.of(
          new ExtractiveModel.Turn(
              "Searching the web.", List.of(new ExtractiveModel.Call(SearchWeb.NAME, arguments))));
    }
    Set<String> left = new LinkedHashSet<>();
    searches.stream()
        .filter(s -> !s.failed())
        .forEach(s -> left.addAll(SearchWeb.addresses(s.answer())));
    List<Conversation.Exchange> tried = conversation.of(FetchSource.NAME);
    tried.forEach(t -> left.remove(url(t)));
    int vain = (int) tried.stream().filter(Conversation.Exchange::failed).count();
    int missing = task.path("pages").asInt(2) - (tried.size() - vain);
    List<ExtractiveModel.Call> calls =
        left.stream()
            .limit(Math.max(0, Math.min(missing, VAIN_MAX - vain)))
            .map(
                url ->
                    Json.object().put("url", url).put("question", task.path("question").asText()))
            .map(arguments -> new ExtractiveModel.Call(FetchSource.NAME, arguments))
            .toList();
    return calls.isEmpty()
        ? Optional.empty()
        : Optional.of(new ExtractiveModel.Turn("Reading what the search found.", calls));
  }

  private static String url(Conversation.Exchange fetch) {
    return Json.parseObject(fetch.call().arguments()).path("url").asText();
  }

  /** Reads what {@link #next} answers in the end; empty if it is not such an answer. */
  static List<Finding> read(String answer) {
    List<Finding> findings = new ArrayList<>();
    if (answer.startsWith("{")) {
      Json.parseObject(answer).path("findings").forEach(f -> findings.add(Finding.of(f)));
    }
    return findings;
  }

  /**
   * The hits of its own question first, then those of the main question, then those among published
   * articles, then what was read around the best.
   */
  private static List<FoundPassage> passages(Conversation conversation) {
    Map<String, FoundPassage> byKey = new LinkedHashMap<>();
    for (String tool : List.of("search_sources", SearchChoirKb.NAME, "read_source")) {
      for (Conversation.Exchange exchange : conversation.of(tool)) {
        if (!exchange.failed()) {
          FoundPassage.parse(exchange.answer()).forEach(p -> byKey.putIfAbsent(p.key(), p));
        }
      }
    }
    return List.copyOf(byKey.values());
  }

  private static JsonNode task(String opening) {
    int brace = opening.indexOf('{');
    int end = opening.lastIndexOf('}');
    if (brace >= 0 && end > brace) {
      return Json.parseObject(opening.substring(brace, end + 1));
    }
    // Delegated by a person or a language model: the words are the question.
    String question = opening.strip();
    return Json.object()
        .put("question", question)
        .put("query", question)
        .put("main", question)
        .put("asked", true);
  }

  private static ExtractiveModel.Call search(String question) {
    return new ExtractiveModel.Call(
        "search_sources", Json.object().put("question", question).put("limit", HITS));
  }

  private static Set<String> cues(JsonNode array) {
    List<String> words = new ArrayList<>();
    array.forEach(n -> words.add(n.asText()));
    return words.stream().collect(Collectors.toUnmodifiableSet());
  }

  private static String findings(List<Finding> found, String problem) {
    ArrayNode list = Json.array();
    found.forEach(f -> list.add(f.toJson()));
    ObjectNode answer = Json.object();
    answer.set("findings", list);
    if (!problem.isEmpty()) {
      answer.put("problem", problem);
    }
    return Json.write(answer);
  }
}
