package org.choir.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.choir.audit.ProseTemplate.Value;
import org.choir.audit.Story.Line;
import org.choir.audit.Story.Section;
import org.choir.audit.Story.Told;

/**
 * The part of a {@link Story} that tells one run. An agent's steps are gathered until something of
 * its own happens that deserves a line; a change of the run's state ends all gathering.
 */
final class StoryRun {
  private static final int TITLES_MAX = 4;
  private static final int OPERATIONS_MAX = 8;

  /** States that only say that work goes on; told where the run was resumed. */
  private static final Set<String> PASSING = Set.of("queued", "planning", "running");

  private final String run;
  private final StoryTeller teller;
  private final Map<String, String> definitions = new HashMap<>();
  private final Map<String, Work> working = new LinkedHashMap<>();
  private final List<Item> items = new ArrayList<>();
  private Value question = Value.of("");
  private boolean begins;

  private record Item(long first, Line line) {}

  /** What one agent did since its last line. */
  private static final class Work {
    final List<Long> events = new ArrayList<>();
    final Map<String, Integer> operations = new TreeMap<>();
    final Map<String, Integer> hosts = new TreeMap<>();
    final Map<String, Long> cost = new TreeMap<>();
    final Map<String, String> sources = new LinkedHashMap<>();
    Instant from = Instant.MAX;
    Instant until = Instant.MIN;
    int steps;
    long tokens;
    int actions;
    int failed;
    long passages;
  }

  StoryRun(String run, StoryTeller teller) {
    this.run = run;
    this.teller = teller;
  }

  void add(Told told) {
    Leaf leaf = told.leaf();
    switch (leaf.kind()) {
      case "run.created" -> {
        begins = true;
        question = teller.value(told, "question").orElse(question);
        one(told, teller.says("began", values(told, "actor", "model")));
      }
      case "agent.started" -> started(told);
      case "model.called" -> {
        Work work = work(leaf);
        work.steps++;
        work.tokens += leaf.data().path("input").asLong() + leaf.data().path("output").asLong();
        JsonNode money = leaf.data().path("cost");
        work.cost.merge(
            money.path("currency").asText(), money.path("minorUnits").asLong(), Math::addExact);
      }
      case "action.observed" -> {
        Work work = work(leaf);
        work.failed += leaf.data().path("failed").asBoolean() ? 1 : 0;
      }
      case "source.read" -> {
        Work work = work(leaf);
        work.passages += leaf.data().path("passages").asLong();
        // Erased titles are many sources with one word for a title.
        work.sources.put(
            leaf.subject() + leaf.digests().path("source").asText(),
            told.personal() instanceof Prose.Personal.Known known
                ? known.fields().path("title").asText()
                : "");
      }
      case "model.retried" -> work(leaf);
      case "action.decided" -> decided(told);
      case "egress.dialed" -> dialed(told);
      case "agent.ended" -> {
        close(leaf.actor());
        Map<String, Value> values = values(told, "failed", "code");
        values.put("actor", Value.of(who(leaf.actor())));
        one(told, teller.says("ended_agent", values));
      }
      case "run.state" -> state(told);
      default -> single(told);
    }
  }

  private void started(Told told) {
    Leaf leaf = told.leaf();
    definitions.put(leaf.subject(), leaf.data().path("definition").asText());
    if (leaf.subject().contains("-")) {
      Map<String, Value> values = values(told, "definition", "task");
      values.put("actor", Value.of(teller.agent(leaf.subject(), null)));
      one(told, teller.says("began_agent", values));
    } else {
      work(leaf);
    }
  }

  private void decided(Told told) {
    Leaf leaf = told.leaf();
    if (leaf.verdict().equals("ALLOW")) {
      Work work = work(leaf);
      work.actions++;
      work.operations.merge(leaf.data().path("operation").asText(), 1, Integer::sum);
    } else {
      close(leaf.actor());
      single(told);
    }
  }

