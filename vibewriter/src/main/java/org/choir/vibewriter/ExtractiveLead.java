package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.choir.core.Json;
import org.choir.vibewriter.ExtractiveDraft.Part;
import org.choir.vibewriter.ExtractiveModel.Call;
import org.choir.vibewriter.ExtractiveModel.Turn;

/**
 * The lead without a language model: plan, one researcher per sub-question, for the deeper classes
 * a second round on what the first round met, draft, verification, and a revision without what was
 * refused. What to do next follows from the conversation alone.
 */
final class ExtractiveLead {
  /** Where the draft lies. */
  static final String DRAFT = "/workspace/drafts/report.md";

  private static final int REVISIONS = 2;

  /** A line of {@code verify_draft} on a claim that is not supported. */
  private static final Pattern REFUSED =
      Pattern.compile(
          "^- (?:partial|contradicted|unsupported|fabricated|unreachable): (.*?)(?: -- .*)?$",
          Pattern.CASE_INSENSITIVE);

  /**
   * What a depth class asks for: sub-questions, those of the second round, words, and pages of the
   * web for each sub-question.
   */
  private enum Depth {
    QUICK(4, 0, 620, 2),
    STANDARD(6, 3, 1_750, 3),
    DEEP(8, 8, 3_500, 4);

    final int subQuestions;
    final int more;
    final int words;
    final int pages;

    Depth(int subQuestions, int more, int words, int pages) {
      this.subQuestions = subQuestions;
      this.more = more;
      this.words = words;
      this.pages = pages;
    }

    static Depth of(Conversation conversation) {
      String name = conversation.line("Depth").orElse("quick").replaceFirst("\\W.*", "");
      for (Depth depth : values()) {
        if (depth.name().equalsIgnoreCase(name)) {
          return depth;
        }
      }
      return QUICK;
    }
  }

  /** The next turn of a lead. */
  Turn next(Conversation conversation) {
    String question = conversation.line("Question").orElse(conversation.opening().strip());
    Depth depth = Depth.of(conversation);
    boolean knowledge = conversation.line("Knowledge base").isPresent();
    List<SubQuestion> first = SubQuestions.of(question, depth.subQuestions);
    if (conversation.of("write_todos").isEmpty()) {
      return new Turn(
          "Plan: " + first.size() + " sub-questions.",
          List.of(todos(first, "in_progress", "pending")));
    }
    List<Conversation.Exchange> tasks = conversation.of("task");
    if (tasks.isEmpty()) {
      return new Turn(
          "Delegating one researcher per sub-question.", tasks(first, question, depth, knowledge));
    }
    List<SubQuestion> all = new ArrayList<>(first);
    List<SubQuestion> second = more(question, parts(first, tasks), depth);
    if (tasks.size() <= first.size() && !second.isEmpty()) {
      return new Turn(
          "A second round on what the first one met.", tasks(second, question, depth, knowledge));
    }
    if (tasks.size() > first.size()) {
      all.addAll(second);
    }
    return write(conversation, parts(all, tasks), depth, all);
  }

