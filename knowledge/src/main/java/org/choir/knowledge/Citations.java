package org.choir.knowledge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.database.Database;

/**
 * Who cites whom, and what it weighs. A citation counts once for each pair of articles; whether the
 * cited text supports the claim is checked here when it is made. Thread-safe.
 */
public final class Citations {
  private static final int CLAIM_MAX = 2_000;

  private final Database database;
  private final Bodies bodies;
  private final InstantSource clock;
  private final ClaimSupport support = new ClaimSupport();

  Citations(Database database, Bodies bodies, InstantSource clock) {
    this.database = database;
    this.bodies = bodies;
    this.clock = clock;
  }

  /** The citations that a report's record names, in the publication's own transaction. */
  void fromReport(Connection c, Article citing, Submission submission) throws SQLException {
    if (submission.record().isEmpty()) {
      return;
    }
    ObjectNode record = submission.record().get().json();
    Map<String, Article> cited = cited(c, record);
    cited.values().removeIf(article -> article.id().equals(citing.id()));
    Set<String> counted = new HashSet<>();
    for (JsonNode claim : record.path("claims")) {
      for (JsonNode evidence : claim.path("evidence")) {
        Article article = cited.get(evidence.path("source").asText());
        String text = claim.path("text").asText();
        // The record came with the text: that it says "supported" is a reason to look, no more.
        if (article != null
            && !counted.contains(article.id())
            && claim.path("verdict").asText().equals("supported")
            && stands(text, submission.text())) {
          ClaimSupport.Found found = support.check(text, body(article));
          if (found.supported()) {
            counted.add(article.id());
            add(c, citing, article, "report", text, found);
          }
        }
      }
    }
  }

  /** The published articles among a record's sources, by the id that the record gives them. */
  static Map<String, Article> cited(Connection c, ObjectNode record) throws SQLException {
    Map<String, Article> cited = new HashMap<>();
    for (JsonNode source : record.path("sources")) {
      Optional<Article> article = Articles.ofDigest(c, source.path("sha256").asText());
      article.ifPresent(a -> cited.put(source.path("id").asText(), a));
    }
    return cited;
  }

  /** Whether the report says this. */
  private static boolean stands(String claim, String report) {
    List<String> words = VisibleText.words(claim);
    String all = " " + String.join(" ", VisibleText.words(report)) + " ";
    return !words.isEmpty() && all.contains(" " + String.join(" ", words) + " ");
  }

  private String body(Article article) {
    String text =
        new String(
            bodies.require(article.version().digest(), "of " + article.id()),
            StandardCharsets.UTF_8);
    return Submission.prose(text, article.version().verification());
  }

  /**
   * Cites by hand. Without a claim that the cited text supports, it is shown and weighs nothing.
   *
   * @param author must be that of the citing article
   * @param claim what is said with it, or empty
   * @throws ChoirException {@code no_such_article}, {@code not_yours}, {@code not_published},
   *     {@code cites_itself}, {@code already_cited}
   */
  public CitationWeights.Weighed cite(String author, String from, String to, String claim) {
    if (from.equals(to)) {
      throw ChoirException.usage("cites_itself", "the article " + from + " cannot cite itself", "");
    }
    String said = claim.length() > CLAIM_MAX ? claim.substring(0, CLAIM_MAX) : claim;
    database.transaction(
        c -> {
          Article citing = published(c, from);
          if (!citing.author().equals(author)) {
            throw ChoirException.usage(
                "not_yours",
                "the article " + from + " is " + citing.author() + "'s",
                "cite from an article of your own");
          }
          Article cited = published(c, to);
          ClaimSupport.Found found = support.check(said, body(cited));
          if (!add(c, citing, cited, "manual", said, found)) {
            throw ChoirException.usage(
                "already_cited", from + " cites " + to + " already", "see: choir kb show " + to);
          }
          return 1;
        });
    return weighed().stream()
        .filter(w -> w.citation().citing().equals(from) && w.citation().cited().equals(to))
        .findFirst()
        .orElseThrow();
  }

  private static Article published(Connection c, String id) throws SQLException {
    return ArticleTable.find(c, id)
        .filter(a -> a.state() == Article.State.PUBLISHED)
        .orElseThrow(
            () ->
                ChoirException.usage(
                    "no_such_article",
                    "there is no published article " + id,
                    "find one with: choir kb search QUESTION"));
  }

  private boolean add(
      Connection c,
      Article citing,
      Article cited,
      String kind,
      String claim,
      ClaimSupport.Found found)
      throws SQLException {
    String id = "c" + Digest.of(citing.id() + " " + cited.id()).prefix(12);
    Instant now = clock.instant();
    boolean added = CitationTable.insert(c, id, citing.id(), cited.id(), kind, claim, found, now);
    if (added) {
      ObjectNode data =
          Json.object()
              .put("citation", id)
              .put("citing", citing.id())
              .put("citing_author", citing.author())
              .put("cited", cited.id())
              .put("cited_author", cited.author())
              .put("kind", kind)
              .put("claim", claim)
              .put("quote", found.quote())
              .put("supported", found.supported());
      ArticleTable.announce(
          c,
          "cited-" + id + (found.supported() ? "-supported" : ""),
          "citation.new." + cited.id(),
          citing.author(),
          "cited",
          data,
          now);
    }
    return added;
  }

