package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What authors and reviewers do, told in order. */
class PublishingTest extends KnowledgeBaseHouse {
  private String lighthouse = "";
  private String bread = "";

  PublishingTest(@TempDir Path folder) {
    super(folder);
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
  @Order(5)
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
  @Order(6)
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
  @Order(7)
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