  private static Turn write(
      Conversation conversation, List<Part> parts, Depth depth, List<SubQuestion> all) {
    List<Conversation.Exchange> verified = conversation.of("verify_draft");
    List<Conversation.Exchange> written = conversation.of("write_file");
    if (!conversation.of("submit_report").isEmpty()) {
      Conversation.Exchange last = conversation.of("submit_report").getLast();
      return Turn.say(
          last.failed() ? "The report could not be submitted: " + last.answer() : last.answer());
    }
    Set<String> refused = new HashSet<>();
    verified.forEach(v -> refused.addAll(refused(v.answer())));
    boolean writeFailed = !written.isEmpty() && written.getLast().failed();
    if (writeFailed && written.size() > REVISIONS) {
      return Turn.say("The draft could not be written: " + written.getLast().answer());
    }
    boolean verifiedLast = conversation.lastOf("verify_draft") > conversation.lastOf("write_file");
    boolean revise =
        verifiedLast
            && verified.size() <= REVISIONS
            && !refused(verified.getLast().answer()).isEmpty();
    if (written.isEmpty() || writeFailed || revise) {
      String draft = ExtractiveDraft.compose(parts, depth.words, refused);
      ObjectNode file = Json.object().put("file_path", DRAFT).put("content", draft);
      return new Turn(
          revise ? "Writing the draft again without what was refused." : "Writing the draft.",
          List.of(new Call("write_file", file), todos(all, "completed", "in_progress")));
    }
    if (!verifiedLast) {
      return new Turn(
          "Having the draft verified.",
          List.of(new Call("verify_draft", Json.object().put("path", DRAFT))));
    }
    ObjectNode submit = Json.object().put("path", DRAFT);
    ArrayNode unanswered = submit.putArray("unanswered");
    ExtractiveDraft.unanswered(parts).stream()
        .filter(SubQuestion::asked)
        .forEach(q -> unanswered.add(q.text()));
    return new Turn(
        "Submitting the report.",
        List.of(todos(all, "completed", "completed"), new Call("submit_report", submit)));
  }

  private static List<Part> parts(List<SubQuestion> questions, List<Conversation.Exchange> tasks) {
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < questions.size(); i++) {
      boolean answered = i < tasks.size() && !tasks.get(i).failed();
      parts.add(
          new Part(
              questions.get(i),
              answered ? ExtractiveResearcher.read(tasks.get(i).answer()) : List.of()));
    }
    return parts;
  }

  /**
   * The sections in which the first round found the best answers, as questions of a second round.
   */
  private static List<SubQuestion> more(String question, List<Part> parts, Depth depth) {
    Map<String, SubQuestion> bySection = new LinkedHashMap<>();
    parts.stream()
        .flatMap(p -> p.findings().stream())
        .filter(f -> !f.section().isEmpty())
        .sorted(Comparator.comparingDouble(Finding::score).reversed().thenComparing(Finding::text))
        .forEach(
            f ->
                bySection.putIfAbsent(
                    leaf(f.section()), sectionQuestion(leaf(f.section()), f.source(), question)));
    return bySection.values().stream().limit(depth.more).toList();
  }

  private static SubQuestion sectionQuestion(String section, String source, String question) {
    String about =
        "What do the sources say on “" + section + "”, as far as it bears on the question?";
    return new SubQuestion(
        section,
        about,
        section + " " + source + " " + String.join(" ", Terms.surface(question)),
        question,
        Set.of(),
        false);
  }

  private static String leaf(String section) {
    return section.substring(section.lastIndexOf('›') + 1).strip();
  }

  private static List<Call> tasks(
      List<SubQuestion> questions, String question, Depth depth, boolean knowledge) {
    // Half as much again as is needed: parts overlap, and what repeats is left out of the draft.
    int words = Math.max(120, depth.words * 3 / 2 / (depth.subQuestions + depth.more));
    return questions.stream()
        .map(
            q ->
                Json.object()
                    .put(
                        "description",
                        ExtractiveResearcher.task(
                            q, question, q.asked() ? 2 * words : words, knowledge, depth.pages))
                    .put("subagent_type", "researcher"))
        .map(arguments -> new Call("task", arguments))
        .toList();
  }

  private static Call todos(List<SubQuestion> questions, String research, String report) {
    ArrayNode list = Json.array();
    questions.forEach(q -> list.add(todo(q.text(), research)));
    list.add(todo("Write the report and have every sentence verified", report));
    ObjectNode arguments = Json.object();
    arguments.set("todos", list);
    return new Call("write_todos", arguments);
  }

  private static JsonNode todo(String content, String status) {
    return Json.object().put("content", content).put("status", status);
  }

  private static Set<String> refused(String verification) {
    Set<String> refused = new HashSet<>();
    for (String line : verification.lines().toList()) {
      Matcher matcher = REFUSED.matcher(line);
      if (matcher.matches()) {
        refused.add(ExtractiveDraft.folded(matcher.group(1)));
      }
    }
    return refused;
  }
}