  /**
   * Takes a citation back; it stays in the history and weighs nothing, for good.
   *
   * @throws ChoirException {@code no_such_citation}, {@code not_yours}
   */
  public void withdraw(String author, String id) {
    CitationRow row =
        database.transaction(CitationTable::all).stream()
            .filter(r -> r.id().equals(id) && r.withdrawn().isEmpty())
            .findFirst()
            .orElseThrow(
                () ->
                    ChoirException.usage(
                        "no_such_citation", "there is no citation " + id + " that stands", ""));
    if (!row.citingAuthor().equals(author)) {
      throw ChoirException.usage(
          "not_yours", "the citation " + id + " is " + row.citingAuthor() + "'s", "");
    }
    Instant now = clock.instant();
    database.transaction(
        c -> {
          ArticleTable.announce(
              c,
              "uncited-" + id,
              "citation.withdrawn." + row.cited(),
              author,
              "uncited",
              Json.object()
                  .put("citation", id)
                  .put("citing", row.citing())
                  .put("cited", row.cited()),
              now);
          return ArticleTable.update(
              c,
              "update knowledge.citation set withdrawn_at = ? where id = ?",
              s -> {
                s.setTimestamp(1, Timestamp.from(now));
                s.setString(2, id);
              });
        });
  }

  /** All citations with their weights, oldest first. */
  public List<CitationWeights.Weighed> weighed() {
    return database.transaction(
        c -> CitationWeights.of(CitationTable.all(c), CitationTable.frozen(c)));
  }

  /** Each author's share of trust, from the seed accounts along citations that count. */
  public Map<String, Double> trust() {
    return Trust.flow(
        weighed().stream()
            .filter(w -> w.weight() == 1)
            .map(w -> new CitationEdge(w.citation().citingAuthor(), w.citation().citedAuthor(), 1))
            .toList(),
        database.transaction(CitationTable::seeds));
  }

  /**
   * Looks for rings among the authors, freezes the new ones and returns them. Freezing takes the
   * weight of citations inside a ring until a person decides; nothing else happens to anybody.
   */
  List<Ring> findRings() {
    List<CitationRow> all = database.transaction(CitationTable::all);
    Map<String, Double> weights = new HashMap<>();
    for (CitationRow row : all) {
      if (row.withdrawn().isEmpty() && !row.citingAuthor().equals(row.citedAuthor())) {
        weights.merge(row.citingAuthor() + "\n" + row.citedAuthor(), 1.0, Double::sum);
      }
    }
    List<CitationEdge> edges = new ArrayList<>();
    weights.forEach(
        (ends, weight) -> {
          int cut = ends.indexOf('\n');
          edges.add(new CitationEdge(ends.substring(0, cut), ends.substring(cut + 1), weight));
        });
    List<Ring> fresh = new ArrayList<>();
    for (Ring ring : RingDetector.rings(edges)) {
      String id = "ring-" + Digest.of(String.join("\n", ring.members())).prefix(10);
      boolean added =
          database.transaction(
              c -> {
                ObjectNode evidence = evidence(ring);
                Instant now = clock.instant();
                boolean fresher = CitationTable.freeze(c, id, ring.members(), evidence, now);
                if (fresher) {
                  tell(c, id, ring, now);
                }
                return fresher;
              });
      if (added) {
        fresh.add(ring);
      }
    }
    return fresh;
  }

  /** Everyone in it is told, in their own name. */
  private static void tell(Connection c, String id, Ring ring, Instant now) throws SQLException {
    for (String member : ring.members()) {
      ArticleTable.announce(
          c,
          "frozen-" + id + "-" + member,
          "citation.frozen." + id,
          member,
          "ring_frozen",
          Json.object()
              .put("ring", id)
              .put("members", ring.members().size())
              .put("inside", Math.round(ring.inside()))
              .put("expected", String.format(Locale.ROOT, "%.1f", ring.expected()))
              .put("p", String.format(Locale.ROOT, "%.2g", ring.p())),
          now);
    }
  }

  private static ObjectNode evidence(Ring ring) {
    ObjectNode json =
        Json.object()
            .put("p", ring.p())
            .put("inside", ring.inside())
            .put("expected", ring.expected());
    ArrayNode members = json.putArray("members");
    for (Ring.Role role : ring.roles()) {
      members
          .addObject()
          .put("author", role.member())
          .put("gives", role.gives())
          .put("receives", role.receives());
    }
    return json;
  }

  /** All rings found, with their evidence and what was decided, newest first. */
  public List<ObjectNode> rings() {
    return database.transaction(CitationTable::rings);
  }

  /**
   * Lets a ring's citations count again; it is not frozen a second time.
   *
   * @throws ChoirException {@code no_such_ring}
   */
  void release(String ring, String by) {
    Instant now = clock.instant();
    int changed =
        database.transaction(
            c -> {
              int rows =
                  ArticleTable.update(
                      c,
                      "update knowledge.ring set state = 'released', decided_by = ?, decided_at = ?"
                          + " where id = ? and state = 'frozen'",
                      s -> {
                        s.setString(1, by);
                        s.setTimestamp(2, Timestamp.from(now));
                        s.setString(3, ring);
                      });
              if (rows > 0) {
                ArticleTable.announce(
                    c,
                    "released-" + ring,
                    "citation.released." + ring,
                    by,
                    "ring_released",
                    Json.object().put("ring", ring),
                    now);
              }
              return rows;
            });
    if (changed == 0) {
      throw ChoirException.usage(
          "no_such_ring", "there is no frozen ring " + ring, "list them with: choir kb rings");
    }
  }
}
