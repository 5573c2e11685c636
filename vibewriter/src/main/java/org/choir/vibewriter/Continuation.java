package org.choir.vibewriter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.Text;

/**
 * What a new run takes over from an earlier one: its question, plan, notes, issued evidence and
 * report. Taken from recorded events only, and recorded itself, so that the new run does not depend
 * on the old one being kept.
 *
 * @param run the earlier run's id
 * @param sets the sets of documents that its evidence lies in
 * @param plan its last list of todos, {@code {content, status}}
 * @param notes what people told it while it ran
 * @param evidence its {@code evidence} events, those it took over itself included
 * @param report its report in Markdown, cut; empty if it had none
 */
public record Continuation(
    String run,
    String question,
    List<String> sets,
    List<ObjectNode> plan,
    List<String> notes,
    List<ObjectNode> evidence,
    String report) {
  private static final int REPORT_MAX = 20_000;
  private static final int HEADS_MAX = 200;
  private static final int NOTE_MAX = 2_000;
  private static final int TITLE_MAX = 120;

  public Continuation {
    sets = List.copyOf(sets);
    plan = List.copyOf(plan);
    notes = List.copyOf(notes);
    evidence = List.copyOf(evidence);
    report = report.length() <= REPORT_MAX ? report : report.substring(0, REPORT_MAX) + "\n[cut]";
  }

  /**
   * What can be taken over from these events.
   *
   * @param events of all agents of the earlier run, each agent's in their order, the lead's first
   * @param report its report in Markdown, empty if it has none
   * @throws ChoirException {@code not_continuable} if they are not those of a research run
   */
  public static Continuation from(RunId run, Collection<ObjectNode> events, String report) {
    ObjectNode started =
        events.stream()
            .filter(e -> kind(e).equals("run_started"))
            .findFirst()
            .orElseThrow(() -> notContinuable(run, "it has no recorded start"));
    if (!started.path("options").has("setId")) {
      throw notContinuable(run, "it is no research run");
    }
    ResearchOptions options = ResearchOptions.of(started);
    Map<String, ObjectNode> evidence = new LinkedHashMap<>();
    options.continued().ifPresent(c -> c.evidence().forEach(e -> evidence.putIfAbsent(key(e), e)));
    List<ObjectNode> plan = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    Set<String> sets = new LinkedHashSet<>(options.sets());
    for (ObjectNode event : events) {
      switch (kind(event)) {
        // An article; a page of the web is known from its evidence.
        case GuestFetch.FETCHED -> {
          if (event.has("set")) {
            sets.add(event.path("set").asText());
          }
        }
        case "evidence" -> evidence.putIfAbsent(key(event), event.deepCopy());
        case "todos" -> {
          plan.clear();
          plan.addAll(objects(event.path("todos")));
        }
        case "note" -> {
          if (!event.path("from").asText().equals("policy")) {
            notes.add(Text.visible(event.path("text").asText(), NOTE_MAX));
          }
        }
        default -> {}
      }
    }
    return new Continuation(
        run.value(),
        started.path("question").asText(),
        List.copyOf(sets),
        plan,
        notes,
        List.copyOf(evidence.values()),
        report);
  }

  /** Reads what {@link #toJson} wrote. */
  static Continuation of(ObjectNode json) {
    return new Continuation(
        json.path("run").asText(),
        json.path("question").asText(),
        texts(json.path("sets")),
        objects(json.path("plan")),
        texts(json.path("notes")),
        objects(json.path("evidence")),
        json.path("report").asText());
  }

  ObjectNode toJson() {
    ObjectNode json = Json.object().put("run", run).put("question", question);
    ArrayNode setIds = json.putArray("sets");
    sets.forEach(setIds::add);
    json.putArray("plan").addAll(plan);
    ArrayNode said = json.putArray("notes");
    notes.forEach(said::add);
    json.putArray("evidence").addAll(evidence);
    return json.put("report", report);
  }

  /** What the new run's agent is told of the earlier one. */
  String opening() {
    StringBuilder out = new StringBuilder();
    out.append("This run continues an earlier one. Do not repeat its work: build on it.");
    out.append("\nEarlier question: ").append(Text.visible(question, NOTE_MAX).strip());
    if (!plan.isEmpty()) {
      out.append("\n\nEarlier plan:");
      plan.forEach(
          t ->
              out.append("\n- ")
                  .append(t.path("status").asText())
                  .append(": ")
                  .append(Text.visible(t.path("content").asText(), NOTE_MAX)));
    }
    if (!notes.isEmpty()) {
      out.append("\n\nWhat people said to the earlier run:");
      notes.forEach(n -> out.append("\n- ").append(n));
    }
    if (!evidence.isEmpty()) {
      out.append("\n\nEvidence it issued; these keys may be cited, read_source shows their text:");
      evidence.stream().limit(HEADS_MAX).forEach(e -> out.append('\n').append(head(e)));
      if (evidence.size() > HEADS_MAX) {
        out.append("\nand ").append(evidence.size() - HEADS_MAX).append(" more");
      }
    }
    if (!report.isBlank()) {
      out.append(
          "\n\nIts report, in which numbers stand for its sources, not for evidence keys:\n\n");
      report.strip().lines().forEach(l -> out.append("> ").append(l).append('\n'));
    }
    return out.toString().stripTrailing();
  }

  private static String head(ObjectNode event) {
    String section = Text.visible(event.path("section").asText(), TITLE_MAX).strip();
    String title = Text.visible(event.path("title").asText(), TITLE_MAX).strip();
    return "[@" + key(event) + "] " + title + (section.isEmpty() ? "" : " › " + section);
  }

  private static String kind(ObjectNode event) {
    return event.path("kind").asText();
  }

  private static String key(ObjectNode event) {
    return event.path("key").asText();
  }

  private static List<ObjectNode> objects(JsonNode array) {
    List<ObjectNode> out = new ArrayList<>();
    array.forEach(
        n -> {
          if (n instanceof ObjectNode object) {
            out.add(object.deepCopy());
          }
        });
    return out;
  }

  private static List<String> texts(JsonNode array) {
    Set<String> out = new LinkedHashSet<>();
    array.forEach(n -> out.add(n.asText()));
    return List.copyOf(out);
  }

  private static ChoirException notContinuable(RunId run, String why) {
    return ChoirException.usage(
        "not_continuable",
        "run " + run + " cannot be continued: " + why,
        "list the runs there are with: choir runs");
  }
}
