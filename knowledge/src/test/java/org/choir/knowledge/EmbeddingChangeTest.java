package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.choir.backbone.Backbone;
import org.choir.core.Json;
import org.choir.database.Database;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.lucene.LuceneShelf;
import org.choir.knowledge.qdrant.QdrantPassages;
import org.choir.knowledge.qdrant.QdrantServer;
import org.choir.model.Embedder;
import org.choir.model.ModelSettings;
import org.choir.model.bge.BgeEmbedder;
import org.choir.model.openai.OpenAiEmbedder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** From the local model to one over HTTP and back, over real stores, told in order. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EmbeddingChangeTest {
  private static final List<String> SUBJECTS =
      List.of(
          "The keeper polishes the lens of the lighthouse with rouge every morning before the sun"
              + " comes up, and he draws the curtains so that its rays cannot set fire to the oil."
              + " In the winter he clears the snow from the panes twice in a night, and he writes the hour of each round into the book that lies beside the stair.",
          "A starter that is kept in a cold room rises slowly, and the baker gives the dough the"
              + " whole of the night and a little more flour than the book says it should have."
              + " Rye flour helps, because its enzymes free sugar from starch even when the room is cold, and a bowl that is made of wood will lose less of its warmth than one of steel.",
          "The violin was strung with gut until the last century, when players found that steel"
              + " keeps its pitch in a damp hall and does not break on the night of a concert."
              + " Some of them went back to the older string for the music that was written for it, and they say that the bow speaks sooner and that the sound is darker and less even.",
          "Swifts sleep on the wing and come down only to nest, which is why their legs are short"
              + " and weak and why a bird that has fallen to the ground needs help to rise again."
              + " They drink as they fly low over a pond, and they gather straw and feathers from the air for a nest under the tiles of an old roof, to which they come back in the next year.");

  private final Path folder;
  private final Database database;
  private final Backbone backbone;
  private final BgeEmbedder bge = new BgeEmbedder(1);
  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HashedWords vectors = new HashedWords();
  private final Semaphore open = new Semaphore(0);
  private final AtomicInteger asked = new AtomicInteger();
  private volatile boolean failing;
  private KnowledgeBase base;

  EmbeddingChangeTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    this.database = Database.open(new Database.Embedded(folder.resolve("postgres")));
    this.backbone =
        Backbone.start(
            new Backbone.Options(folder.resolve("nats"), 0, Backbone.Durability.CRASH),
            FileDataKeys.open(folder.resolve("keys")),
            InstantSource.system());
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/v1/embeddings", this::embed);
    http.start();
    this.base = open(bge, id -> Optional.empty(), LuceneShelf.in(folder.resolve("indexes")));
  }

  /** Answers as many texts as it has been allowed to; waits before the next. */
  private void embed(com.sun.net.httpserver.HttpExchange exchange) throws IOException {
    JsonNode request = Json.parse(exchange.getRequestBody().readAllBytes());
    if (failing) {
      exchange.sendResponseHeaders(503, -1);
      exchange.close();
      return;
    }
    open.acquireUninterruptibly(request.path("input").size());
    ObjectNode answer = Json.object();
    ArrayNode data = answer.putArray("data");
    for (JsonNode text : request.path("input")) {
      if (text.asText().startsWith("Article ")) {
        asked.incrementAndGet(); // a passage of the index, under its title
      }
      ArrayNode numbers = data.addObject().put("index", data.size() - 1).putArray("embedding");
      for (float each : vectors.query(text.asText())) {
        numbers.add(each);
      }
    }
    byte[] bytes = Json.write(answer).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private OpenAiEmbedder overHttp() {
    URI base = URI.create("http://127.0.0.1:" + http.getAddress().getPort() + "/v1");
    return new OpenAiEmbedder(
        new OpenAiEmbedder.Options(
            "hashed-words",
            vectors.dimensions(),
            new ModelSettings(base, null, 8191, false),
            Duration.ofSeconds(60),
            Duration.ofMillis(1)));
  }

  private KnowledgeBase open(
      Embedder embedder, Function<String, Optional<Embedder>> earlier, IndexShelf shelf) {
    return new KnowledgeBase(
        database,
        new FolderBodies(folder.resolve("bodies")),
        event -> {},
        backbone.events(),
        embedder,
        earlier,
        shelf,
        Set.of("editor"),
        InstantSource.system());
  }

  @AfterAll
  void stop() {
    open.release(10_000);
    base.close();
    http.stop(0);
    threads.shutdownNow();
    bge.close();
    backbone.close();
    database.close();
  }

  private void publish(int subject) {
    String text = "# Article " + subject + "\n\n" + SUBJECTS.get(subject) + "\n";
    Article article =
        base.publish(new Submission("ada" + subject, "f" + subject, text, Optional.empty(), 100));
    assertThat(article.state()).isEqualTo(Article.State.PUBLISHED);
  }

  private List<ArticleSearch.Found> search(String question) {
    return base.search().search(question, PassageIndex.Filter.ALL, 3).found();
  }

  /** A question none of whose words stands in an article can be answered by meaning only. */
  private void findsByMeaning() {
    List<ArticleSearch.Found> found = search("sourdough loaves");
    assertThat(found).isNotEmpty();
    assertThat(found.getFirst().article().field()).isEqualTo("f1");
    assertThat(found.getFirst().likeness()).isPositive();
  }

  @Test
  @Order(1)
  void theOldModelAnswersUntilEveryArticleIsEmbeddedByTheNewOne() throws Exception {
    publish(0);
    publish(1);
    publish(2);
    base.awaitBackground();
    findsByMeaning();
    base.close();

    OpenAiEmbedder next = overHttp();
    base =
        open(
            next,
            id -> id.equals(bge.id()) ? Optional.of(bge) : Optional.empty(),
            LuceneShelf.in(folder.resolve("indexes")));
    open.release(1);
    await().until(() -> base.embedding().orElseThrow().done() == 1);
    assertThat(base.embedding().orElseThrow())
        .isEqualTo(new EmbeddingChange(bge.id(), next.id(), 1, 3));
    assertThat(base.differences()).as("the old model's index, row for row").isEmpty();
    findsByMeaning();
  }

  @Test
  @Order(2)
  void whatWasEmbeddedBeforeAnInterruptionIsNotEmbeddedAgain() throws Exception {
    // It is closing before the text that it waits for is answered, so that it asks for no other.
    Thread closer = Thread.ofPlatform().start(base::close);
    await().until(() -> closer.getState() == Thread.State.TIMED_WAITING);
    open.release(1);
    closer.join();
    int before = asked.get();
    base = open(overHttp(), id -> Optional.of(bge), LuceneShelf.in(folder.resolve("indexes")));
    findsByMeaning();
    open.release(10_000);
    await().until(() -> base.embedding().isEmpty());
    assertThat(asked.get() - before).as("what was left of three articles").isLessThan(3);
    base.awaitBackground();
    assertThat(base.differences()).isEmpty();
    assertThat(search("a lens is polished with rouge").getFirst().article().field())
        .isEqualTo("f0");
    publish(3);
    assertThat(base.differences()).isEmpty();
  }

  @Test
  @Order(3)
  void aModelThatFailsLeavesTheSearchByWords() {
    failing = true;
    assertThat(search("swifts sleep on the wing").getFirst().article().field()).isEqualTo("f3");
    failing = false;
  }

  @Test
  @Order(4)
  void withoutTheOldModelWordsAnswerUntilTheNewOneIsDone() throws Exception {
    base.close();
    try (LocalQdrant qdrant = new LocalQdrant("")) {
      QdrantServer server = new QdrantServer(qdrant.address(), null, Duration.ofSeconds(5));
      IndexShelf shelf =
          LuceneShelf.with(folder.resolve("indexes"), model -> QdrantPassages.open(server, model));
      Slow slow = new Slow(bge);
      base = open(slow, id -> Optional.empty(), shelf);
      List<ArticleSearch.Found> found = search("swifts sleep on the wing");
      assertThat(found.getFirst().article().field()).isEqualTo("f3");
      assertThat(found.getFirst().likeness()).isZero();
      slow.gate.release(1_000);
      await().until(() -> base.embedding().isEmpty());
      findsByMeaning();
      assertThat(base.differences()).as("words in Lucene, vectors in Qdrant").isEmpty();
      assertThat(qdrant.collections()).isNotEmpty();
      base.close();
      base = open(bge, id -> Optional.empty(), shelf);
      findsByMeaning();
    }
  }

  /** The local model behind a gate for passages. */
  private record Slow(Embedder inner, Semaphore gate) implements Embedder {
    Slow(Embedder inner) {
      this(inner, new Semaphore(0));
    }

    @Override
    public String id() {
      return inner.id();
    }

    @Override
    public int dimensions() {
      return inner.dimensions();
    }

    @Override
    public List<float[]> passages(List<String> texts) {
      gate.acquireUninterruptibly(texts.size());
      return inner.passages(texts);
    }

    @Override
    public float[] query(String text) {
      return inner.query(text);
    }
  }
}
