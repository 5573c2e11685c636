package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.choir.agent.ToolOutput;
import org.choir.backbone.Backbone;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.database.Database;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.Article;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.FolderBodies;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.SourceLibrary;
import org.choir.knowledge.SourceSet;
import org.choir.knowledge.Submission;
import org.choir.knowledge.lucene.LuceneShelf;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** The tools over a real knowledge base: found, cited in a draft, published, cited by hand. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ArticleToolsTest implements KnowledgeAccess {
  private static final String LENSES =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years. Keepers polished each prism with rouge and spirits every \
      morning, and drew curtains around the lantern by day.
      """;

  private static final List<String> OIL =
      List.of(
          "The lamps of the towers burnt colza oil until paraffin became cheap in the year 1873.",
          "A tower of the first order used two litres of oil in a night of winter, which the"
              + " keepers carried up the stairs in cans that held a week's supply.",
          "The oil was kept in a cellar below the tower, because it grew thick in the cold and"
              + " would not rise in the wick unless the cans had stood beside the stove.",
          "When the wick was trimmed badly the glass was black with soot by midnight, and the"
              + " keeper on watch had to clean it while the lamp was burning.",
          "A second lamp stood ready on the stairs, so that the tower was never dark for longer"
              + " than it takes to walk down thirty steps and up again.");

  private static final String DRAFT = "/workspace/drafts/report.md";

  private final Database database;
  private final Backbone backbone;
  private final FolderBodies bodies;
  private final KnowledgeBase base;
  private final SourceLibrary library;
  private final SourceSet set;
  private final RecordedContext run;
  private final Drafts drafts;
  private boolean empty = true;
  private String lenses = "";
  private String published = "";

  ArticleToolsTest(@TempDir Path folder) throws Exception {
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    this.backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system());
    this.bodies = new FolderBodies(folder.resolve("bodies"));
    WordEmbedder words = new WordEmbedder();
    this.base =
        new KnowledgeBase(
            database,
            bodies,
            event -> {},
            backbone.events(),
            words,
            earlier -> Optional.empty(),
            LuceneShelf.in(folder.resolve("indexes")),
            Set.of("editor"),
            InstantSource.system());
    this.library = SourceLibrary.open(folder.resolve("library"), words);
    Path docs = Files.createDirectories(folder.resolve("docs"));
    Files.writeString(docs.resolve("oil.md"), "# Lamp oil\n\n" + String.join(" ", OIL) + "\n");
    this.set = library.read(List.of(docs), (done, total) -> {});
    this.run =
        new RecordedContext(
            "How were lighthouses lit?",
            "extractive",
            new ResearchOptions(
                Depth.QUICK, List.of(folder), set.id(), 1, 0, false, "en", true, Optional.empty()));
    this.drafts = new Drafts(library, ClaimVerifier.byRules());
  }

  @AfterAll
  void close() {
    library.close();
    base.close();
    backbone.close();
    database.close();
  }

  @Override
  public boolean hasArticles() {
    return !empty;
  }

  @Override
  public boolean mayPublish() {
    return true;
  }

  @Override
  public KnowledgeBase base() {
    assertThat(empty).as("an empty knowledge base is not opened").isFalse();
    return base;
  }

  @Override
  public Path file(Article article) {
    return bodies.file(article.version().digest());
  }

  private ToolOutput search(String question) {
    ObjectNode arguments = Json.object().put("question", question);
    return run.record("search_choir_kb", new SearchChoirKb(library, this).call(run, arguments));
  }

  private ToolOutput publish() {
    return new PublishToChoir(this, WalletAccess.NONE)
        .call(run, Json.object().put("field", "optics"));
  }

  @Test
  @Order(1)
  void anEmptyKnowledgeBaseAnswersAtOnce() {
    assertThat(search("Where was a Fresnel lens first lit?").text()).contains("no articles yet");
    empty = false;
  }

  @Test
  @Order(2)
  void whatIsFoundCanBeCitedInADraftAndReadAround() {
    lenses = base.publish(new Submission("ada", "optics", LENSES, Optional.empty(), 100)).id();
    ToolOutput found = search("Where was a Fresnel lens of the first order lit first?");
    assertThat(found.text())
        .startsWith("Articles:\n- " + lenses + " version 1 by ada, field optics: Lighthouse lenses")
        .contains("[@s");
    String key = FoundPassage.parse(found.text()).getFirst().key();
    String oil =
        FoundPassage.parse(
                run.record(
                        "search_sources",
                        new SearchSources(library)
                            .call(run, Json.object().put("question", "When did paraffin come?")))
                    .text())
            .getFirst()
            .key();
    assertThat(new ReadSource(library).call(run, Json.object().put("key", key)).text())
        .contains("920 millimetres");
    run.file(
        DRAFT,
        "A Fresnel lens of the first order has a focal distance of 920 millimetres [@"
            + key
            + "]. "
            + OIL.stream()
                .map(sentence -> sentence.replaceFirst("\\.$", " [@" + oil + "]."))
                .collect(Collectors.joining(" "))
            + "\n");
    assertThat(new VerifyDraft(drafts).call(run, Json.object().put("path", DRAFT)).text())
        .startsWith("Verified 6 claims: 6 supported");
  }

  @Test
  @Order(3)
  void aFieldNarrowsTheSearch() {
    ObjectNode arguments =
        Json.object().put("question", "Where was a Fresnel lens lit?").put("field", "Baking");
    assertThat(new SearchChoirKb(library, this).call(run, arguments).text())
        .startsWith("No article was found");
  }

  @Test
  @Order(4)
  void onlyASubmittedAndUnchangedReportIsPublished() {
    assertThat(publish().failed()).isTrue();
    run.record(
        "submit_report",
        new SubmitReport(library, drafts, false).call(run, Json.object().put("path", DRAFT)));
    String report = run.text("/workspace/" + Research.REPORT);
    String record = run.text("/workspace/" + Research.RECORD);
    run.file("/workspace/" + Research.REPORT, report + "\nAll keepers were rich.\n");
    assertThat(publish().text()).contains("was changed after it was submitted");
    run.file("/workspace/" + Research.REPORT, report);
    run.file("/workspace/" + Research.RECORD, record.replace("partial", "supported"));
    assertThat(publish().text()).contains("was changed after it was submitted");
    run.file("/workspace/" + Research.RECORD, record);
    ToolOutput done = publish();
    assertThat(done.failed()).as(done.text()).isFalse();
    published = done.events().getFirst().path("article").asText();
    Article article = base.articles().show(published);
    assertThat(article.author()).isEqualTo(run.tenant().value());
    assertThat(article.version().verification()).isPresent();
    assertThat(publish().events().getFirst().path("article").asText())
        .as("the same action again")
        .isEqualTo(published);
  }

  @Test
  @Order(5)
  void aReportsVerifiedClaimCitesTheArticleItReadAndASecondCitationChangesNothing() {
    assertThat(base.articles().show(published).state()).isEqualTo(Article.State.PUBLISHED);
    assertThat(base.citations().weighed())
        .singleElement()
        .satisfies(
            w -> {
              assertThat(w.citation().citing()).isEqualTo(published);
              assertThat(w.citation().cited()).isEqualTo(lenses);
              assertThat(w.citation().supported()).isTrue();
            });
    ToolOutput again =
        new CiteArticle(this)
            .call(
                run,
                Json.object()
                    .put("from", published)
                    .put("to", lenses)
                    .put("claim", "It was first lit at the tower of Cordouan in 1823."));
    assertThat(again.text()).contains("already");
    assertThat(base.citations().weighed()).hasSize(1);
    assertThatThrownBy(
            () ->
                new CiteArticle(this)
                    .call(
                        run,
                        Json.object().put("from", lenses).put("to", published).put("claim", "x")))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("not_yours"));
  }
}
