package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.model.WordEmbedder;

/** How similar a claim and sentences are in the eyes of an embedding model, whole and by words. */
final class PairMeaning {
  private final PairFeatures.Meaning known;
  private final FeatureRow row;

  PairMeaning(PairFeatures.Meaning known, FeatureRow row) {
    this.known = known;
    this.row = row;
  }

  void measure(Alignment best, Alignment single) {
    double top = 0;
    double second = 0;
    for (WordEmbedder.Words sentence : known.sentences().values()) {
      double cosine = dot(known.claim().text(), sentence.text());
      second = Math.max(second, Math.min(top, cosine));
      top = Math.max(top, cosine);
    }
    row.put("similar", top);
    row.put("similarSecond", second);
    row.put("similarSingle", cosine(single.window()));
    List<WordEmbedder.Words> window = new ArrayList<>();
    for (EvidenceText.Line line : best.window().lines()) {
      Optional.ofNullable(known.sentences().get(line.utterance().normal().text()))
          .ifPresent(window::add);
    }
    softly("soft", known.claim(), window);
    softly("softAll", known.claim(), known.sentences().values());
  }

  private double cosine(EvidenceText.Window window) {
    WordEmbedder.Words sentence =
        known.sentences().get(window.lines().getFirst().utterance().normal().text());
    return sentence == null ? 0 : dot(known.claim().text(), sentence.text());
  }

  /** For each word of the claim the most similar word of the sentences, in their contexts. */
  private void softly(
      String name, WordEmbedder.Words mine, Iterable<WordEmbedder.Words> sentences) {
    List<Double> best = new ArrayList<>();
    for (int i = 0; i < mine.words().size(); i++) {
      String word = mine.words().get(i);
      boolean tells =
          Character.isLetterOrDigit(word.codePointAt(0)) && !Lexicon.STOP.contains(word);
      double top = 0;
      for (WordEmbedder.Words sentence : sentences) {
        for (float[] other : tells ? sentence.vectors() : new float[0][]) {
          top = Math.max(top, dot(mine.vectors()[i], other));
        }
      }
      if (tells) {
        best.add(top);
      }
    }
    best.sort(null);
    int n = best.size();
    row.put(name + "Mean", best.stream().mapToDouble(Double::doubleValue).average().orElse(0));
    row.put(name + "Least", n == 0 ? 0 : best.getFirst());
    row.put(
        name + "Low",
        best.stream().limit(Math.max(1, n / 3)).mapToDouble(d -> d).average().orElse(0));
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }
}
