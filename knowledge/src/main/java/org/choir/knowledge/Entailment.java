package org.choir.knowledge;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.model.WordEmbedder;

/**
 * Says how likely sentences support a claim, without a language model: a small classifier (the mean
 * of boosted trees and a logistic regression) over what the rules measure (words, names, numbers,
 * denials, opposites, order) and, if there is an embedder, over how similar words and sentences are
 * in meaning. Trained by {@link EntailmentTraining} on the project's own examples. It sees nothing
 * but claim and evidence. Thread-safe.
 */
public final class Entailment {
  /** Sentences that are compared in meaning; the words choose them. */
  private static final int COMPARED = 5;

  /** Longer sentences are cut, at white space. */
  private static final int SENTENCE_CHARS = 1_500;

  /** What is read of all the evidence of one claim. */
  private static final int EVIDENCE_CHARS = 2_000_000;

  private static final int CLAIM_CHARS = 4_000;
  private static final int REMEMBERED = 4_096;
  private static final int PARTS_MAX = 4;

  /** Supported, contradicted, unsupported. */
  static final int CLASSES = 3;

  /** A part of a claim counts as supported from here on. */
  private static final double SURE = 0.85;

  private final Optional<WordEmbedder> embedder;
  private final LinearSoftmax linear;
  private final BoostedTrees trees;
  private final int features;
  private final Map<String, WordEmbedder.Words> known = remembering(REMEMBERED);
  private final Map<Digest, Prepared> prepared = remembering(64);

  private Entailment(
      Optional<WordEmbedder> embedder, LinearSoftmax linear, BoostedTrees trees, int features) {
    this.embedder = embedder;
    this.linear = linear;
    this.trees = trees;
    this.features = features;
  }

