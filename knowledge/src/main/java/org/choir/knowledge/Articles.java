package org.choir.knowledge;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.database.Database;

/** Reading of articles: PostgreSQL has the truth, the bodies lie by their digest. Thread-safe. */
public final class Articles {
  private final Database database;
  private final Bodies bodies;

  Articles(Database database, Bodies bodies) {
    this.database = database;
    this.bodies = bodies;
  }

  /**
   * An article as it stands.
   *
   * @throws ChoirException {@code no_such_article}
   */
  public Article show(String id) {
    return database
        .transaction(c -> ArticleTable.find(c, id))
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_article",
                    "there is no article " + id,
                    "find one with: choir kb search QUESTION"));
  }

  /** All versions, oldest first. */
  public List<Article.Version> versions(String id) {
    return database.transaction(c -> ArticleTable.versions(c, id));
  }

  /**
   * The text of a version.
   *
   * @throws ChoirException {@code body_lost}
   */
  public String body(Article.Version version) {
    return new String(
        bodies.require(version.digest(), version.digest().prefix(12)), StandardCharsets.UTF_8);
  }

  /** What a version says: a report without what every report has around it. */
  String prose(Article.Version version) {
    return Submission.prose(body(version), version.verification());
  }

  /** Published articles in the order of submission. */
  public List<Article> published() {
    return database.transaction(c -> ArticleTable.list(c, "where a.state = 'published'", s -> {}));
  }

  /** Those of these ids that are published. */
  List<Article> published(List<String> ids) {
    return database.transaction(
        c ->
            ArticleTable.list(
                c,
                "where a.state = 'published' and a.id = any (?)",
                s -> s.setArray(1, c.createArrayOf("text", ids.toArray()))));
  }

  /** The published article with a version of this digest; the oldest, if there are several. */
  static Optional<Article> ofDigest(Connection c, String digest) throws SQLException {
    List<Article> found =
        ArticleTable.list(
            c,
            "where a.state = 'published' and a.id in (select article from knowledge.version where"
                + " digest = ?)",
            s -> s.setString(1, digest));
    return found.stream().findFirst();
  }

  /**
   * A published article.
   *
   * @throws ChoirException {@code no_such_article}, {@code not_published}
   */
  Article requirePublished(String id) {
    Article article = show(id);
    if (article.state() != Article.State.PUBLISHED) {
      throw ChoirException.usage(
          "not_published",
          "the article " + article.id() + " is " + article.state().word(),
          "choose one that is published");
    }
    return article;
  }
}
