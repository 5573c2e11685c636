package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.model.WordEmbedder;

/**
 * What the classifier sees of a claim and its evidence, as numbers: how much of the claim is found,
 * in one sentence, in a window of neighbours and in all of it; and what disagrees. Each is measured
 * on the window that fits the claim best.
 */
final class PairFeatures {
  /** Of the claim's words this share at least must be alike in letters to count as one word. */
  private static final double ALIKE = 0.6;

  private final Utterance claim;
  private final FeatureRow row;

  private PairFeatures(Utterance claim, FeatureRow row) {
    this.claim = claim;
    this.row = row;
  }

  /**
   * The measured numbers by name, in a fixed order.
   *
   * @param window the one that fits best, which carries the verdict if any does
   */
  record Measured(Map<String, Double> values, EvidenceText.Window window) {
    double[] row() {
      return values.values().stream().mapToDouble(Double::doubleValue).toArray();
    }

    List<String> names() {
      return List.copyOf(values.keySet());
    }
  }

  /** The vectors of a claim and of some of the sentences, if there is a model for them. */
  record Meaning(WordEmbedder.Words claim, Map<String, WordEmbedder.Words> sentences) {}

  /** The windows of a source in which the claim's words are, best first; empty if none is. */
  static List<Alignment> alignments(Utterance claim, EvidenceText text) {
    List<Alignment> all = new ArrayList<>();
    for (EvidenceText.Window window : text.windows(claim)) {
      all.add(new Alignment(claim, window));
    }
    all.sort(
        (a, b) -> {
          int order = Double.compare(b.quality(), a.quality());
          return order != 0
              ? order
              : Integer.compare(a.window().lines().size(), b.window().lines().size());
        });
    return all;
  }

  static Measured of(
      Utterance claim, EvidenceText text, List<Alignment> ranked, Optional<Meaning> meaning) {
    FeatureRow row = new FeatureRow();
    Alignment best = ranked.getFirst();
    Alignment single =
        ranked.stream().filter(a -> a.window().lines().size() == 1).findFirst().orElse(best);
    PairFeatures features = new PairFeatures(claim, row);
    features.words(text, best, single);
    new PairDisagreements(claim, row).measure(text, best, single);
    new PairClauses(claim, row).measure(best);
    new PairOrder(claim, row).measure(single);
    features.shape(text, ranked);
    meaning.ifPresent(known -> new PairMeaning(known, row).measure(best, single));
    return new Measured(row.values(), best.window());
  }

  private void words(EvidenceText text, Alignment best, Alignment single) {
    Map<String, Integer> frequency = new HashMap<>();
    for (EvidenceText.Line line : text.lines()) {
      Set<String> seen = new HashSet<>();
      line.utterance().words().forEach(w -> seen.add(w.concept()));
      seen.forEach(c -> frequency.merge(c, 1, Integer::sum));
    }
    int lines = Math.max(1, text.lines().size());
    double all = 0;
    double inBest = 0;
    double inSingle = 0;
    double inAll = 0;
    double rareAll = 0;
    double rareBest = 0;
    double missingMost = 0;
    int missing = 0;
    int names = 0;
    int namesMissing = 0;
    int namesNowhere = 0;
    for (Word word : claim.words()) {
      if (!word.isContent()) {
        continue;
      }
      double weight = word.weight();
      double rarity =
          weight * Math.log(2.0 + (double) lines / (1 + frequency.getOrDefault(word.concept(), 0)));
      double b = presence(word, best.window().words());
      double s = presence(word, single.window().words());
      double a = text.mentions(word) ? 1 : b;
      all += weight;
      rareAll += rarity;
      inBest += weight * b;
      inSingle += weight * s;
      inAll += weight * Math.max(a, b);
      rareBest += rarity * b;
      missing += b < 0.5 ? 1 : 0;
      missingMost = Math.max(missingMost, weight * (1 - b));
      if (word.isNamed()) {
        names++;
        namesMissing += b < 0.5 ? 1 : 0;
        namesNowhere += a < 0.5 ? 1 : 0;
      }
    }
    double whole = Math.max(all, 0.5);
    row.put("coverage", inBest / whole);
    row.put("coverageSingle", inSingle / whole);
    row.put("coverageAll", inAll / whole);
    row.put("coverageRare", rareBest / Math.max(rareAll, 0.5));
    row.put("missing", missing);
    row.put("missingMost", missingMost);
    row.put("names", names);
    row.put("namesMissing", namesMissing);
    row.put("namesNowhere", namesNowhere);
    row.put("rulesCoverage", best.coverage());
  }

  /** 1 if the word is there, by itself or a synonym; less if only its letters are alike. */
  static double presence(Word word, List<Word> source) {
    double best = 0;
    for (Word other : source) {
      if (other.kind() == Word.Kind.FUNCTION && !other.lower().equals(word.lower())) {
        continue;
      }
      if (other.concept().equals(word.concept()) || other.lower().equals(word.lower())) {
        return 1;
      }
      if (Thesaurus.alike(word.concept(), other.concept())) {
        best = Math.max(best, 0.9);
      } else if (best < 0.8 && lettersAlike(word.lower(), other.lower())) {
        best = 0.8;
      }
    }
    return best;
  }

  private static boolean lettersAlike(String one, String other) {
    int shorter = Math.min(one.length(), other.length());
    if (shorter < 4) {
      return false;
    }
    int common = 0;
    while (common < shorter && one.charAt(common) == other.charAt(common)) {
      common++;
    }
    return common >= 4 && common >= ALIKE * Math.max(one.length(), other.length());
  }

  private void shape(EvidenceText text, List<Alignment> ranked) {
    row.put("words", Math.min(40, claim.content().size()));
    row.put("lines", Math.log1p(text.lines().size()));
    Alignment best = ranked.getFirst();
    row.put("windowLines", best.window().lines().size());
    double sourceWords = best.window().words().stream().filter(Word::isContent).count();
    row.put("sourceShare", claim.content().size() / Math.max(1, sourceWords));
    long good = ranked.stream().filter(a -> a.coverage() >= best.coverage() - 0.15).count();
    row.put("goodWindows", (double) Math.min(8, good));
  }
}
