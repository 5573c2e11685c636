package org.choir.knowledge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.database.Database;

/**
 * Publishing: novelty decides at the door, PostgreSQL has the truth, the event of an act is written
 * in the act's own transaction. One publication at a time, so that of two twins the first wins.
 * Thread-safe.
 */
public final class Articles {
  private static final int BOOST_MAX = 500;
  private static final Pattern ACCOUNT = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

  private final Database database;
  private final Bodies bodies;
  private final NoveltyDesk desk;
  private final Citations citations;
  private final Set<String> reviewers;
  private final InstantSource clock;

  Articles(
      Database database,
      Bodies bodies,
      NoveltyDesk desk,
      Citations citations,
      Set<String> reviewers,
      InstantSource clock) {
    this.database = database;
    this.bodies = bodies;
    this.desk = desk;
    this.citations = citations;
    this.reviewers = Set.copyOf(reviewers);
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
    NoveltyArticle judged =
        new NoveltyArticle(
            "submission", submission.author(), submission.field(), ownWords(submission));
    NoveltyScore score = desk.judge(judged, now);
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
    Article before = own(id, revision.author(), true);
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

  private Article own(String id, String author, boolean published) {
    Article article = show(id);
    if (!article.author().equals(author)) {
      throw ChoirException.usage(
          "not_yours", "the article " + id + " is " + article.author() + "'s", "");
    }
    if (published) {
      requirePublished(article);
    }
    return article;
  }

  private static void requirePublished(Article article) {
    if (article.state() != Article.State.PUBLISHED) {
      throw ChoirException.usage(
          "not_published",
          "the article " + article.id() + " is " + article.state().word(),
          "choose one that is published");
    }
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
    requirePublished(show(id));
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
   * Takes an article back: no longer found or cited; its versions stay, and count as earlier text.
   *
   * @throws ChoirException {@code no_such_article}, {@code not_yours}, {@code not_published}
   */
  synchronized Article withdraw(String id, String author) {
    own(id, author, true);
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

  /**
   * Decides a review; nobody decides their own.
   *
   * @throws ChoirException {@code no_such_article}, {@code no_review}, {@code not_a_reviewer},
   *     {@code own_article}
   */
  synchronized Article review(String id, String reviewer, boolean accept) {
    Article article = show(id);
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

  /** See {@link KnowledgeBase#account}. */
  void account(String name, String owner, boolean seed, String by) {
    for (String account : List.of(name, owner)) {
      if (!ACCOUNT.matcher(account).matches()) {
        throw ChoirException.usage(
            "bad_account",
            "'" + account + "' is not the name of an account",
            "use letters, digits and . _ @ -, at most 64");
      }
    }
    Instant now = clock.instant();
    database.transaction(
        c -> {
          ArticleTable.announce(
              c,
              "account-" + name + "-" + now.toEpochMilli(),
              "kb.account." + Digest.of(name).prefix(12),
              by,
              "account",
              Json.object().put("account", name).put("owner", owner).put("seed", seed),
              now);
          return ArticleTable.update(
              c,
              "insert into knowledge.account (name, owner, seed) values (?, ?, ?)"
                  + " on conflict (name) do update set owner = excluded.owner, seed ="
                  + " excluded.seed",
              s -> {
                s.setString(1, name);
                s.setString(2, owner);
                s.setBoolean(3, seed);
              });
        });
  }
}
