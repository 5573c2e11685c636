package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding articles, rebuilding the index, and who is told; in order. */
class KnowledgeBaseTest extends KnowledgeBaseHouse {
  private String lighthouse = "";
  private String bread = "";

  KnowledgeBaseTest(@TempDir Path folder) {
    super(folder);
  }

  @Test
  @Order(1)
  void twoArticlesAreThere() {
    lighthouse = publishLighthouse();
    bread = publishBread();
    assertThat(base.articles().published())
        .extracting(Article::id)
        .containsExactly(lighthouse, bread);
  }

  @Test
  @Order(2)
  void aSearchFindsTheArticleItsPassageAndItsPlace() {
    ArticleSearch.Answer answer =
        base.search().search("why curtains around the lantern", PassageIndex.Filter.ALL, 10);
    ArticleSearch.Found first = answer.found().getFirst();
    assertThat(first.article().id()).isEqualTo(lighthouse);
    assertThat(first.passage().section()).isEqualTo("Upkeep");
    assertThat(first.passage().locator()).isEqualTo("line=7");
    assertThat(first.snippet()).contains("They drew curtains around the lantern by day");
    assertThat(answer.fields()).containsEntry("optics", 1);
    assertThat(
            base.search()
                .search(
                    "curtains around the lantern",
                    new PassageIndex.Filter(
                        Set.of("baking"), Set.of(), Long.MIN_VALUE, Long.MAX_VALUE),
                    10)
                .found())
        .extracting(f -> f.article().field())
        .doesNotContain("optics");
  }

  @Test
  @Order(3)
  void aRebuiltIndexIsRowForRowTheSame() throws IOException, InterruptedException {
    base.awaitBackground();
    assertThat(base.differences()).isEmpty();
    base.close();
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder.resolve("indexes"))) {
      all.filter(Files::isRegularFile).forEach(files::add);
    }
    for (Path file : files) {
      Files.delete(file);
    }
    base = open();
    base.awaitBackground();
    assertThat(base.differences()).isEmpty();
    assertThat(base.rebuild((done, of) -> {}).path("differing").asInt()).isZero();
    assertThat(
            base.search()
                .search("how often a starter needs feeding", PassageIndex.Filter.ALL, 1)
                .found())
        .singleElement()
        .satisfies(f -> assertThat(f.article().id()).isEqualTo(bread));
  }

  @Test
  @Order(4)
  void stakeAndBoostNeverLiftWhatIsIrrelevant() {
    assertThat(ArticleSearch.order(0.5, 1, 1_000, 500))
        .isLessThan(ArticleSearch.order(0.6, 1, 10, 0));
    assertThat(ArticleSearch.order(0.2, 1, 1_000, 1_000_000)).isEqualTo(0.2);
    assertThat(ArticleSearch.order(0.9, 1, 100, 50))
        .isGreaterThan(ArticleSearch.order(0.9, 1, 100, 0));
    base.boost(bread, "ada", 500);
    assertThat(
            base.search()
                .search("focal distance of a Fresnel lens", PassageIndex.Filter.ALL, 5)
                .found()
                .getFirst()
                .article()
                .id())
        .isEqualTo(lighthouse);
    requireFails(() -> base.boost(bread, "ada", 0), "bad_boost");
  }

  @Test
  @Order(5)
  void everyActIsInTheChainOfWhoseItWasOnceAndInOrder() {
    base.revise(
        lighthouse, submission("ada", "optics", LIGHTHOUSE + "\nThe oil was brought by sea.\n"));
    base.cite("editor", bread, lighthouse, "");
    base.withdraw(bread, "editor");
    assertThat(chain.stream().filter(e -> e.data().path("article").asText().equals(lighthouse)))
        .extracting(AuditEvent::kind)
        .containsExactly("article.published", "article.reviewed", "article.revised");
    assertThat(chain).extracting(AuditEvent::kind).contains("article.withdrawn", "article.boosted");
    assertThat(chain.stream().filter(e -> e.kind().equals("article.cited")))
        .allSatisfy(
            e -> {
              assertThat(e.tenant().value()).isEqualTo("editor");
              assertThat(e.data().path("by").asText()).isEqualTo("user:" + e.tenant());
            });
    assertThat(chain).extracting(AuditEvent::id).doesNotHaveDuplicates();
    assertThat(chain).extracting(e -> Long.parseLong(e.id().split(":", -1)[2])).isSorted();
  }

  @Test
  @Order(6)
  void nobodyHearsOfWhatTheChainDoesNotTakeUntilItDoes() {
    AtomicBoolean down = new AtomicBoolean(true);
    Outbox outbox =
        new Outbox(
            database,
            event -> {
              if (down.get()) {
                throw ChoirException.fatal("log_damaged", "the chain is not what it was", "");
              }
              chain.add(event);
            },
            backbone.events());
    database.transaction(
        c -> {
          ArticleTable.announce(
              c,
              "boosted-test",
              "kb.boost." + bread,
              "ada",
              "boosted",
              Json.object().put("article", bread).put("chip", 7),
              now);
          return 1;
        });
    requireFails(outbox::drain, "log_damaged");
    assertThat(events("boosted")).noneMatch(e -> e.id().equals("boosted-test"));
    down.set(false);
    assertThat(outbox.drain()).isEqualTo(1);
    assertThat(events("boosted")).anyMatch(e -> e.id().equals("boosted-test"));
    assertThat(chain.getLast().data().path("chip").asInt()).isEqualTo(7);
  }
}
