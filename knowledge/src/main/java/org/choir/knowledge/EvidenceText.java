package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An evidence's text prepared for comparison with claims: its sentences and an index of them. */
final class EvidenceText {
  /** Claims are compared with the neighbourhood of this many sentences. */
  private static final int CANDIDATES = 6;

  private final Evidence evidence;
  private final CodePoints points;
  private final NormalText whole;
  private final Utterance context;
  private final List<Line> lines = new ArrayList<>();
  private final List<Quantity> quantities = new ArrayList<>();
  private final Map<String, List<Integer>> index = new HashMap<>();
  private final List<Instructions.Stretch> orders;

  /**
   * A sentence.
   *
   * @param start in code points of the evidence's text
   * @param end exclusive
   */
  record Line(Utterance utterance, int start, int end) {}

  EvidenceText(Evidence evidence) {
    this.evidence = evidence;
    this.points = new CodePoints(evidence.text());
    this.whole = new NormalText(evidence.text());
    this.context = new Utterance(evidence.title() + ". " + evidence.section());
    this.orders = Instructions.in(evidence.text());
    quantities.addAll(context.quantities());
    for (Sentences.Sentence sentence : Sentences.of(evidence.text())) {
      if (!isOrder(points.at(sentence.start()), points.at(sentence.end()))) {
        add(sentence.text(), points.at(sentence.start()), points.at(sentence.end()));
        continue;
      }
      for (int[] piece : Instructions.pieces(sentence)) {
        int from = points.at(piece[0]);
        int to = points.at(piece[1]);
        if (!isOrder(from, to)) { // what speaks to the checker is no evidence
          add(evidence.text().substring(piece[0], piece[1]), from, to);
        }
      }
    }
  }

  private void add(String sentence, int from, int to) {
    Utterance utterance = new Utterance(sentence);
    int number = lines.size();
    quantities.addAll(utterance.quantities());
    lines.add(new Line(utterance, from, to));
    for (Word word : utterance.words()) {
      List<Integer> at = index.computeIfAbsent(word.concept(), k -> new ArrayList<>());
      if (at.isEmpty() || at.getLast() != number) {
        at.add(number);
      }
    }
  }

  /** Whether anything of the stretch, in code points, speaks to a checker and not to a reader. */
  boolean isOrder(int from, int to) {
    return orders.stream().anyMatch(o -> o.meets(from, to));
  }

  /** The text for a model's eyes: without what speaks to it. */
  String shown() {
    StringBuilder shown = new StringBuilder();
    int at = 0;
    for (Instructions.Stretch order : orders) {
      shown.append(points.slice(at, order.start())).append(LEFT_OUT);
      at = order.end();
    }
    return shown.append(points.slice(at, points.length())).toString();
  }

  /** What a model sees in the place of a sentence that speaks to it. */
  static final String LEFT_OUT = "[a sentence was left out]";

  Evidence evidence() {
    return evidence;
  }

  /** The whole text, folded. */
  NormalText whole() {
    return whole;
  }

  /** What the title and the section say: names in them hold for the whole text. */
  Utterance context() {
    return context;
  }

  /** Every number in the text, the title and the section. */
  List<Quantity> quantities() {
    return quantities;
  }

  List<Line> lines() {
    return lines;
  }

  /** Whether any sentence, the title or the section has the word. */
  boolean mentions(Word word) {
    return index.containsKey(word.concept())
        || index.containsKey(word.lower())
        || context.has(word)
        || lines.stream().anyMatch(line -> line.utterance().has(word));
  }

  /** Windows of one to three adjacent sentences around those that share most with the claim. */
  List<Window> windows(Utterance claim) {
    Map<Integer, Double> scores = new HashMap<>();
    for (Word word : claim.words()) {
      List<Integer> at = index.getOrDefault(word.concept(), List.of());
      double weight = word.kind() == Word.Kind.QUANTITY ? 1 : word.weight();
      double rarity = Math.log(1.0 + (double) lines.size() / (1 + at.size())) + 0.1;
      for (int line : at) {
        scores.merge(line, weight * rarity, Double::sum);
      }
    }
    List<Integer> best =
        scores.entrySet().stream()
            .sorted(
                Comparator.comparing((Map.Entry<Integer, Double> entry) -> entry.getValue())
                    .reversed()
                    .thenComparing(Map.Entry::getKey))
            .limit(CANDIDATES)
            .map(Map.Entry::getKey)
            .toList();
    Set<Span> spans = new LinkedHashSet<>();
    for (int line : best) {
      int before = Math.max(0, line - 1);
      int after = Math.min(lines.size() - 1, line + 1);
      spans.add(new Span(line, line));
      spans.add(new Span(line, after));
      spans.add(new Span(before, line));
      spans.add(new Span(before, after));
    }
    return spans.stream().map(span -> window(span.first, span.last)).toList();
  }

  /** The numbers of a window's first and last sentence. */
  private record Span(int first, int last) {}

  private Window window(int first, int last) {
    List<Line> part = lines.subList(first, last + 1);
    return new Window(
        this,
        part,
        part.stream().flatMap(line -> line.utterance().words().stream()).toList(),
        part.stream().flatMap(line -> line.utterance().quantities().stream()).toList());
  }

  /** Adjacent sentences of one evidence. */
  record Window(
      EvidenceText source, List<Line> lines, List<Word> words, List<Quantity> quantities) {

    List<Utterance> utterances() {
      return lines.stream().map(Line::utterance).toList();
    }

    boolean has(Word word) {
      return lines.stream().anyMatch(line -> line.utterance().has(word));
    }

    boolean hasConcept(String concept) {
      return lines.stream().anyMatch(line -> line.utterance().hasConcept(concept));
    }

    /** The literal text and its place in the stored source. */
    Quote quote() {
      return source.quote(lines.getFirst().start(), lines.getLast().end());
    }
  }

  /**
   * The literal text between two offsets in code points of the evidence.
   *
   * @throws IllegalStateException never, unless the offsets of this class are wrong
   */
  Quote quote(int start, int end) {
    String literal = points.slice(start, end);
    return new Quote(
        evidence.key(),
        evidence.source(),
        evidence.title(),
        evidence.section(),
        evidence.location(),
        evidence.locator(),
        literal,
        evidence.start() + start,
        evidence.start() + end);
  }
}
