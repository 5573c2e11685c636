package org.choir.knowledge;

import java.time.InstantSource;
import java.util.Locale;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.database.Database;

/** What others decide about an article: its review and its boost. Thread-safe. */
final class Standing {
  private static final int BOOST_MAX = 500;

  private final Database database;
  private final Articles articles;
  private final Set<String> reviewers;
  private final InstantSource clock;

  Standing(Database database, Articles articles, Set<String> reviewers, InstantSource clock) {
    this.database = database;
    this.articles = articles;
    this.reviewers = Set.copyOf(reviewers);
    this.clock = clock;
  }

  /**
   * Adds to an article's boost, which shows it somewhat earlier among those that are as relevant.
   *
   * @throws ChoirException {@code no_such_article}, {@code not_published}, {@code bad_boost}
   */
  Article boost(String id, String by, int chip) {
    if (chip < 1 || chip > BOOST_MAX) {
      throw ChoirException.usage(
          "bad_boost", "a boost of " + chip + " CHIP is not between 1 and " + BOOST_MAX, "");
    }
    articles.requirePublished(id);
    return database.transaction(
        c -> {
          ArticleTable.update(
              c,
              "update knowledge.article set boost = boost + ? where id = ?",
              s -> {
                s.setInt(1, chip);
                s.setString(2, id);
              });
          Article made = ArticleTable.find(c, id).orElseThrow();
          ArticleTable.announce(
              c,
              "boosted-" + id + "-" + made.boost(),
              "kb.boost." + id,
              by,
              "boosted",
              Json.object().put("article", id).put("chip", chip).put("boost", made.boost()),
              clock.instant());
          return made;
        });
  }

  /**
   * Decides a review; nobody decides their own.
   *
   * @throws ChoirException {@code no_such_article}, {@code no_review}, {@code not_a_reviewer},
   *     {@code own_article}
   */
  synchronized Article review(String id, String reviewer, boolean accept) {
    Article article = articles.show(id);
    if (!reviewers.contains(reviewer)) {
      throw ChoirException.usage(
          "not_a_reviewer",
          reviewer + " may not decide reviews",
          "name who may under knowledge.reviewers in choir.yaml");
    }
    if (article.author().equals(reviewer)) {
      throw ChoirException.usage(
          "own_article", "nobody reviews their own article", "ask another reviewer");
    }
    if (article.review() != Article.Review.PENDING || article.state() != Article.State.PUBLISHED) {
      throw ChoirException.usage(
          "no_review",
          "the article " + id + " waits for no review (" + article.review().word() + ")",
          "see: choir kb show " + id);
    }
    String word = (accept ? Article.Review.ACCEPTED : Article.Review.REJECTED).word();
    return database.transaction(
        c -> {
          ArticleTable.update(
              c,
              "update knowledge.article set review = ?, reviewer = ? where id = ?",
              s -> {
                s.setString(1, word);
                s.setString(2, reviewer);
                s.setString(3, id);
              });
          Article made = ArticleTable.find(c, id).orElseThrow();
          ArticleTable.announce(
              c,
              "reviewed-" + id,
              "kb.review." + id,
              reviewer,
              "reviewed",
              Json.object()
                  .put("article", id)
                  .put("author", made.author())
                  .put("decision", word.toLowerCase(Locale.ROOT))
                  .put("reviewer", reviewer)
                  .put("score", made.score())
                  .put("eligible", made.eligible()),
              clock.instant());
          return made;
        });
  }
}
