package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.database.Database;

/**
 * What authors do: novelty decides at the door, the event of an act is written in the act's own
 * transaction. One publication at a time, so that of two twins the first wins. Thread-safe.
 */
final class Publishing {
  private final Database database;
  private final Bodies bodies;
  private final Articles articles;
  private final NoveltyDesk desk;
  private final Citations citations;
  private final InstantSource clock;

  Publishing(
      Database database,
      Bodies bodies,
      Articles articles,
      NoveltyDesk desk,
      Citations citations,
      InstantSource clock) {
    this.database = database;
    this.bodies = bodies;
    this.articles = articles;
    this.desk = desk;
    this.citations = citations;
    this.clock = clock;
  }

  /**
   * Publishes an article. Novelty 0 rejects it and gives the stake back; 1 to 19 publishes it
   * without reward; the first of its field, or of the knowledge base, is published and pays nothing
   * before a review. A submission whose key was seen before is answered with its article.
   */
  synchronized Article publish(Submission submission) {
    Optional<Article> before = ofKey(submission);
    if (before.isPresent()) {
      return before.get();
    }
    Instant now = clock.instant();
    Digest digest = Digest.of(submission.text());
    NoveltyScore score = judge(submission, now);
    boolean rejected = score.score() == 0;
    bodies.put(digest, submission.text().getBytes(StandardCharsets.UTF_8));
    Article article =
        database.transaction(
            c -> {
              long seq = ArticleTable.nextSeq(c);
              String id = "a" + Digest.of("article " + seq + " " + digest).prefix(12);
              Article made =
                  new Article(
                      seq,
                      id,
                      submission.author(),
                      submission.field(),
                      rejected ? Article.State.REJECTED : Article.State.PUBLISHED,
                      score.review() && !rejected ? Article.Review.PENDING : Article.Review.NONE,
                      "",
                      submission.stake(),
                      rejected,
                      0,
                      score.score(),
                      score.reason(),
                      score.nearest(),
                      desk.judgedBy(),
                      now,
                      version(submission, 1, digest, now));
              ArticleTable.insert(c, made, submission.key());
              if (!rejected) {
                announce(c, made, "kb.publish.new", "published");
                citations.fromReport(c, made, submission);
              }
              return made;
            });
    if (!rejected) {
      desk.accepted(
          new NoveltyArticle(
              article.id(), submission.author(), submission.field(), submission.prose()));
    }
    return article;
  }

  /** What a publication would find now; nothing is published. */
  NoveltyScore judge(Submission submission) {
    return judge(submission, clock.instant());
  }

  private NoveltyScore judge(Submission submission, Instant now) {
    return desk.judge(
        new NoveltyArticle(
            "submission", submission.author(), submission.field(), ownWords(submission)),
        now);
  }

  private String ownWords(Submission submission) {
    return submission.ownWords(
        submission.record().isEmpty()
            ? Set.of()
            : database.transaction(
                c -> Citations.cited(c, submission.record().get().json()).keySet()));
  }

  private Optional<Article> ofKey(Submission submission) {
    return submission.key().isEmpty()
        ? Optional.empty()
        : database
            .transaction(
                c -> ArticleTable.list(c, "where a.key = ?", s -> s.setString(1, submission.key())))
            .stream()
            .findFirst();
  }

  private static Article.Version version(
      Submission submission, int number, Digest digest, Instant now) {
    return new Article.Version(
        number,
        digest,
        submission.title(),
        VisibleText.of(submission.prose()).words().size(),
        submission.sources(),
        submission.record(),
        now);
  }

  private static void announce(Connection c, Article a, String subject, String type)
      throws SQLException {
    ObjectNode data =
        Json.object()
            .put("article", a.id())
            .put("version", a.version().number())
            .put("author", a.author())
            .put("field", a.field())
            .put("title", a.version().title())
            .put("digest", a.version().digest().hex())
            .put("stake", a.stake())
            .put("score", a.score())
            .put("reason", a.reason())
            .put("review", a.review().word())
            .put("eligible", a.eligible());
    ArticleTable.announce(
        c,
        type + "-" + a.id() + "-" + a.version().number(),
        subject,
        a.author(),
        type,
        data,
        a.version().at());
  }

  /**
   * Adds a version. The score stays that of the first: a revision cannot make an article new again.
   * It is refused if it is a copy of another article, or no prose.
   *
   * @throws ChoirException {@code no_such_article}, {@code not_yours}, {@code not_published},
   *     {@code unchanged}, {@code revision_refused}
   */
  synchronized Article revise(String id, Submission revision) {
    Article before = own(id, revision.author());
    Digest digest = Digest.of(revision.text());
    if (digest.equals(before.version().digest())) {
      throw ChoirException.usage(
          "unchanged", "this is what version " + before.version().number() + " says already", "");
    }
    Instant now = clock.instant();
    NoveltyScore score =
        desk.judge(
            new NoveltyArticle("revision", before.author(), before.field(), ownWords(revision)),
            now);
    boolean foreign =
        score.score() == 0
            && (score.nearest().isEmpty()
                || !score.nearest().getFirst().article().equals(before.id()));
    if (foreign) {
      throw ChoirException.usage(
          "revision_refused",
          "the revision of " + id + " is refused: " + score.reason(),
          "write what belongs to this article");
    }
    bodies.put(digest, revision.text().getBytes(StandardCharsets.UTF_8));
    Article after =
        database.transaction(
            c -> {
              int number = before.version().number() + 1;
              ArticleTable.insert(c, id, version(revision, number, digest, now));
              ArticleTable.update(
                  c,
                  "update knowledge.article set latest = ? where id = ?",
                  s -> {
                    s.setInt(1, number);
                    s.setString(2, id);
                  });
              Article made = ArticleTable.find(c, id).orElseThrow();
              announce(c, made, "kb.publish.revised", "revised");
              citations.fromReport(c, made, revision);
              return made;
            });
    desk.accepted(new NoveltyArticle(id, before.author(), before.field(), revision.prose()));
    return after;
  }

  /**
   * Takes an article back: no longer found or cited; its versions stay, and count as earlier text.
   *
   * @throws ChoirException {@code no_such_article}, {@code not_yours}, {@code not_published}
   */
  synchronized Article withdraw(String id, String author) {
    own(id, author);
    return database.transaction(
        c -> {
          ArticleTable.update(
              c,
              "update knowledge.article set state = 'withdrawn' where id = ?",
              s -> s.setString(1, id));
          Article made = ArticleTable.find(c, id).orElseThrow();
          announce(c, made, "kb.publish.withdrawn", "withdrawn");
          return made;
        });
  }

  private Article own(String id, String author) {
    Article article = articles.requirePublished(id);
    if (!article.author().equals(author)) {
      throw ChoirException.usage(
          "not_yours", "the article " + id + " is " + article.author() + "'s", "");
    }
    return article;
  }
}
