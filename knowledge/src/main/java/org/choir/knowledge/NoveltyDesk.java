package org.choir.knowledge;

import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.choir.database.Database;
import org.choir.model.Embedder;
import org.jspecify.annotations.Nullable;

/**
 * Novelty as the knowledge base has it: judged against every version ever accepted, those that wait
 * for a review and those withdrawn included. What is usual is learnt from the articles up to a
 * frozen one, once there are {@value #FREEZE_AT}, and stays: versions never change, so it is the
 * same after every start. The model may change while it works; the rest is not thread-safe.
 */
final class NoveltyDesk {
  /** So many articles let half be held out and the other half be a reference. */
  static final int FREEZE_AT = 2 * NoveltyReference.ARTICLES_MIN;

  private final Database database;
  private final Bodies bodies;
  private volatile Embedder embedder;
  private @Nullable Novelty novelty;

  /** The model that novelty was opened with. */
  private String model = "";

  NoveltyDesk(Database database, Bodies bodies, Embedder embedder) {
    this.database = database;
    this.bodies = bodies;
    this.embedder = embedder;
  }

  private record Accepted(long seq, NoveltyArticle article) {}

  /** The model whose vectors it compares. */
  String model() {
    return embedder.id();
  }

  /** The model that judged last. */
  String judgedBy() {
    return model;
  }

  /** Judges by this model from the next article on. */
  void use(Embedder other) {
    embedder = other;
  }

  /** Lets a model see every passage, so that one that remembers answers at once after a change. */
  void prepare(Embedder other, BooleanSupplier stop) {
    for (Accepted each : accepted()) {
      if (stop.getAsBoolean()) {
        return;
      }
      other.passages(VisibleText.of(each.article().text()).passages());
    }
  }

  NoveltyScore judge(NoveltyArticle article, Instant now) {
    return open(now).judge(article);
  }

  /** Adds what was accepted after it was judged. */
  void accepted(NoveltyArticle article) {
    if (novelty != null) {
      boolean unlearnt = novelty.size() < FREEZE_AT;
      novelty.add(article);
      if (unlearnt && novelty.size() >= FREEZE_AT) {
        // Read anew, so that what is learnt now is what every later start learns.
        novelty = null;
      }
    }
  }

  private Novelty open(Instant now) {
    Embedder by = embedder;
    Novelty known = novelty;
    if (known != null && by.id().equals(model)) {
      return known;
    }
    List<Accepted> all = accepted();
    Novelty fresh = new Novelty(by);
    long upTo = frozen(by.id(), all, now);
    all.stream().filter(a -> a.seq() <= upTo).forEach(a -> fresh.add(a.article()));
    if (upTo > 0) {
      fresh.learn();
    }
    all.stream().filter(a -> a.seq() > upTo).forEach(a -> fresh.add(a.article()));
    novelty = fresh;
    model = by.id();
    return fresh;
  }

  /** Up to which article the reference of this model was learnt; 0 if there are too few yet. */
  private long frozen(String model, List<Accepted> all, Instant now) {
    return database.transaction(
        c -> {
          long known =
              ArticleTable.number(
                  c,
                  "select up_to from knowledge.novelty_reference where model = ?",
                  s -> s.setString(1, model));
          if (known > 0 || all.size() < FREEZE_AT) {
            return Math.max(0, known);
          }
          long upTo = all.getLast().seq();
          ArticleTable.update(
              c,
              "insert into knowledge.novelty_reference (model, up_to, frozen_at) values (?, ?, ?)",
              s -> {
                s.setString(1, model);
                s.setLong(2, upTo);
                s.setTimestamp(3, Timestamp.from(now));
              });
          return upTo;
        });
  }

  private List<Accepted> accepted() {
    return database
        .transaction(c -> ArticleTable.list(c, "where a.state <> 'rejected'", s -> {}))
        .stream()
        .flatMap(
            a ->
                database.transaction(c -> ArticleTable.versions(c, a.id())).stream()
                    .map(v -> new Accepted(a.seq(), article(a, v))))
        .toList();
  }

  private NoveltyArticle article(Article a, Article.Version version) {
    byte[] body = bodies.require(version.digest(), "of " + a.id() + " version " + version.number());
    return new NoveltyArticle(
        a.id(),
        a.author(),
        a.field(),
        Submission.prose(new String(body, StandardCharsets.UTF_8), version.verification()));
  }
}
