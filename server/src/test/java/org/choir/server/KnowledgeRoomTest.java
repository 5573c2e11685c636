package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.choir.backbone.Backbone;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.keys.FileDataKeys;
import org.choir.knowledge.Article;
import org.choir.knowledge.Submission;
import org.choir.model.Embedder;
import org.choir.model.bge.BgeEmbedder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The knowledge base of a server: its service on the bus, and its way through a backup. */
class KnowledgeRoomTest {
  private static final String LIGHTHOUSE =
      """
      # Lighthouse lenses

      A Fresnel lens of the first order has a focal distance of 920 millimetres. It was first lit \
      at the tower of Cordouan in 1823, where it replaced a set of parabolic mirrors that sailors \
      had called too weak for years. Keepers polished each prism with rouge and spirits every \
      morning. They drew curtains around the lantern by day, because the sun shining backwards \
      through the glass could set fire to the oil and crack the burner below it.
      """;

  @TempDir Path temp;

  /** A server's rooms as far as the knowledge base needs them. */
  private static final class Rooms implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    final Backbone backbone;
    final KnowledgeRoom knowledge;

    Rooms(Home home) {
      home.prepare();
      Settings settings = Config.load(home.configuration(), Map.of(), Map.of());
      PlatformCredentials credentials = PlatformCredentials.from(Map.of());
      backbone =
          closing(
              Backbone.start(
                  new Backbone.Options(home.part("nats"), 0, Backbone.Durability.CRASH),
                  FileDataKeys.open(home.part("keys")),
                  InstantSource.system()));
      SharedDatabase database =
          closing(new SharedDatabase(home.part("database"), Optional.empty()));
      Embedder embedder = closing(new BgeEmbedder(1));
      knowledge =
          closing(
              new KnowledgeRoom(
                  home,
                  backbone,
                  database,
                  event -> {},
                  closing(new KnowledgeModels(settings, credentials, embedder, home.part("cache"))),
                  KnowledgeModels.qdrant(settings, credentials),
                  settings.knowledge().reviewers(),
                  false,
                  InstantSource.system()));
    }

    private <T extends AutoCloseable> T closing(T room) {
      open.push(room);
      return room;
    }

    List<String> found(String subject, String question) {
      ObjectNode answer =
          backbone.events().ask(subject, Json.object().put("question", question).put("limit", 3));
      List<String> ids = new ArrayList<>();
      for (JsonNode result : answer.path("results")) {
        assertThat(result.path("snippet").asText()).isNotEmpty();
        ids.add(result.path("id").asText());
      }
      return ids;
    }

    @Override
    public void close() throws Exception {
      while (!open.isEmpty()) {
        open.pop().close();
      }
    }
  }

  @Test
  void aQuestionOnTheBusFindsAnArticleBeforeAndAfterARestoredBackup() throws Exception {
    Home home = Home.at(temp.resolve("home"));
    String id;
    try (Rooms rooms = new Rooms(home)) {
      rooms.knowledge.base(); // the first question would start PostgreSQL, which may take longer
      assertThat(rooms.found("kb.search.all", "how were lenses polished")).isEmpty();
      Article article =
          rooms
              .knowledge
              .base()
              .publish(new Submission("ada", "Optics", LIGHTHOUSE, Optional.empty(), 100));
      id = article.id();
      assertThat(rooms.found("kb.search.all", "how were lenses polished")).containsExactly(id);
      assertThat(rooms.found("kb.search.optics", "cleaning of glass")).containsExactly(id);
      assertThat(rooms.found("kb.search.baking", "how were lenses polished")).isEmpty();
      assertThat(rooms.found("kb.search.all", " ")).isEmpty();
      assertThatThrownBy(() -> rooms.backbone.events().ask("kb.search", Json.object()))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("no_answer"));
    }
    Path file = temp.resolve("backup.tar.gz");
    new Backup(home).write(file);
    Home other = Home.at(temp.resolve("other"));
    new Backup(other).restore(file);
    try (Rooms rooms = new Rooms(other)) {
      rooms.knowledge.base();
      assertThat(rooms.found("kb.search.all", "how were lenses polished")).containsExactly(id);
      assertThat(rooms.knowledge.base().rebuild((done, of) -> {}).path("differing").asInt())
          .isZero();
      assertThat(Files.isDirectory(other.part("kb").resolve("indexes"))).isTrue();
    }
  }

  @Test
  void theModelOfEarlierVectorsIsFoundWhereSettingsAndEnvironmentLeadToIt() {
    Settings settings =
        Config.load(
            temp.resolve("none"),
            Map.of(),
            Map.of(
                "knowledge.embedder", "openai:text-embedding-3-large",
                "knowledge.embedder-url", "http://127.0.0.1:9/v1"));
    try (BgeEmbedder local = new BgeEmbedder(1);
        KnowledgeModels models =
            new KnowledgeModels(
                settings,
                PlatformCredentials.from(Map.of("OPENAI_API_KEY", "sk-x")),
                local,
                temp)) {
      assertThat(models.wanted().id()).isEqualTo("openai:text-embedding-3-large@3072,127.0.0.1:9");
      assertThat(models.earlier(local.id())).contains(local);
      assertThat(models.earlier("openai:text-embedding-3-small@1536,127.0.0.1:9")).isPresent();
      assertThat(models.earlier("openai:text-embedding-3-small@1536,api.openai.com")).isEmpty();
      assertThat(models.earlier("something@1")).isEmpty();
    }
    assertThatThrownBy(
            () ->
                Config.load(
                    temp.resolve("none"), Map.of(), Map.of("knowledge.embedder", "word2vec")))
        .hasMessageContaining("bge or openai:NAME");
  }
}
