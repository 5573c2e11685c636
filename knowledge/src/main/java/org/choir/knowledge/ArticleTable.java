package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.choir.core.Digest;
import org.choir.core.Json;

/**
 * The statements over the tables of articles and their outbox, each in its caller's transaction.
 */
final class ArticleTable {
  private static final String SELECT =
      "select a.*, v.* from knowledge.article a join knowledge.version v"
          + " on v.article = a.id and v.number = a.latest ";

  private ArticleTable() {}

  /** Sets the parameters of a statement. */
  @FunctionalInterface
  interface Parameters {
    void set(PreparedStatement statement) throws SQLException;
  }

  static int update(Connection c, String sql, Parameters parameters) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      parameters.set(statement);
      return statement.executeUpdate();
    }
  }

  static long number(Connection c, String sql, Parameters parameters) throws SQLException {
    try (PreparedStatement statement = c.prepareStatement(sql)) {
      parameters.set(statement);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? rows.getLong(1) : -1;
      }
    }
  }

  static long nextSeq(Connection c) throws SQLException {
    return number(c, "select nextval(pg_get_serial_sequence('knowledge.article', 'seq'))", s -> {});
  }

  static void insert(Connection c, Article article, String key) throws SQLException {
    update(
        c,
        "insert into knowledge.article (seq, id, author, field, state, review, stake,"
            + " stake_returned, score, reason, nearest, model, published_at, key)"
            + " overriding system value values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?)",
        s -> {
          s.setLong(1, article.seq());
          s.setString(2, article.id());
          s.setString(3, article.author());
          s.setString(4, article.field());
          s.setString(5, article.state().word());
          s.setString(6, article.review().word());
          s.setInt(7, article.stake());
          s.setBoolean(8, article.stakeReturned());
          s.setInt(9, article.score());
          s.setString(10, article.reason());
          s.setString(11, Json.write(pairs(article.nearest())));
          s.setString(12, article.model());
          s.setTimestamp(13, Timestamp.from(article.publishedAt()));
          s.setString(14, key.isEmpty() ? null : key);
        });
    insert(c, article.id(), article.version());
  }

  static void insert(Connection c, String article, Article.Version version) throws SQLException {
    ArrayNode sources = Json.array();
    version.sources().forEach(sources::add);
    update(
        c,
        "insert into knowledge.version (article, number, digest, title, words, sources,"
            + " verification, at) values (?, ?, ?, ?, ?, ?::jsonb, ?::jsonb, ?)",
        s -> {
          s.setString(1, article);
          s.setInt(2, version.number());
          s.setString(3, version.digest().hex());
          s.setString(4, version.title());
          s.setInt(5, version.words());
          s.setString(6, Json.write(sources));
          s.setString(7, version.verification().map(VerificationRecord::text).orElse(null));
          s.setTimestamp(8, Timestamp.from(version.at()));
        });
  }

  static Optional<Article> find(Connection c, String id) throws SQLException {
    List<Article> found = list(c, "where a.id = ?", s -> s.setString(1, id));
    return found.isEmpty() ? Optional.empty() : Optional.of(found.getFirst());
  }

  /** The articles that a condition names, in the order of submission. */
  static List<Article> list(Connection c, String condition, Parameters parameters)
      throws SQLException {
    List<Article> found = new ArrayList<>();
    try (PreparedStatement s = c.prepareStatement(SELECT + condition + " order by a.seq")) {
      parameters.set(s);
      try (ResultSet row = s.executeQuery()) {
        while (row.next()) {
          found.add(article(row));
        }
      }
    }
    return found;
  }

  private static Article article(ResultSet row) throws SQLException {
    List<NoveltyScore.Pair> nearest = new ArrayList<>();
    for (JsonNode pair : Json.parse(row.getString("nearest"))) {
      nearest.add(
          new NoveltyScore.Pair(
              pair.path("passage").asText(),
              pair.path("article").asText(),
              pair.path("theirs").asText(),
              pair.path("distance").asDouble()));
    }
    String reviewer = row.getString("reviewer");
    return new Article(
        row.getLong("seq"),
        row.getString("id"),
        row.getString("author"),
        row.getString("field"),
        Article.State.valueOf(row.getString("state").toUpperCase(Locale.ROOT)),
        Article.Review.valueOf(row.getString("review").toUpperCase(Locale.ROOT)),
        reviewer == null ? "" : reviewer,
        row.getInt("stake"),
        row.getBoolean("stake_returned"),
        row.getInt("boost"),
        row.getInt("score"),
        row.getString("reason"),
        nearest,
        row.getString("model"),
        row.getTimestamp("published_at").toInstant(),
        version(row));
  }

  static List<Article.Version> versions(Connection c, String article) throws SQLException {
    List<Article.Version> found = new ArrayList<>();
    try (PreparedStatement s =
        c.prepareStatement("select * from knowledge.version where article = ? order by number")) {
      s.setString(1, article);
      try (ResultSet row = s.executeQuery()) {
        while (row.next()) {
          found.add(version(row));
        }
      }
    }
    return found;
  }

  private static Article.Version version(ResultSet row) throws SQLException {
    List<String> sources = new ArrayList<>();
    Json.parse(row.getString("sources")).forEach(s -> sources.add(s.asText()));
    String record = row.getString("verification");
    return new Article.Version(
        row.getInt("number"),
        new Digest(row.getString("digest")),
        row.getString("title"),
        row.getInt("words"),
        sources,
        Optional.ofNullable(record).map(VerificationRecord::parse),
        row.getTimestamp("at").toInstant());
  }

  private static ArrayNode pairs(List<NoveltyScore.Pair> pairs) {
    ArrayNode array = Json.array();
    for (NoveltyScore.Pair pair : pairs) {
      array
          .addObject()
          .put("passage", pair.passage())
          .put("article", pair.article())
          .put("theirs", pair.theirs())
          .put("distance", pair.distance());
    }
    return array;
  }

  /** Puts an event into the outbox, to be sent after the commit. */
  static void announce(
      Connection c,
      String id,
      String subject,
      String tenant,
      String type,
      ObjectNode data,
      Instant at)
      throws SQLException {
    update(
        c,
        "insert into knowledge.outbox (id, subject, tenant, type, data, at)"
            + " values (?, ?, ?, ?, ?::jsonb, ?)",
        s -> {
          s.setString(1, id);
          s.setString(2, subject);
          s.setString(3, tenant);
          s.setString(4, type);
          s.setString(5, Json.write(data));
          s.setTimestamp(6, Timestamp.from(at));
        });
  }
}
