package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The nightly search for rings over the tables: freezes once, shows why, and lets go for good. */
class RingJobTest {
  private static final List<String> RING =
      IntStream.of(61, 67, 73, 79, 85).mapToObj(a -> PlantedCitations.name(1, a)).toList();

  private Instant now = Instant.parse("2026-11-21T02:00:00Z");

  @Test
  void aPlantedRingIsFrozenOnceWithItsReasonsAndNotAgainAfterItsRelease(@TempDir Path folder) {
    try (Database database = Database.open(new Database.Embedded(folder.resolve("postgres")))) {
      database.migrate("knowledge");
      plant(database, new PlantedCitations(8, 3, 100).ring(RING, 4).edges);
      Citations citations =
          new Citations(database, new FolderBodies(folder.resolve("bodies")), () -> now);

      List<Ring> found = citations.findRings();
      assertThat(found).hasSize(1);
      assertThat(found.getFirst().members()).containsExactlyInAnyOrderElementsOf(RING);
      assertThat(citations.rings())
          .singleElement()
          .satisfies(
              ring -> {
                assertThat(ring.path("state").asText()).isEqualTo("frozen");
                assertThat(ring.toString()).contains("expected").contains(RING.getFirst());
              });

      now = now.plusSeconds(86_400);
      assertThat(citations.findRings()).as("the next night").isEmpty();
      assertThat(citations.rings()).hasSize(1);

      citations.release(citations.rings().getFirst().path("id").asText(), "editor");
      now = now.plusSeconds(86_400);
      assertThat(citations.findRings()).as("after a person has looked").isEmpty();
      assertThat(citations.rings().getFirst().path("state").asText()).isEqualTo("released");
    }
  }

  /** One article of each author is cited; each citation comes from an article of its own. */
  private static void plant(Database database, List<CitationEdge> edges) {
    database.transaction(
        c -> {
          Set<String> authors = new HashSet<>();
          try (PreparedStatement article = article(c);
              PreparedStatement citation =
                  c.prepareStatement(
                      "insert into knowledge.citation (id, citing, cited, kind, claim, quote,"
                          + " supported, why, at) values (?, ?, ?, 'manual', 'c', 'q', true, '',"
                          + " now())")) {
            for (CitationEdge edge : edges) {
              authors.add(edge.source());
              authors.add(edge.target());
            }
            for (String author : authors) {
              add(article, "main-" + author, author);
            }
            int n = 0;
            for (CitationEdge edge : edges) {
              for (int i = 0; i < edge.weight(); i++) {
                add(article, "a" + n, edge.source());
                citation.setString(1, "c" + n);
                citation.setString(2, "a" + n);
                citation.setString(3, "main-" + edge.target());
                citation.addBatch();
                n++;
              }
            }
            article.executeBatch();
            citation.executeBatch();
          }
          return authors.size();
        });
  }

  private static PreparedStatement article(Connection c) throws java.sql.SQLException {
    return c.prepareStatement(
        "insert into knowledge.article (id, author, field, state, review, stake, score, reason,"
            + " nearest, model, published_at) values (?, ?, 'f', 'published', 'none', 100, 50, 'ok',"
            + " '[]', 'm', now())");
  }

  private static void add(PreparedStatement article, String id, String author)
      throws java.sql.SQLException {
    article.setString(1, id);
    article.setString(2, author);
    article.addBatch();
  }
}
