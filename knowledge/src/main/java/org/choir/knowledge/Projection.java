package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.choir.core.ChoirException;
import org.choir.model.Embedder;

/**
 * Keeps the indexes as the tables and bodies have it. An article is found by its words as soon as
 * it is published; its vectors are made at once, or in the background after the model has changed.
 */
final class Projection {
  private static final int COMMIT_EVERY = 32;

  private final Articles articles;
  private final PassageIndex.ByWords words;
  private final PassageIndex.ByVectors vectors;
  private final Embedder embedder;

  Projection(
      Articles articles,
      PassageIndex.ByWords words,
      PassageIndex.ByVectors vectors,
      Embedder embedder) {
    this.articles = articles;
    this.words = words;
    this.vectors = vectors;
    this.embedder = embedder;
  }

  /** Is told how far it is. */
  @FunctionalInterface
  public interface Progress {
    /** So many of so many articles are done. */
    void at(int done, int total);
  }

  /** The rows of an article, without vectors. */
  static List<IndexRow> rows(Article article, String body) {
    List<IndexRow> rows = new ArrayList<>();
    for (ArticlePassages.Part part : ArticlePassages.of(body)) {
      rows.add(
          new IndexRow(
              "%s:%05d".formatted(article.id(), rows.size()),
              article.id(),
              article.version().number(),
              article.field(),
              article.author(),
              article.publishedAt().getEpochSecond(),
              article.version().title(),
              part.section(),
              "line=" + part.line(),
              part.text(),
              "",
              new float[0]));
    }
    return rows;
  }

  private List<IndexRow> embedded(List<IndexRow> rows) {
    List<float[]> made = embedder.passages(rows.stream().map(IndexRow::inContext).toList());
    List<IndexRow> embedded = new ArrayList<>(rows.size());
    for (int i = 0; i < rows.size(); i++) {
      embedded.add(rows.get(i).embedded(embedder.id(), made.get(i)));
    }
    return embedded;
  }

  /** Brings one article's rows up to date; seen after {@link #commit}. */
  synchronized void put(Article article) {
    if (article.state() != Article.State.PUBLISHED) {
      remove(article.id());
      return;
    }
    List<IndexRow> rows = embedded(rows(article, articles.prose(article.version())));
    words.put(article.id(), rows);
    if (!vectors.equals(words)) {
      vectors.put(article.id(), rows);
    }
  }

  private void remove(String article) {
    words.remove(article);
    if (!vectors.equals(words)) {
      vectors.remove(article);
    }
  }

  void commit() {
    words.commit();
    if (!vectors.equals(words)) {
      vectors.commit();
    }
  }

  /** Makes every row anew; searches see the old ones meanwhile. Returns how many articles. */
  int rebuild(Progress progress) {
    List<Article> all = articles.published();
    Set<String> wanted = new HashSet<>();
    all.forEach(a -> wanted.add(a.id()));
    stale(wanted).forEach(this::remove);
    int done = 0;
    for (Article article : all) {
      put(article);
      progress.at(++done, all.size());
    }
    commit();
    return all.size();
  }

  private Set<String> stale(Set<String> wanted) {
    Set<String> stale = new HashSet<>();
    words.rows().forEach(r -> stale.add(r.article()));
    if (!vectors.equals(words)) {
      vectors.rows().forEach(r -> stale.add(r.article()));
    }
    stale.removeAll(wanted);
    return stale;
  }

  /**
   * Adds what is missing, takes out what is too much and embeds anew what another model embedded,
   * committing now and then; returns how many articles changed. Told to stop, it goes on the next
   * time: an interrupt would close the index.
   */
  int catchUp(BooleanSupplier stop) {
    Map<String, String> had = state(words);
    Map<String, String> hadVectors = vectors.equals(words) ? had : state(vectors);
    int changed = 0;
    Set<String> wanted = new HashSet<>();
    for (Article article : articles.published()) {
      wanted.add(article.id());
      String state = article.version().number() + " " + embedder.id();
      if (!state.equals(had.get(article.id())) || !state.equals(hadVectors.get(article.id()))) {
        put(article);
        changed++;
        if (changed % COMMIT_EVERY == 0) {
          commit();
        }
        if (stop.getAsBoolean()) {
          break;
        }
      }
    }
    if (!stop.getAsBoolean()) {
      for (String stale : stale(wanted)) {
        remove(stale);
        changed++;
      }
    }
    commit();
    return changed;
  }

  private static Map<String, String> state(PassageIndex index) {
    Map<String, String> state = new HashMap<>();
    index.rows().forEach(r -> state.put(r.article(), r.version() + " " + r.model()));
    return state;
  }

  /**
   * Where the indexes differ from what the truth makes; empty if they are row for row the same.
   *
   * @throws ChoirException {@code body_lost}
   */
  List<String> differences() {
    List<IndexRow> wanted = new ArrayList<>();
    for (Article article : articles.published()) {
      wanted.addAll(embedded(rows(article, articles.prose(article.version()))));
    }
    wanted.sort(java.util.Comparator.comparing(IndexRow::key));
    List<String> differences = new ArrayList<>(compare(wanted, words.rows()));
    if (!vectors.equals(words)) {
      differences.addAll(compare(wanted, vectors.rows()));
    }
    return differences;
  }

  private static List<String> compare(List<IndexRow> wanted, List<IndexRow> had) {
    Set<String> all = new java.util.LinkedHashSet<>();
    wanted.forEach(r -> all.add(r.line()));
    List<String> differences = new ArrayList<>();
    for (IndexRow row : had) {
      if (!all.remove(row.line())) {
        differences.add("too much: " + row.line());
      }
    }
    all.forEach(line -> differences.add("missing: " + line));
    return differences;
  }
}
