package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.choir.core.Digest;
import org.choir.knowledge.lucene.IndexView.Weighted;
import org.choir.knowledge.lucene.Words;

/**
 * What makes one passage a better answer than another. Pure functions over candidates.
 *
 * <p>A score is a share of what was possible, never of what the best candidate of the same question
 * had, so that scores of different questions compare: the words a question needs, their closeness,
 * and the meaning as the embedding model sees it, each 0 to 1, weighed and then lowered for text
 * that only points elsewhere.
 */
final class Ranking {
  // Shares of the score. Chosen by trial over questions on three manuals; see the tests.
  private static final double MEANING = 0.55;
  private static final double MATCH = 0.2;
  private static final double COVER = 0.15;
  private static final double CLOSE = 0.10;
  // The cosines of bge-small: strangers lie at 0.45 to 0.55, a passage that answers at 0.75 to 0.9.
  private static final double COSINE_STRANGER = 0.5;
  private static final double COSINE_ANSWER = 0.9;
  private static final int NEAR_WORDS = 4;
  private static final int SHINGLE_WORDS = 3;
  private static final double DUPLICATE = 0.75;
  private static final double SAME_SOURCE_COST = 0.02;
  private static final double SAME_SOURCE_COST_MAX = 0.10;

  private Ranking() {}

  /**
   * A candidate's score by its words alone, 0 to 1.
   *
   * @param rarity how telling each of the question's terms is
   */
  static double lexical(Question question, Map<String, Double> rarity, Candidate candidate) {
    double all = MATCH + COVER + CLOSE;
    double cover = cover(question, rarity, candidate);
    double close = question.pairs().isEmpty() ? cover : close(question, rarity, candidate);
    return candidate.prose() * (MATCH * candidate.match() + COVER * cover + CLOSE * close) / all;
  }

  /** The score of a candidate with this lexical score and cosine to the question. */
  static double score(double lexical, double cosine, double prose) {
    double meaning =
        Math.clamp((cosine - COSINE_STRANGER) / (COSINE_ANSWER - COSINE_STRANGER), 0.0, 1.0);
    return Math.clamp(MEANING * meaning * prose + (1 - MEANING) * lexical, 0.0, 1.0);
  }

  /** The share of the question's terms, by what they are worth, that the passage has. */
  private static double cover(Question question, Map<String, Double> rarity, Candidate candidate) {
    Set<String> present = new HashSet<>();
    candidate.heading().forEach(word -> present.add(word.text()));
    candidate.words().forEach(word -> present.add(word.text()));
    double has = 0;
    double most = 0;
    for (Weighted term : question.terms()) {
      double worth = term.weight() * rarity.getOrDefault(term.term(), 0.0);
      most += worth;
      has += present.contains(term.term()) ? worth : 0;
    }
    return most == 0 ? 0 : has / most;
  }

  /** The share of the question's neighbours that stand close together in the passage. */
  private static double close(Question question, Map<String, Double> rarity, Candidate candidate) {
    Map<String, List<Integer>> heading = positions(candidate.heading());
    Map<String, List<Integer>> text = positions(candidate.words());
    double has = 0;
    double most = 0;
    for (Question.Pair pair : question.pairs()) {
      double worth =
          Math.min(rarity.getOrDefault(pair.first(), 0.0), rarity.getOrDefault(pair.second(), 0.0));
      most += worth;
      int gap = Math.min(gap(heading, pair), gap(text, pair));
      has += gap > NEAR_WORDS ? 0 : worth / Math.max(1, gap);
    }
    return most == 0 ? 0 : has / most;
  }

  private static Map<String, List<Integer>> positions(List<Words.Term> words) {
    Map<String, List<Integer>> positions = new HashMap<>();
    for (Words.Term word : words) {
      positions.computeIfAbsent(word.text(), w -> new ArrayList<>()).add(word.position());
    }
    return positions;
  }

  /** The least distance between two terms, in words. */
  private static int gap(Map<String, List<Integer>> positions, Question.Pair pair) {
    List<Integer> first = positions.getOrDefault(pair.first(), List.of());
    List<Integer> second = positions.getOrDefault(pair.second(), List.of());
    int least = Integer.MAX_VALUE;
    int i = 0;
    int j = 0;
    while (i < first.size() && j < second.size()) {
      int distance = second.get(j) - first.get(i);
      least = Math.min(least, Math.abs(distance));
      if (distance > 0) {
        i++;
      } else {
        j++;
      }
    }
    return least;
  }

  /**
   * The best of the scored candidates, best first, ties by key: near-duplicates of a better one are
   * left out, and where others are as good, one source does not take every place.
   */
  static List<Passage> select(List<Candidate> scored, int limit) {
    List<Candidate> rest = new ArrayList<>(scored);
    rest.sort(
        Comparator.comparingDouble((Candidate c) -> c.passage().score())
            .reversed()
            .thenComparing(c -> c.passage().key()));
    List<Candidate> chosen = new ArrayList<>();
    List<Set<String>> shingles = new ArrayList<>();
    Map<Digest, Integer> taken = new HashMap<>();
    while (chosen.size() < limit && !rest.isEmpty()) {
      Candidate best = rest.getFirst();
      double most = -1;
      for (Candidate candidate : rest) {
        int before = taken.getOrDefault(candidate.passage().source(), 0);
        double cost = Math.min(SAME_SOURCE_COST_MAX, SAME_SOURCE_COST * before);
        if (candidate.passage().score() - cost > most) {
          most = candidate.passage().score() - cost;
          best = candidate;
        }
      }
      rest.remove(best);
      Set<String> own = shingles(best.words());
      if (shingles.stream().noneMatch(other -> duplicates(own, other))) {
        chosen.add(best);
        shingles.add(own);
        taken.merge(best.passage().source(), 1, Integer::sum);
      }
    }
    return chosen.stream()
        .map(Candidate::passage)
        .sorted(Comparator.comparingDouble(Passage::score).reversed().thenComparing(Passage::key))
        .toList();
  }

  /** Whether the smaller of two texts is, but for little, contained in the other. */
  private static boolean duplicates(Set<String> a, Set<String> b) {
    boolean first = a.size() <= b.size();
    Set<String> smaller = first ? a : b;
    Set<String> larger = first ? b : a;
    long common = smaller.stream().filter(larger::contains).count();
    return !smaller.isEmpty() && common >= DUPLICATE * smaller.size();
  }

  private static Set<String> shingles(List<Words.Term> words) {
    Set<String> shingles = new HashSet<>();
    for (int i = 0; i + SHINGLE_WORDS <= words.size(); i++) {
      StringBuilder shingle = new StringBuilder();
      for (int j = i; j < i + SHINGLE_WORDS; j++) {
        shingle.append(words.get(j).text()).append(' ');
      }
      shingles.add(shingle.toString());
    }
    if (shingles.isEmpty()) {
      words.forEach(word -> shingles.add(word.text()));
    }
    return shingles;
  }
}