  private static <K, V> Map<K, V> remembering(int most) {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > most;
      }
    };
  }

  /** The classifier that compares words alone. */
  public static Entailment byWords() {
    return of(Optional.empty(), weights("entailment-words.txt"));
  }

  /** The classifier that also compares meanings; the caller closes the embedder. */
  public static Entailment with(WordEmbedder embedder) {
    return of(Optional.of(embedder), weights("entailment-meanings.txt"));
  }

  /**
   * A classifier of these weights.
   *
   * @throws ChoirException {@code bad_weights} if the text is not what training wrote
   */
  static Entailment of(Optional<WordEmbedder> embedder, String weights) {
    List<String> lines = weights.lines().filter(l -> !l.startsWith("#") && !l.isEmpty()).toList();
    int head = 1 + LinearSoftmax.lines(CLASSES);
    if (lines.size() <= head) {
      throw ChoirException.fatal(
          "bad_weights", "the weights have " + lines.size() + " lines", "train again", null);
    }
    return new Entailment(
        embedder,
        LinearSoftmax.read(lines.subList(1, head)),
        BoostedTrees.read(lines.subList(head, lines.size())),
        lines.getFirst().split(" ", -1).length);
  }

  private static String weights(String name) {
    try (InputStream in = Entailment.class.getResourceAsStream(name)) {
      if (in == null) {
        throw ChoirException.fatal(
            "bad_weights", name + " is not on the class path", "build Choir again", null);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What was found.
   *
   * @param supported the probability that the evidence says it, 0 to 1
   * @param contradicted that it says otherwise
   * @param spans the sentences that carry the verdict; empty for unsupported
   */
  public record Assessment(
      ClaimVerdict verdict, double supported, double contradicted, List<Span> spans) {
    public Assessment {
      spans = List.copyOf(spans);
    }
  }

  /**
   * Words of the evidence, literally.
   *
   * @param sentence from 0, in the list that was given
   */
  public record Span(int sentence, String quote) {}

  /**
   * Assesses one claim against the sentences of its evidence. Partial is said only of a claim with
   * several parts, one of which is supported and another not.
   */
  public Assessment assess(String claim, List<String> evidence) {
    Utterance said = new Utterance(cut(claim, CLAIM_CHARS));
    Prepared text = prepared(evidence);
    Assessment whole = assess(said, text);
    List<String> parts = LexicalJudge.parts(said).stream().limit(PARTS_MAX).toList();
    if (whole.verdict() != ClaimVerdict.UNSUPPORTED || parts.size() < 2) {
      return whole;
    }
    List<Span> spans = new ArrayList<>();
    boolean lacking = false;
    for (String part : parts) {
      Assessment one = assess(new Utterance(part), text);
      boolean found = one.verdict() == ClaimVerdict.SUPPORTED && one.supported() >= SURE;
      lacking |= !found;
      one.spans().stream().filter(s -> found && !spans.contains(s)).forEach(spans::add);
    }
    return spans.isEmpty() || !lacking
        ? whole
        : new Assessment(ClaimVerdict.PARTIAL, whole.supported(), whole.contradicted(), spans);
  }

  private Assessment assess(Utterance said, Prepared text) {
    Optional<PairFeatures.Measured> measured = measure(said, text, embedder);
    if (measured.isEmpty()) {
      return new Assessment(ClaimVerdict.UNSUPPORTED, 0.01, 0.01, List.of());
    }
    double[] row = measured.get().row();
    if (row.length != features) {
      throw new IllegalStateException(
          "the weights are of " + features + " features, measured were " + row.length);
    }
    double[] p = trees.of(row);
    double[] q = linear.of(row);
    for (int i = 0; i < p.length; i++) {
      p[i] = (p[i] + q[i]) / 2;
    }
    ClaimVerdict verdict =
        p[0] >= p[1] && p[0] >= p[2]
            ? ClaimVerdict.SUPPORTED
            : p[1] >= p[2] ? ClaimVerdict.CONTRADICTED : ClaimVerdict.UNSUPPORTED;
    List<Span> spans =
        verdict == ClaimVerdict.UNSUPPORTED ? List.of() : text.spans(measured.get().window());
    return new Assessment(verdict, p[0], p[1], spans);
  }

  /** What the classifier would see; empty if no word of the claim is in the evidence. */
  Optional<PairFeatures.Measured> measure(String claim, List<String> evidence) {
    return measure(new Utterance(cut(claim, CLAIM_CHARS)), prepared(evidence), embedder);
  }

  private Optional<PairFeatures.Measured> measure(
      Utterance said, Prepared text, Optional<WordEmbedder> model) {
    if (said.words().isEmpty()) {
      return Optional.empty();
    }
    List<Alignment> ranked = PairFeatures.alignments(said, text.text);
    if (ranked.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        PairFeatures.of(said, text.text, ranked, model.map(m -> meaning(m, said, ranked))));
  }

  private PairFeatures.Meaning meaning(WordEmbedder model, Utterance said, List<Alignment> ranked) {
    Set<String> chosen = new LinkedHashSet<>();
    for (Alignment alignment : ranked) {
      for (EvidenceText.Line line : alignment.window().lines()) {
        if (chosen.size() < COMPARED) {
          chosen.add(line.utterance().normal().text());
        }
      }
    }
    List<String> sentences = List.copyOf(chosen);
    List<String> all = new ArrayList<>(sentences);
    all.add(said.normal().text());
    List<WordEmbedder.Words> vectors = vectors(model, all);
    Map<String, WordEmbedder.Words> known = new LinkedHashMap<>();
    for (int i = 0; i < sentences.size(); i++) {
      known.put(sentences.get(i), vectors.get(i));
    }
    return new PairFeatures.Meaning(vectors.getLast(), known);
  }

  private List<WordEmbedder.Words> vectors(WordEmbedder model, List<String> texts) {
    Map<String, WordEmbedder.Words> found = new LinkedHashMap<>();
    Set<String> open = new LinkedHashSet<>();
    synchronized (known) {
      for (String text : texts) {
        Optional.ofNullable(known.get(text))
            .ifPresentOrElse(words -> found.put(text, words), () -> open.add(text));
      }
    }
    List<String> asked = List.copyOf(open);
    List<WordEmbedder.Words> fresh = asked.isEmpty() ? List.of() : model.words(asked);
    synchronized (known) {
      for (int i = 0; i < fresh.size(); i++) {
        found.put(asked.get(i), fresh.get(i));
        known.put(asked.get(i), fresh.get(i));
      }
    }
    return texts.stream().map(t -> Objects.requireNonNull(found.get(t))).toList();
  }

  /** Evidence taken apart, with where each given sentence begins in it. */
  private static final class Prepared {
    private final EvidenceText text;
    private final int[] starts;
    private final int[] numbers;

    Prepared(List<String> evidence) {
      StringBuilder all = new StringBuilder();
      List<Integer> starts = new ArrayList<>();
      List<Integer> numbers = new ArrayList<>();
      int points = 0;
      for (int i = 0; i < evidence.size() && all.length() < EVIDENCE_CHARS; i++) {
        for (String piece : pieces(evidence.get(i))) {
          starts.add(points);
          numbers.add(i);
          all.append(piece).append("\n\n");
          points += piece.codePointCount(0, piece.length()) + 2;
        }
      }
      this.starts = starts.stream().mapToInt(Integer::intValue).toArray();
      this.numbers = numbers.stream().mapToInt(Integer::intValue).toArray();
      String whole = all.toString();
      this.text = new EvidenceText(new Evidence("", Digest.of(whole), "", "", "", "", 0, whole));
    }

    List<Span> spans(EvidenceText.Window window) {
      List<Span> spans = new ArrayList<>();
      for (EvidenceText.Line line : window.lines()) {
        int at = Arrays.binarySearch(starts, line.start());
        int piece = at >= 0 ? at : -at - 2;
        spans.add(new Span(numbers[piece], text.quote(line.start(), line.end()).text()));
      }
      return spans;
    }
  }

  /** A sentence, in pieces if it is very long: each of them literally. */
  private static List<String> pieces(String sentence) {
    if (sentence.length() <= SENTENCE_CHARS) {
      return List.of(sentence);
    }
    List<String> pieces = new ArrayList<>();
    int from = 0;
    while (from < sentence.length() && from < EVIDENCE_CHARS) {
      int to = Math.min(sentence.length(), from + SENTENCE_CHARS);
      int space = to < sentence.length() ? sentence.lastIndexOf(' ', to) : to;
      to = space > from ? space : to;
      if (to < sentence.length() && Character.isLowSurrogate(sentence.charAt(to))) {
        to--;
      }
      pieces.add(sentence.substring(from, to));
      from = to;
    }
    return pieces;
  }

  private static String cut(String text, int most) {
    return text.length() <= most ? text : text.substring(0, text.offsetByCodePoints(0, most / 2));
  }

  private Prepared prepared(List<String> evidence) {
    Digest key = Digest.of(String.join("\u0000", evidence));
    synchronized (prepared) {
      Prepared ready = prepared.get(key);
      if (ready != null) {
        return ready;
      }
    }
    Prepared fresh = new Prepared(evidence);
    synchronized (prepared) {
      prepared.put(key, fresh);
    }
    return fresh;
  }
}
