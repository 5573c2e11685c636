package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.choir.core.ChoirException;
import org.choir.model.Embedder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the indexes as the tables and bodies have it. After the model has changed, the indexes of
 * the old one are searched, with the old model while it is at hand, and kept up to date until those
 * of the new one hold every article; then those are searched. Thread-safe.
 */
final class Projection {
  private static final Logger LOG = LoggerFactory.getLogger(Projection.class);
  private static final int COMMIT_EVERY = 32;

  private final Articles articles;
  private final IndexShelf shelf;
  private final Embedder wanted;
  private final List<IndexShelf.Indexes> retired = new ArrayList<>();
  private volatile Searched searched;
  private volatile IndexShelf.@Nullable Indexes next;
  private volatile @Nullable EmbeddingChange change;

  /** Whether something was indexed without its vectors, because the model did not answer. */
  private final AtomicBoolean lacking = new AtomicBoolean();

  /**
   * What is searched now.
   *
   * @param embedder of the vectors; empty if that model is not at hand any more
   */
  record Searched(IndexShelf.Indexes indexes, Optional<Embedder> embedder) {}

  /** Is told how far it is. */
  @FunctionalInterface
  public interface Progress {
    /** So many of so many articles are done. */
    void at(int done, int total);
  }

  /**
   * Opens the indexes.
   *
   * @param earlier a model by its id, if it is at hand
   */
  Projection(
      Articles articles,
      IndexShelf shelf,
      Embedder wanted,
      Function<String, Optional<Embedder>> earlier) {
    this.articles = articles;
    this.shelf = shelf;
    this.wanted = wanted;
    String current = shelf.current().orElse(wanted.id());
    if (shelf.current().isEmpty()) {
      shelf.current(current);
    }
    shelf.keepOnly(new HashSet<>(List.of(current, wanted.id())));
    boolean same = current.equals(wanted.id());
    this.searched =
        new Searched(shelf.open(current), same ? Optional.of(wanted) : earlier.apply(current));
    if (!same) {
      try {
        this.next = shelf.open(wanted.id());
      } catch (RuntimeException e) {
        searched.indexes().close();
        throw e;
      }
      change = new EmbeddingChange(current, wanted.id(), 0, 0);
      LOG.info(
          "articles are being embedded by {}; until then {} is searched{}",
          wanted.id(),
          current,
          searched.embedder().isPresent() ? "" : " by words only, that model is not at hand");
    }
  }

  /** What to search. */
  Searched searched() {
    return searched;
  }

  /** How far the change to another model is; empty if there is none. */
  Optional<EmbeddingChange> change() {
    return Optional.ofNullable(change);
  }

