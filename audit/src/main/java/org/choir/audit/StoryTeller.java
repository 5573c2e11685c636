package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.choir.audit.ProseTemplate.Value;
import org.choir.audit.Story.Line;
import org.choir.audit.Story.Section;
import org.choir.audit.Story.Told;
import org.jspecify.annotations.Nullable;

/** Makes a {@link Story} of events. */
public final class StoryTeller {
  private static final Set<String> BAD_STATES =
      Set.of("failed", "waiting_approval", "needs_decision", "budget_exhausted");

  private final Prose.Reader reader;
  private final ProseLanguage words;
  private final Map<String, StoryRun> runs = new LinkedHashMap<>();
  private final List<Line> attention = new ArrayList<>();
  private final List<Line> outside = new ArrayList<>();
  private final Map<String, Long> cost = new TreeMap<>();
  private boolean manyDays;
  private long allowed;
  private long denied;
  private long held;
  private long tokens;
  private long reports;

  private StoryTeller(Prose.Reader reader) {
    this.reader = reader;
    this.words = ProseLanguage.of(Prose.RENDERER, reader.locale());
  }

  /**
   * Tells what happened.
   *
   * @param events in the order of the log
   * @param from the first day
   * @param until the last day
   * @throws org.choir.core.ChoirException {@code unknown_locale}
   */
  public static Story tell(
      String tenant, LocalDate from, LocalDate until, List<Told> events, Prose.Reader reader) {
    StoryTeller teller = new StoryTeller(reader);
    teller.manyDays = !from.equals(until);
    events.forEach(teller::add);
    return teller.story(tenant, from, until, events.isEmpty());
  }

  private void add(Told told) {
    Leaf leaf = told.leaf();
    count(leaf);
    if (needsALook(leaf)) {
      attention.add(single(told));
    }
    if (leaf.intent().isEmpty()) {
      outside.add(single(told));
    } else {
      runs.computeIfAbsent(leaf.intent(), run -> new StoryRun(run, this)).add(told);
    }
  }

  private void count(Leaf leaf) {
    switch (leaf.kind()) {
      case "action.decided" -> {
        allowed += leaf.verdict().equals("ALLOW") ? 1 : 0;
        denied += leaf.verdict().equals("DENY") ? 1 : 0;
        held += leaf.verdict().equals("HOLD") ? 1 : 0;
      }
      case "model.called" -> {
        tokens += leaf.data().path("input").asLong() + leaf.data().path("output").asLong();
        JsonNode money = leaf.data().path("cost");
        cost.merge(
            money.path("currency").asText(), money.path("minorUnits").asLong(), Math::addExact);
      }
      case "report.submitted" -> reports++;
      default -> {}
    }
  }

  private static boolean needsALook(Leaf leaf) {
    return switch (leaf.kind()) {
      case "action.decided" -> !leaf.verdict().equals("ALLOW") && !leaf.verdict().equals("REPLAY");
      case "run.state" -> BAD_STATES.contains(leaf.data().path("state").asText());
      case "approval.decided" -> !leaf.data().path("approved").asBoolean();
      case "egress.dialed" -> leaf.data().path("phase").asText().equals("refused");
      case "vm.key_lost", "chain.begun" -> true;
      default -> Kinds.shipped().find(leaf.kind(), leaf.version()).isEmpty();
    };
  }

  private Story story(String tenant, LocalDate from, LocalDate until, boolean empty) {
    List<Section> sections = new ArrayList<>();
    if (!empty) {
      sections.add(
          new Section(
              says("attention", Map.of()),
              attention.isEmpty()
                  ? List.of(new Line("·", says("calm", Map.of()), List.of()))
                  : attention));
    }
    runs.values().forEach(run -> sections.add(run.section()));
    if (!outside.isEmpty()) {
      sections.add(new Section(says("outside", Map.of()), outside));
    }
    Map<String, Value> title =
        Map.of(
            "tenant", Value.of(tenant),
            "date", Value.of(words.date(from)),
            "until", Value.of(words.date(until)),
            "zone", Value.of(reader.zone().getId()));
    return new Story(
        says(manyDays ? "days" : "title", title),
        empty ? says("empty", Map.of()) : summary(),
        sections,
        says("footer", Map.of()));
  }

