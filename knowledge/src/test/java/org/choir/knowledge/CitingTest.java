package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Citations by hand and from reports, told in order. */
class CitingTest extends KnowledgeBaseHouse {
  private String lighthouse = "";
  private String bread = "";

  CitingTest(@TempDir Path folder) {
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
  @Order(3)
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
}