  /** Whether {@link #catchUp} has something left to do that failed before. */
  boolean lacking() {
    return lacking.get() || next != null;
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

  private static List<IndexRow> embedded(List<IndexRow> rows, Embedder embedder) {
    List<float[]> made = embedder.passages(rows.stream().map(IndexRow::inContext).toList());
    List<IndexRow> embedded = new ArrayList<>(rows.size());
    for (int i = 0; i < rows.size(); i++) {
      embedded.add(rows.get(i).embedded(embedder.id(), made.get(i)));
    }
    return embedded;
  }

  private static List<IndexRow> withoutVectors(List<IndexRow> rows) {
    return rows.stream().map(r -> r.embedded(r.model(), new float[0])).toList();
  }

  /**
   * Brings one article's rows up to date everywhere; seen after {@link #commit}. If a model does
   * not answer, the article is found by its words until it does.
   */
  synchronized void put(Article article) {
    put(searched.indexes(), searched.embedder(), article, false);
    IndexShelf.Indexes building = next;
    if (building != null) {
      put(building, Optional.of(wanted), article, false);
    }
  }

  private void put(
      IndexShelf.Indexes indexes, Optional<Embedder> embedder, Article article, boolean strict) {
    if (article.state() != Article.State.PUBLISHED) {
      remove(indexes, article.id());
      return;
    }
    List<IndexRow> rows = rows(article, articles.prose(article.version()));
    if (embedder.isPresent()) {
      try {
        rows = embedded(rows, embedder.get());
      } catch (ChoirException e) {
        if (strict) {
          throw e;
        }
        // An old model that fails must not keep the new one from taking over.
        if (embedder.get().equals(wanted)) {
          lacking.set(true);
        }
        LOG.warn("{} is found by its words only for now", article.id(), e);
      }
    }
    indexes.words().put(article.id(), indexes.isOne() ? rows : withoutVectors(rows));
    if (!indexes.isOne()) {
      indexes.vectors().put(article.id(), rows);
    }
  }

  private static void remove(IndexShelf.Indexes indexes, String article) {
    indexes.words().remove(article);
    if (!indexes.isOne()) {
      indexes.vectors().remove(article);
    }
  }

  void commit() {
    commit(searched.indexes());
    IndexShelf.Indexes building = next;
    if (building != null) {
      commit(building);
    }
  }

  private static void commit(IndexShelf.Indexes indexes) {
    indexes.words().commit();
    if (!indexes.isOne()) {
      indexes.vectors().commit();
    }
  }

  /** Makes every row anew; searches see the old ones meanwhile. Returns how many articles. */
  int rebuild(Progress progress) {
    List<Article> all = articles.published();
    Set<String> ids = new HashSet<>();
    all.forEach(a -> ids.add(a.id()));
    Searched now = searched;
    removeOthers(now.indexes(), ids);
    int done = 0;
    for (Article article : all) {
      synchronized (this) {
        put(now.indexes(), now.embedder(), article, true);
      }
      progress.at(++done, all.size());
    }
    commit(now.indexes());
    return all.size();
  }

  private synchronized int removeOthers(IndexShelf.Indexes indexes, Set<String> wanted) {
    Set<String> others = new HashSet<>(indexes.words().held().keySet());
    others.addAll(indexes.vectors().held().keySet());
    others.removeAll(wanted);
    others.forEach(o -> remove(indexes, o));
    return others.size();
  }

  /**
   * Adds what is missing and takes out what is too much, then embeds by the wanted model and, once
   * all is done, searches that. Commits now and then; returns how many articles changed. Told to
   * stop or failing, it goes on from there the next time: an interrupt would close the index.
   *
   * @param beforeAdopting runs when all is done, before the wanted model's indexes are searched
   * @throws ChoirException if the model does not answer
   */
  int catchUp(BooleanSupplier stop, Runnable beforeAdopting) {
    lacking.set(false);
    Searched now = searched;
    int changed =
        catchUp(now.indexes(), now.embedder(), stop, now.embedder().equals(Optional.of(wanted)));
    IndexShelf.Indexes building = next;
    if (building != null && !stop.getAsBoolean()) {
      changed += catchUp(building, Optional.of(wanted), stop, true);
      if (!stop.getAsBoolean()) {
        beforeAdopting.run();
      }
      // What was put in meanwhile may have failed to be embedded: then the next time.
      if (!stop.getAsBoolean() && !lacking.get()) {
        adopt(building);
      }
    }
    return changed;
  }

  private synchronized void adopt(IndexShelf.Indexes complete) {
    shelf.current(complete.model());
    // Searches may still be reading it; its files go when the shelf is next opened.
    retired.add(searched.indexes());
    searched = new Searched(complete, Optional.of(wanted));
    next = null;
    change = null;
    LOG.info("every article is embedded by {}, which is searched from now on", complete.model());
  }

  private int catchUp(
      IndexShelf.Indexes indexes,
      Optional<Embedder> embedder,
      BooleanSupplier stop,
      boolean strict) {
    Map<String, PassageIndex.Held> words = indexes.words().held();
    Map<String, PassageIndex.Held> vectors = indexes.isOne() ? words : indexes.vectors().held();
    String model = embedder.map(Embedder::id).orElse("");
    List<Article> all = articles.published();
    Set<String> ids = new HashSet<>();
    int changed = 0;
    try {
      for (Article article : all) {
        ids.add(article.id());
        if (!isHeld(words, article, model) || !isHeld(vectors, article, model)) {
          synchronized (this) {
            put(indexes, embedder, article, strict);
          }
          if (++changed % COMMIT_EVERY == 0) {
            commit(indexes);
          }
        }
        told(indexes, ids.size(), all.size());
        if (stop.getAsBoolean()) {
          return changed;
        }
      }
      return changed + removeOthers(indexes, ids);
    } finally {
      commit(indexes);
    }
  }

  private void told(IndexShelf.Indexes indexes, int done, int total) {
    EmbeddingChange known = change;
    if (known != null && indexes.equals(next)) {
      change = new EmbeddingChange(known.from(), known.to(), done, total);
      if (done % 100 == 0) {
        LOG.info("{} of {} articles are embedded by {}", done, total, known.to());
      }
    }
  }

  /** Vectors of a model that is not at hand are kept: it may come back. */
  private static boolean isHeld(
      Map<String, PassageIndex.Held> held, Article article, String model) {
    PassageIndex.Held had = held.get(article.id());
    return had != null
        && had.version() == article.version().number()
        && (model.isEmpty() || had.model().equals(model));
  }

  /**
   * Where the indexes that are searched differ from what the truth makes; empty if they are row for
   * row the same.
   *
   * @throws ChoirException {@code body_lost}
   */
  List<String> differences() {
    Searched now = searched;
    List<IndexRow> wantedRows = new ArrayList<>();
    for (Article article : articles.published()) {
      List<IndexRow> rows = rows(article, articles.prose(article.version()));
      wantedRows.addAll(now.embedder().map(e -> embedded(rows, e)).orElse(rows));
    }
    wantedRows.sort(Comparator.comparing(IndexRow::key));
    List<String> differences =
        new ArrayList<>(
            compare(
                now.indexes().isOne() ? wantedRows : withoutVectors(wantedRows),
                now.indexes().words().rows()));
    if (!now.indexes().isOne()) {
      differences.addAll(compare(wantedRows, now.indexes().vectors().rows()));
    }
    return differences;
  }

  private static List<String> compare(List<IndexRow> wanted, List<IndexRow> had) {
    Set<String> all = new LinkedHashSet<>();
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

  synchronized void close() {
    retired.forEach(IndexShelf.Indexes::close);
    IndexShelf.Indexes building = next;
    if (building != null) {
      building.close();
    }
    searched.indexes().close();
  }
}
