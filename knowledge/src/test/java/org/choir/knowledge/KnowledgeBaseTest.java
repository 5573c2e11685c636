package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.backbone.Backbone;
import org.choir.backbone.PublicEvents;
import org.choir.core.AuditEvent;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.database.Database;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.lucene.PassageLucene;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The life of articles over real PostgreSQL, NATS and Lucene, told in order. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KnowledgeBaseTest {
  private static final String LIGHTHOUSE =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years.

      ## Upkeep

      Keepers polished each prism with rouge and spirits every morning. They drew curtains around \
      the lantern by day, because the sun shining backwards through the glass could set fire to \
      the oil and crack the burner below it.
      """;

  private static final String BREAD =
      """
      # Bread in a cold kitchen

      A starter that is kept in a cold room needs about three days between one feeding and the \
      next. The dough which is made with it rises more slowly than it does in the summer, so \
      that the bread is flat and heavy unless the baker has given it the whole of the night \
      and a little more flour than the book says.

      Rye flour helps, since its enzymes free sugar from starch even when the room is cold, \
      and a bowl that is made of wood will lose less of its warmth in the night than one of \
      steel. Some of the bakers take the bowl with them to bed, and others have put it near \
      the stove when the fire has gone out.
      """;

  private final Path folder;
  private final Database database;
  private final Backbone backbone;
  private final FolderBodies bodies;
  private final HashedWords embedder = new HashedWords();
  private Instant now = Instant.parse("2026-11-21T08:00:00Z");
  private final List<AuditEvent> chain = new CopyOnWriteArrayList<>();
  private KnowledgeBase base;
  private String lighthouse = "";
  private String bread = "";

  KnowledgeBaseTest(@TempDir Path folder) {
    this.folder = folder;
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    this.backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system());
    this.bodies = new FolderBodies(folder.resolve("bodies"));
    this.base = open();
  }

  private KnowledgeBase open() {
    PassageLucene index = PassageLucene.open(folder.resolve("index"));
    InstantSource clock = () -> now;
    return new KnowledgeBase(
        database,
        bodies,
        chain::add,
        backbone.events(),
        embedder,
        index,
        index,
        Set.of("editor", "reader"),
        clock);
  }

  @AfterAll
  void stop() {
    base.close();
    backbone.close();
    database.close();
  }

  private static Submission submission(String author, String field, String text) {
    return new Submission(author, field, text, Optional.empty(), Submission.STAKE);
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private List<PublicEvents.Event> events(String type) {
    return backbone.events().after(0, 1_000).stream().filter(e -> e.type().equals(type)).toList();
  }

  @Test
  @Order(1)
  void theFirstArticleOfAFieldIsPublishedAndPaysOnlyAfterAReview() {
    Article article = base.publish(submission("ada", "Optics", LIGHTHOUSE));
    lighthouse = article.id();
    assertThat(article.state()).isEqualTo(Article.State.PUBLISHED);
    assertThat(article.field()).isEqualTo("optics");
    assertThat(article.version().title()).isEqualTo("Lighthouse lenses");
    assertThat(article.review()).isEqualTo(Article.Review.PENDING);
    assertThat(article.reason()).startsWith("no_reference: ");
    assertThat(article.eligible()).isFalse();

    requireFails(() -> base.review(lighthouse, "ada", true), "not_a_reviewer");
    Article reviewed = base.review(lighthouse, "editor", true);
    assertThat(reviewed.eligible()).isTrue();
    requireFails(() -> base.review(lighthouse, "editor", false), "no_review");
    assertThat(events("reviewed"))
        .singleElement()
        .satisfies(
            e -> {
              assertThat(e.subject()).isEqualTo("kb.review." + lighthouse);
              assertThat(e.data().path("decision").asText()).isEqualTo("accepted");
            });
  }

  @Test
  @Order(2)
  void nobodyReviewsTheirOwnArticle() {
    Article own = base.publish(submission("editor", "baking", BREAD));
    bread = own.id();
    requireFails(() -> base.review(bread, "editor", true), "own_article");
    base.review(bread, "reader", true);
  }

  @Test
  @Order(3)
  void aCopyIsRejectedAndItsStakeGivenBackAndNobodyIsTold() {
    Article copy = base.publish(submission("bob", "optics", LIGHTHOUSE + "\nEnd.\n"));
    assertThat(copy.state()).isEqualTo(Article.State.REJECTED);
    assertThat(copy.stakeReturned()).isTrue();
    assertThat(copy.score()).isZero();
    assertThat(copy.reason()).startsWith("copied: ");
    assertThat(copy.nearest().getFirst().article()).isEqualTo(lighthouse);
    assertThat(events("published"))
        .extracting(e -> e.data().path("article").asText())
        .containsExactly(lighthouse, bread);
    assertThat(events("published"))
        .allSatisfy(e -> assertThat(e.subject()).isEqualTo("kb.publish.new"));
  }

  @Test
  @Order(4)
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
  @Order(5)
  void aRevisionIsANewVersionWithTheOldScoreAndTheOldVersionNeverChanges() {
    now = now.plusSeconds(60);
    String text =
        LIGHTHOUSE
            + "\nElectric lamps took the place of the oil in the last years of the century, and the"
            + " keepers who had lived in the tower went home to their families.\n";
    Article revised = base.revise(lighthouse, submission("ada", "optics", text));
    assertThat(revised.version().number()).isEqualTo(2);
    assertThat(revised.score()).isEqualTo(base.articles().show(lighthouse).score());
    assertThat(revised.review()).isEqualTo(Article.Review.ACCEPTED);
    assertThat(base.articles().versions(lighthouse))
        .extracting(v -> base.articles().body(v))
        .containsExactly(LIGHTHOUSE, text);
    assertThat(
            base.search()
                .search("when electric lamps took the place of oil", PassageIndex.Filter.ALL, 1)
                .found()
                .getFirst()
                .passage()
                .version())
        .isEqualTo(2);
    requireFails(() -> base.revise(lighthouse, submission("ada", "optics", text)), "unchanged");
    requireFails(() -> base.revise(lighthouse, submission("bob", "optics", BREAD)), "not_yours");
    requireFails(
        () -> base.revise(lighthouse, submission("ada", "optics", BREAD)), "revision_refused");
    requireFails(
        () ->
            database.transaction(
                c -> {
                  try (var s = c.createStatement()) {
                    return s.executeUpdate("update knowledge.version set title = 'other'");
                  } catch (SQLException e) {
                    throw e;
                  }
                }),
        "database_constraint");
  }

  @Test
  @Order(6)
  void aManualCitationWeighsOnlyWithAClaimThatTheCitedTextSupports() {
    CitationWeights.Weighed empty = base.cite("editor", bread, lighthouse, "");
    assertThat(empty.weight()).isZero();
    assertThat(empty.reason()).startsWith("not_supported: no_claim");
    CitationWeights.Weighed weighed =
        base.cite(
            "editor",
            bread,
            lighthouse,
            "A Fresnel lens of the first order has a focal distance of 920 millimetres.");
    assertThat(weighed.reason()).isEmpty();
    assertThat(weighed.weight()).isEqualTo(1);
    assertThat(weighed.citation().quote()).contains("920 millimetres");
    assertThat(events("cited"))
        .allSatisfy(e -> assertThat(e.subject()).isEqualTo("citation.new." + lighthouse));
    requireFails(() -> base.cite("editor", bread, lighthouse, "It is 920."), "already_cited");
    requireFails(() -> base.cite("editor", bread, bread, ""), "cites_itself");
    requireFails(() -> base.cite("ada", bread, lighthouse, ""), "not_yours");
  }

  @Test
  @Order(7)
  void aReportCitesWithClaimsThatHoldHereWhateverItsRecordSays() {
    String claim = "Rye flour helps, since its enzymes free sugar from starch.";
    String text =
        "# Ovens of the north\n\n"
            + claim
            + " The lens of Cordouan was lit in 1923.\n\nStoves made of soapstone give their heat"
            + " back through a long winter night, and people in villages by the coast have baked"
            + " on them twice a week since their grandparents built the first ones of local"
            + " rock. The stone is cut in blocks which a mason sets without any mortar, so that"
            + " the whole of it can grow and shrink with the heat and never breaks. A good stove"
            + " is lit in the evening, burns for about two hours, and keeps the kitchen warm until"
            + " the next afternoon, which is why many people sleep on the bench beside it when"
            + " the snow lies deep in front of the door.\n";
    var record = Json.object().put("schema", VerificationRecord.SCHEMA);
    record.putObject("report").put("sha256", Digest.of(text).hex());
    var sources = record.putArray("sources");
    var claims = record.putArray("claims");
    for (String id : List.of(lighthouse, bread)) {
      sources
          .addObject()
          .put("id", id)
          .put("sha256", base.articles().show(id).version().digest().hex());
    }
    claims
        .addObject()
        .put("text", claim)
        .put("verdict", "supported")
        .putArray("evidence")
        .addObject()
        .put("source", bread);
    claims
        .addObject()
        .put("text", "The lens of Cordouan was lit in 1923.")
        .put("verdict", "supported")
        .putArray("evidence")
        .addObject()
        .put("source", lighthouse);
    Article report =
        base.publish(
            new Submission(
                "cleo",
                "baking",
                text,
                Optional.of(VerificationRecord.parse(Json.write(record))),
                50));
    assertThat(
            base.citations().weighed().stream()
                .filter(w -> w.citation().citing().equals(report.id())))
        .singleElement()
        .satisfies(
            w -> {
              assertThat(w.citation().cited()).isEqualTo(bread);
              assertThat(w.citation().kind()).isEqualTo("report");
              // It is the first of its kind and has not been reviewed.
              assertThat(w.reason()).startsWith("under_review: ");
            });
  }

  @Test
  @Order(8)
  void aWithdrawnArticleIsNoLongerFoundAndItsTextStillCounts() {
    Article text = base.publish(submission("dora", "sailing", sailing()));
    base.withdraw(text.id(), "dora");
    assertThat(base.search().search("reefing a gaff mainsail", PassageIndex.Filter.ALL, 10).found())
        .extracting(f -> f.article().id())
        .doesNotContain(text.id());
    assertThat(base.publish(submission("eve", "sailing", sailing())).state())
        .isEqualTo(Article.State.REJECTED);
  }

  private static String sailing() {
    return "# Reefing\n\nReefing a gaff mainsail begins with easing the throat halyard until the"
        + " luff cringle reaches the boom. The crew then takes in the leech pendant, ties the"
        + " points from the mast outwards, and hoists the peak again before the sheet is hauled"
        + " home on the new tack. When the wind falls again the same steps are done the other way"
        + " round, and the sail is let out before the boat has lost too much of her speed. It is"
        + " wise to practise all of this on a quiet day in the harbour, when nobody is cold and"
        + " there is time to find out which of the ropes has been led the wrong way.\n";
  }

  @Test
  @Order(9)
  void aRebuiltIndexIsRowForRowTheSame() throws IOException, InterruptedException {
    base.awaitBackground();
    assertThat(base.differences()).isEmpty();
    base.close();
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder.resolve("index"))) {
      all.forEach(files::add);
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
  @Order(10)
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
  @Order(11)
  void aRepeatedActFindsTheArticleOfTheFirstTime() {
    String text =
        "# Knots\n\nA bowline holds a mooring line fast to a ring and can be untied with one hand"
            + " when the strain is off, which is why it is the first knot that apprentices on the"
            + " barges of the canal are taught by the older hands in their first week. It is tied"
            + " with a small loop, through which the end comes up, goes behind the standing part"
            + " and returns the way it came.\n";
    Submission act = new Submission("fay", "ropes", text, Optional.empty(), 100, "rfay00001:3:1");
    Article first = base.publish(act);
    assertThat(first.state()).isEqualTo(Article.State.PUBLISHED);
    assertThat(base.publish(act)).isEqualTo(first);
    assertThat(events("published"))
        .filteredOn(e -> e.data().path("article").asText().equals(first.id()))
        .hasSize(1);
  }

  @Test
  @Order(12)
  void everyActIsInTheChainOfWhoseItWasOnceAndInOrder() {
    assertThat(chain.stream().filter(e -> e.data().path("article").asText().equals(lighthouse)))
        .extracting(AuditEvent::kind)
        .containsExactly("article.published", "article.reviewed", "article.revised");
    assertThat(chain).extracting(AuditEvent::kind).contains("article.withdrawn", "article.boosted");
    assertThat(chain.stream().filter(e -> e.kind().equals("article.cited")))
        .allSatisfy(
            e -> {
              assertThat(e.tenant().value()).isIn("editor", "cleo");
              assertThat(e.data().path("by").asText()).isEqualTo("user:" + e.tenant());
            });
    assertThat(chain).extracting(AuditEvent::id).doesNotHaveDuplicates();
    assertThat(chain).extracting(e -> Long.parseLong(e.id().split(":", -1)[2])).isSorted();
  }

  @Test
  @Order(13)
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

  @Test
  @Order(14)
  void whatIsQuotedWithItsSourceIsNoCopyAndWhatIsNotIs() {
    String quoted =
        "A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first"
            + " lit at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors"
            + " that sailors had called too weak for years.";
    String own =
        "The town by the estuary had asked for a better light since the winter in which three"
            + " colliers ran onto the same bank. Its merchants paid half of the cost, and the other"
            + " half came from a toll on wine, which the brewers of the region had long demanded."
            + " When the new light was shown for the first time, people walked along the shore at"
            + " night to read a letter by it, and the innkeeper sold more candles than ever since"
            + " nobody wanted to go back to the old ones.";
    String text = "# A light for the town\n\n" + own + "\n\n" + quoted + "\n";
    Submission bare = new Submission("gil", "optics", text, Optional.empty(), 100);
    Article copy = base.publish(bare);
    assertThat(copy.reason()).startsWith("copied: ");
    assertThat(copy.state()).isEqualTo(Article.State.REJECTED);

    var record = Json.object().put("schema", VerificationRecord.SCHEMA);
    record.putObject("report").put("sha256", Digest.of(text).hex());
    record
        .putArray("sources")
        .addObject()
        .put("id", "s1")
        .put("sha256", base.articles().show(lighthouse).version().digest().hex());
    var claim = record.putArray("claims").addObject().put("text", quoted);
    claim.put("verdict", "supported").putArray("evidence").addObject().put("source", "s1");
    claim.putArray("span").add(text.indexOf(quoted)).add(text.indexOf(quoted) + quoted.length());
    Optional<VerificationRecord> proof = Optional.of(VerificationRecord.parse(Json.write(record)));
    Article report = base.publish(new Submission("gil", "optics", text, proof, 100));
    assertThat(report.state()).as(report.reason()).isEqualTo(Article.State.PUBLISHED);
  }
}
