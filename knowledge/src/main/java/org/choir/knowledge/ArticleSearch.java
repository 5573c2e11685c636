package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.knowledge.lucene.Words;
import org.choir.model.Embedder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Searches articles by words and meaning. Thread-safe. */
public final class ArticleSearch {
  private static final Logger LOG = LoggerFactory.getLogger(ArticleSearch.class);

  /** Passages of each kind that are mixed. */
  private static final int CANDIDATES = 200;

  private static final int LIMIT_MAX = 100;
  private static final int SNIPPET_CHARS = 320;

  /** The most that stake and boost add to a relevance, as a share of it. */
  private static final double LIFT = 0.05;

  /** Stake and boost beyond this add nothing. */
  private static final double LIFT_CHIP = 10_000;

  /** What is less relevant than this share of the best is not lifted. */
  private static final double LIFT_FROM = 0.5;

  private final Supplier<Projection.Searched> searched;
  private final Function<List<String>, List<Article>> published;

  ArticleSearch(
      Supplier<Projection.Searched> searched, Function<List<String>, List<Article>> published) {
    this.searched = searched;
    this.published = published;
  }

  /**
   * An answer.
   *
   * @param fields how many of the articles found are of each field
   * @param authors and of each author
   */
  public record Answer(
      List<Found> found, Map<String, Integer> fields, Map<String, Integer> authors) {}

  /**
   * An article that was found.
   *
   * @param passage where: section, locator and the words that answer
   * @param relevance 0 to 1 within this answer
   * @param order what it is sorted by: the relevance with stake and boost
   * @param likeness the best passage's cosine with the question, comparable between questions
   */
  public record Found(
      Article article,
      IndexRow passage,
      String snippet,
      double relevance,
      double order,
      double likeness) {}

  /**
   * Searches.
   *
   * @param limit 1 to 100
   */
  public Answer search(String question, PassageIndex.Filter filter, int limit) {
    if (question.isBlank()) {
      return new Answer(List.of(), Map.of(), Map.of());
    }
    Projection.Searched now = searched.get();
    PassageIndex.ByWords words = now.indexes().words();
    PassageIndex.ByWords.Found byWords =
        words.words(Question.telling(question), filter, CANDIDATES);
    List<PassageIndex.Hit> nearest = nearest(now, question, filter);
    List<Mix.Mixed> mixed = Mix.of(question, byWords, nearest);
    Map<String, Article> known = new HashMap<>();
    published
        .apply(mixed.stream().map(Mix.Mixed::article).toList())
        .forEach(a -> known.put(a.id(), a));
    // What was withdrawn a moment ago may still be in the index.
    List<Mix.Mixed> standing = mixed.stream().filter(m -> known.containsKey(m.article())).toList();
    double best = standing.isEmpty() ? 1 : standing.getFirst().relevance();
    Map<String, Integer> fields = new TreeMap<>();
    Map<String, Integer> authors = new TreeMap<>();
    List<Ordered> ordered = new ArrayList<>();
    for (Mix.Mixed each : standing) {
      Article article = java.util.Objects.requireNonNull(known.get(each.article()));
      fields.merge(article.field(), 1, Integer::sum);
      authors.merge(article.author(), 1, Integer::sum);
      ordered.add(
          new Ordered(
              each, article, order(each.relevance(), best, article.stake(), article.boost())));
    }
    ordered.sort(
        Comparator.comparingDouble(Ordered::order).reversed().thenComparing(o -> o.article().id()));
    List<Ordered> shown =
        ordered.subList(0, Math.min(ordered.size(), Math.clamp(limit, 1, LIMIT_MAX)));
    return new Answer(found(words, question, shown), fields, authors);
  }

  /** Nothing, if the model or the index of vectors does not answer: words alone still find. */
  private static List<PassageIndex.Hit> nearest(
      Projection.Searched now, String question, PassageIndex.Filter filter) {
    if (now.embedder().isEmpty()) {
      return List.of();
    }
    Embedder embedder = now.embedder().get();
    PassageIndex.ByVectors vectors = now.indexes().vectors();
    try {
      return vectors.embedded(embedder.id()) == 0
          ? List.of()
          : vectors.nearest(embedder.query(question), embedder.id(), filter, CANDIDATES);
    } catch (ChoirException e) {
      LOG.warn("searched by words only", e);
      return List.of();
    }
  }

  private record Ordered(Mix.Mixed mixed, Article article, double order) {}

  private static List<Found> found(
      PassageIndex.ByWords words, String question, List<Ordered> shown) {
    Map<String, IndexRow> rows = new HashMap<>();
    words
        .rows(shown.stream().map(o -> o.mixed().passage()).toList())
        .forEach(r -> rows.put(r.key(), r));
    List<Found> found = new ArrayList<>();
    for (Ordered each : shown) {
      IndexRow row = rows.get(each.mixed().passage());
      if (row != null) {
        found.add(
            new Found(
                each.article(),
                row,
                snippet(question, row.text()),
                each.mixed().relevance(),
                each.order(),
                each.mixed().cosine()));
      }
    }
    return found;
  }

  /**
   * Relevance first, then a bounded logarithm of stake and boost: at most 5 % more, and nothing for
   * what is less than half as relevant as the best.
   */
  static double order(double relevance, double best, int stake, int boost) {
    if (relevance < LIFT_FROM * best) {
      return relevance;
    }
    double chip = Math.min(LIFT_CHIP, (double) stake + boost);
    return relevance * (1 + LIFT * Math.log1p(chip) / Math.log1p(LIFT_CHIP));
  }

  /** The sentences with most of the question's words. */
  static String snippet(String question, String text) {
    Set<String> asked = new HashSet<>();
    Words.terms(question).forEach(t -> asked.add(t.text()));
    List<Sentences.Sentence> sentences = Sentences.of(text);
    int best = 0;
    long most = -1;
    for (int i = 0; i < sentences.size(); i++) {
      long shared =
          Words.terms(sentences.get(i).text()).stream()
              .map(Words.Term::text)
              .distinct()
              .filter(asked::contains)
              .count();
      if (shared > most) {
        most = shared;
        best = i;
      }
    }
    StringBuilder out = new StringBuilder(best > 0 ? "… " : "");
    for (int i = best; i < sentences.size() && out.length() < SNIPPET_CHARS; i++) {
      out.append(i > best ? " " : "").append(sentences.get(i).text().replaceAll("\\s+", " "));
    }
    return out.length() <= SNIPPET_CHARS
        ? out.toString()
        : out.substring(
                0,
                out.offsetByCodePoints(
                    0, Math.min(SNIPPET_CHARS, out.codePointCount(0, out.length()))))
            + "…";
  }
}
