package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Status;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.knowledge.qdrant.QdrantPassages;
import org.choir.knowledge.qdrant.QdrantServer;
import org.choir.model.PlatformCredential;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Qdrant as an index of vectors, against a server that also fails in the ways servers fail. */
class QdrantPassagesTest extends PassageIndexConformance {
  private static final PlatformCredential KEY =
      PlatformCredential.of("QDRANT_API_KEY", "qdrant-test-key");

  private final LocalQdrant server = new LocalQdrant(KEY.reveal());

  QdrantPassagesTest() throws IOException {}

  @AfterEach
  void stop() {
    server.close();
  }

  @Override
  PassageIndex.ByVectors open() {
    return open(Duration.ofSeconds(10), KEY);
  }

  private QdrantPassages open(Duration deadline, PlatformCredential key) {
    return QdrantPassages.open(new QdrantServer(server.address(), key, deadline), "m@1");
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ChoirException.class,
            e -> {
              assertThat(e.code()).isEqualTo(code);
              assertThat(e.toString()).doesNotContain(KEY.reveal()).doesNotContain("not wrong-key");
            });
  }

  @Test
  void whatIsSearchedByIsIndexedAndAnotherModelHasAnotherCollection() {
    try (PassageIndex.ByVectors index = open();
        QdrantPassages other =
            QdrantPassages.open(
                new QdrantServer(server.address(), KEY, Duration.ofSeconds(10)), "wide@1")) {
      index.put("a", List.of(row("a", 0, "f", "m@1", new float[] {1, 0})));
      other.put("a", List.of(row("a", 0, "f", "wide@1", new float[] {0, 1, 0})));
      index.commit();
      other.commit();
      assertThat(server.collections()).hasSize(2);
      assertThat(server.indexed)
          .containsExactlyInAnyOrder("article", "field", "author", "model", "published");
      other.drop();
      assertThat(server.collections()).hasSize(1);
      assertThat(index.rows()).hasSize(1);
    }
  }

  @Test
  void aServerThatIsAwayForAMomentIsAskedAgain() {
    try (PassageIndex.ByVectors index = open()) {
      server.next(Status.UNAVAILABLE);
      server.next(Status.RESOURCE_EXHAUSTED);
      index.put("a", List.of(row("a", 0, "f", "m@1", vector(new Random(1)))));
      index.commit();
      server.next(Status.UNAVAILABLE);
      assertThat(index.rows()).hasSize(1);
    }
  }

  @Test
  void changesThatTheServerDidNotTakeAreNotLost() {
    try (PassageIndex.ByVectors index = open()) {
      index.put("a", List.of(row("a", 0, "f", "m@1", vector(new Random(1)))));
      index.commit();
      index.put("b", List.of(row("b", 0, "f", "m@1", vector(new Random(2)))));
      index.remove("a");
      server.next(Status.INTERNAL.withDescription("out of disk"));
      requireFails(index::commit, "qdrant_failed");
      index.commit();
      assertThat(index.held()).containsOnlyKeys("b");
    }
  }

  @Test
  void aServerThatIsLateOrRefusesIsNamedAndTheKeyIsNot() {
    try (QdrantPassages hurried = open(Duration.ofMillis(300), KEY);
        QdrantPassages stranger =
            open(Duration.ofSeconds(5), PlatformCredential.of("QDRANT_API_KEY", "wrong-key"))) {
      server.next(Status.OK);
      requireFails(() -> hurried.embedded("m@1"), "qdrant_unavailable");
      requireFails(() -> stranger.embedded("m@1"), "qdrant_key");
      server.close();
      requireFails(() -> hurried.embedded("m@1"), "qdrant_unavailable");
    }
  }

  @Test
  void vectorsOfAnotherLengthAreRefused() {
    try (PassageIndex.ByVectors index = open()) {
      index.put("a", List.of(row("a", 0, "f", "m@1", new float[] {1, 0})));
      index.commit();
      index.put("b", List.of(row("b", 0, "f", "m@1", new float[] {1, 0, 0})));
      requireFails(index::commit, "qdrant_failed");
    }
  }

  @Test
  void anAddressNeedsASchemeAndAKeyDoesNotTravelInTheClear() {
    Duration deadline = Duration.ofSeconds(1);
    requireFails(
        () -> new QdrantServer(URI.create("qdrant:6334"), null, deadline), "bad_qdrant_url");
    requireFails(
        () -> new QdrantServer(URI.create("http://h:1/path"), null, deadline), "bad_qdrant_url");
    requireFails(
        () -> new QdrantServer(URI.create("http://qdrant.example:6334"), KEY, deadline),
        "plain_http");
    assertThat(new QdrantServer(URI.create("https://qdrant.example"), KEY, deadline).toString())
        .doesNotContain(KEY.reveal());
  }

  /** The real one, for whoever has it: CHOIR_TEST_QDRANT=http://127.0.0.1:6334. */
  @Test
  @EnabledIfEnvironmentVariable(named = "CHOIR_TEST_QDRANT", matches = ".+")
  void theRealOneDoesTheSame() {
    QdrantServer real =
        new QdrantServer(
            URI.create(System.getenv("CHOIR_TEST_QDRANT")),
            PlatformCredential.from(System.getenv(), "QDRANT_API_KEY").orElse(null),
            Duration.ofSeconds(30));
    String model = "conformance@" + UUID.randomUUID();
    QdrantPassages index = QdrantPassages.open(real, model);
    try {
      Random random = new Random(5);
      float[] first = vector(random);
      index.put("a", List.of(row("a", 0, "even", model, first)));
      index.put("b", List.of(row("b", 0, "odd", model, vector(random))));
      index.commit();
      assertThat(index.held()).containsOnlyKeys("a", "b");
      assertThat(index.embedded(model)).isEqualTo(2);
      assertThat(index.nearest(first, model, PassageIndex.Filter.ALL, 1))
          .extracting(PassageIndex.Hit::article)
          .containsExactly("a");
      index.put("a", List.of());
      index.commit();
      assertThat(index.rows()).extracting(IndexRow::article).containsExactly("b");
    } finally {
      index.drop();
    }
  }
}