  private String summary() {
    Map<String, Value> values = new LinkedHashMap<>();
    values.put("runs", number(runs.size()));
    values.put("allowed", number(allowed));
    values.put("denied", number(denied));
    values.put("held", number(held));
    values.put("reports", some(reports));
    values.put("tokens", some(tokens));
    values.put("cost", Value.of(money(cost)));
    return says("summary", values);
  }

  /** Amounts by currency, those of nothing left out. */
  String money(Map<String, Long> amounts) {
    List<String> shown = new ArrayList<>();
    amounts.forEach(
        (currency, minorUnits) -> {
          if (minorUnits != 0) {
            JsonNode money =
                org.choir.core.Json.object()
                    .put("minorUnits", minorUnits)
                    .put("currency", currency);
            shown.add(Prose.money(money, words));
          }
        });
    return words.list(shown);
  }

  Value number(long n) {
    return new Value(words.number(n), Long.toString(n));
  }

  /** A number that a sentence leaves out where it is nothing. */
  Value some(long n) {
    return n == 0 ? Value.of("") : number(n);
  }

  /** One event as a line of its own. */
  Line single(Told told) {
    return new Line(
        time(told.leaf().time()),
        Prose.sentence(told.leaf(), told.personal(), reader),
        List.of(told.leaf().seq()));
  }

  String says(String template, Map<String, Value> values) {
    return words.template("story " + template).render(values::get);
  }

  /** A field of an event, as sentences show it. */
  Optional<Value> value(Told told, String field) {
    return Kinds.shipped()
        .find(told.leaf().kind(), told.leaf().version())
        .flatMap(
            kind ->
                Optional.ofNullable(
                    Prose.value(told.leaf(), kind, told.personal(), words, reader.zone(), field)));
  }

  String time(Instant at) {
    return manyDays
        ? ProseLanguage.dateTime(at, reader.zone())
        : ProseLanguage.time(at, reader.zone());
  }

  String times(Instant from, Instant until) {
    String first = time(from);
    String last = ProseLanguage.time(until, reader.zone());
    return first.endsWith(last)
        ? first
        : says("times", Map.of("from", Value.of(first), "until", Value.of(last)));
  }

  /** An agent, where its run is clear. */
  String agent(String actor, @Nullable String definition) {
    int dash = actor.indexOf('-');
    if (!actor.matches("r[a-z0-9]{6,24}(-[1-9][0-9]{0,3})?")) {
      return Prose.person(actor, words);
    }
    if (dash < 0) {
      return words.word("lead_here");
    }
    Map<String, Value> values =
        Map.of(
            "n", Value.of(actor.substring(dash + 1)),
            "definition", Value.of(definition == null ? "" : words.name(definition, 40)));
    return words.template("word subagent_here").render(values::get);
  }

  /** How often what, the most frequent first: {@code 7 × read_file, 2 × execute}. */
  String counted(Map<String, Integer> counts, int max) {
    List<String> shown = new ArrayList<>();
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(max)
        .forEach(
            e ->
                shown.add(
                    says(
                        "count",
                        Map.of(
                            "n", number(e.getValue()),
                            "what", Value.of(words.name(e.getKey(), 60))))));
    more(shown, counts.size() - max);
    return words.list(shown);
  }

  /** Texts from outside, quoted, a few of them. */
  String quoted(Iterable<String> texts, int max) {
    List<String> shown = new ArrayList<>();
    int all = 0;
    for (String text : texts) {
      if (all++ < max) {
        shown.add(words.quoted(text, 80));
      }
    }
    more(shown, all - max);
    return words.list(shown);
  }

  private void more(List<String> shown, int left) {
    if (left > 0) {
      shown.add(words.template("word more").render(f -> Value.of(words.number(left))));
    }
  }
}
