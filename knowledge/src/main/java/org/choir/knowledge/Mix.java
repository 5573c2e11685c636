package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.choir.knowledge.PassageIndex.Hit;

/**
 * Two rankings of the same passages made one: by words and by meaning. A weighted sum of scores
 * (Bruch, Gai and Ingber 2023: more robust than reciprocal ranks), with a weight that follows how
 * far each can be trusted with this question.
 */
final class Mix {
  /** How much meaning counts for an ordinary question. */
  private static final double MEANING = 0.6;

  private static final double MEANING_MIN = 0.4;
  private static final double MEANING_MAX = 0.85;

  /** Long texts share words with everything; each doubling beyond so many terms tells less. */
  private static final int LONG_TERMS = 12;

  private static final double LONG = 0.05;

  /** What the best match by words lacks of the question speaks for meaning. */
  private static final double UNCOVERED = 0.25;

  /** Exact names speak for words. */
  private static final double NAMES = 0.15;

  /** Who asks does not know the answer's words. */
  private static final double ASKED = 0.1;

  private Mix() {}

  /**
   * An article with its mixed score.
   *
   * @param passage the key of the passage that carries it
   * @param relevance 0 to 1, within one answer
   * @param cosine of its best passage, 0 if it was not found by meaning
   * @param words its score by words as a share of the best, 0 if it was not found by words
   */
  record Mixed(String article, String passage, double relevance, double cosine, double words) {}

  /** How much meaning counts for a question, 0 to 1. */
  static double meaning(String question, PassageIndex.ByWords.Found words) {
    double weight = MEANING;
    weight += LONG * Math.max(0, Math.log((double) words.terms() / LONG_TERMS) / Math.log(2));
    weight += UNCOVERED * Math.max(0, 0.6 - words.coverage());
    if (names(question)) {
      weight -= NAMES;
    } else if (words.terms() <= LONG_TERMS && Question.asks(question)) {
      weight += ASKED;
    }
    return Math.clamp(weight, MEANING_MIN, MEANING_MAX);
  }

  /** Whether a short question holds something that only an exact match answers. */
  private static boolean names(String question) {
    String[] words = question.strip().split("\\s+", -1);
    if (words.length > LONG_TERMS) {
      return false;
    }
    for (String word : words) {
      if (word.matches(".*[a-z][A-Z].*|.*\\w[_./:]\\w.*|.*[A-Za-z][0-9].*|[A-Z]{2,}[0-9-].*")) {
        return true;
      }
    }
    return question.contains("\"");
  }

  /** The articles of both rankings, best first, ties by id. */
  static List<Mixed> of(String question, PassageIndex.ByWords.Found words, List<Hit> nearest) {
    double weight = nearest.isEmpty() ? 0 : words.hits().isEmpty() ? 1 : meaning(question, words);
    return of(words.hits(), nearest, weight);
  }

  /** With a weight of meaning that is given: 0 is words alone, 1 meaning alone. */
  static List<Mixed> of(List<Hit> words, List<Hit> nearest, double weight) {
    Map<String, Hit> byWords = best(words);
    Map<String, Hit> byMeaning = best(nearest);
    double mostWords = words.isEmpty() ? 1 : words.getFirst().score();
    double most = nearest.isEmpty() ? 1 : nearest.getFirst().score();
    double least = nearest.isEmpty() ? 0 : nearest.getLast().score();
    Set<String> articles = new TreeSet<>(byWords.keySet());
    articles.addAll(byMeaning.keySet());
    List<Mixed> mixed = new ArrayList<>();
    for (String article : articles) {
      Hit word = byWords.get(article);
      Hit near = byMeaning.get(article);
      double lexical = word == null ? 0 : word.score() / Math.max(1e-9, mostWords);
      double semantic =
          near == null ? 0 : most - least < 1e-9 ? 1 : (near.score() - least) / (most - least);
      double score = (1 - weight) * lexical + weight * semantic;
      String passage =
          word == null || (near != null && weight * semantic >= (1 - weight) * lexical)
              ? java.util.Objects.requireNonNull(near).key()
              : word.key();
      mixed.add(new Mixed(article, passage, score, near == null ? 0 : near.score(), lexical));
    }
    mixed.sort(
        Comparator.comparingDouble(Mixed::relevance).reversed().thenComparing(Mixed::article));
    return mixed;
  }

  /** The best hit of each article. */
  private static Map<String, Hit> best(List<Hit> hits) {
    Map<String, Hit> best = new HashMap<>();
    hits.forEach(hit -> best.putIfAbsent(hit.article(), hit));
    return best;
  }
}