  private void dialed(Told told) {
    String phase = told.leaf().data().path("phase").asText();
    if (phase.equals("refused")) {
      close(told.leaf().actor());
      single(told);
    } else {
      Work work = work(told.leaf());
      if (phase.equals("opened")) {
        work.hosts.merge(told.leaf().data().path("host").asText(), 1, Integer::sum);
      }
    }
  }

  private void state(Told told) {
    String state = told.leaf().data().path("state").asText();
    String reason = told.leaf().data().path("reason").asText();
    if (PASSING.contains(state) && !reason.equals("resumed")) {
      work(told.leaf());
      return;
    }
    closeAll();
    Map<String, Value> values = values(told, "state", "reason", "message");
    if (state.equals("completed") || values.containsKey("message")) {
      values.remove("reason"); // it says the same
    }
    one(told, teller.says("state", values));
  }

  private Work work(Leaf leaf) {
    Work work = working.computeIfAbsent(leaf.actor(), a -> new Work());
    work.events.add(leaf.seq());
    work.from = work.from.isBefore(leaf.time()) ? work.from : leaf.time();
    work.until = work.until.isAfter(leaf.time()) ? work.until : leaf.time();
    return work;
  }

  private void closeAll() {
    List.copyOf(working.keySet()).forEach(this::close);
  }

  private void close(String actor) {
    Work work = working.remove(actor);
    if (work == null || work.events.isEmpty()) {
      return;
    }
    List<String> said = new ArrayList<>();
    Map<String, Value> values = new HashMap<>();
    values.put("actor", Value.of(who(actor)));
    values.put("steps", teller.number(work.steps));
    values.put("tokens", teller.some(work.tokens));
    values.put("cost", Value.of(teller.money(work.cost)));
    values.put("actions", teller.some(work.actions));
    values.put("what", Value.of(teller.counted(work.operations, OPERATIONS_MAX)));
    if (work.steps + work.actions > 0) {
      said.add(teller.says("worked", values));
    }
    if (work.failed > 0) {
      said.add(teller.says("failures", Map.of("failed", teller.number(work.failed))));
    }
    if (work.passages > 0) {
      values.put("passages", teller.number(work.passages));
      values.put("sources", teller.number(work.sources.size()));
      Set<String> titles = new LinkedHashSet<>(work.sources.values());
      titles.remove("");
      values.put("titles", Value.of(teller.quoted(titles, TITLES_MAX)));
      said.add(teller.says("read", values));
    }
    if (!work.hosts.isEmpty()) {
      int dials = work.hosts.values().stream().mapToInt(Integer::intValue).sum();
      values.put("dials", teller.number(dials));
      values.put("what", Value.of(teller.counted(work.hosts, OPERATIONS_MAX)));
      said.add(teller.says("dials", values));
    }
    if (!said.isEmpty()) {
      items.add(
          new Item(
              work.events.getFirst(),
              new Line(teller.times(work.from, work.until), String.join(" ", said), work.events)));
    }
  }

  private void single(Told told) {
    items.add(new Item(told.leaf().seq(), teller.single(told)));
  }

  private void one(Told told, String text) {
    Leaf leaf = told.leaf();
    items.add(new Item(leaf.seq(), new Line(teller.time(leaf.time()), text, List.of(leaf.seq()))));
  }

  private String who(String actor) {
    return teller.agent(actor, definitions.get(actor));
  }

  private Map<String, Value> values(Told told, String... fields) {
    Map<String, Value> values = new HashMap<>();
    for (String field : fields) {
      teller.value(told, field).ifPresent(v -> values.put(field, v));
    }
    return values;
  }

  Section section() {
    closeAll();
    items.sort(Comparator.comparingLong(Item::first));
    return new Section(
        teller.says(
            begins ? "run" : "run_more", Map.of("run", Value.of(run), "question", question)),
        items.stream().map(Item::line).toList());
  }
}
