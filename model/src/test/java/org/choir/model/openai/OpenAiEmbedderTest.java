package org.choir.model.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.choir.core.ChoirException;
import org.choir.model.CachedEmbedder;
import org.choir.model.ModelException;
import org.choir.model.ModelSettings;
import org.choir.model.PlatformCredential;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings over HTTP, against a server that also fails in every way servers fail. */
class OpenAiEmbedderTest {
  private static final int DIMENSIONS = 12;

  private final EmbeddingServer server = new EmbeddingServer(DIMENSIONS);
  private final OpenAiEmbedder embedder =
      embedder("test-embedding", DIMENSIONS, EmbeddingServer.KEY);

  OpenAiEmbedderTest() throws IOException {}

  @AfterEach
  void stop() {
    embedder.close();
    server.close();
  }

  private OpenAiEmbedder embedder(String model, int dimensions, String key) {
    return embedder(model, dimensions, key, Duration.ofSeconds(20));
  }

  private OpenAiEmbedder embedder(String model, int dimensions, String key, Duration deadline) {
    return new OpenAiEmbedder(
        new OpenAiEmbedder.Options(
            model,
            dimensions,
            new ModelSettings(
                server.base(), PlatformCredential.of("OPENAI_API_KEY", key), 8191, false),
            deadline,
            Duration.ofMillis(1)));
  }

  private static void requireFails(ThrowingCallable call, ModelException.Kind kind) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ModelException.class,
            e -> {
              assertThat(e.kind()).isEqualTo(kind);
              assertThat(e.toString()).doesNotContain(EmbeddingServer.KEY);
            });
  }

  private static float[] unit(String text) {
    float[] vector = EmbeddingServer.vector(text, DIMENSIONS);
    double sum = 0;
    for (float each : vector) {
      sum += each * each;
    }
    for (int i = 0; i < vector.length; i++) {
      vector[i] /= (float) Math.sqrt(sum);
    }
    return vector;
  }

  @Test
  void vectorsComeInTheOrderOfTheTextsInBothFormsAndWithLengthOne() {
    List<String> texts = IntStream.range(0, 150).mapToObj(i -> "text number " + i).toList();
    for (boolean base64 : new boolean[] {true, false}) {
      server.knowsBase64 = base64;
      server.reversed = base64;
      List<float[]> vectors = embedder.passages(texts);
      assertThat(vectors).hasSize(150);
      for (int i = 0; i < texts.size(); i++) {
        assertThat(vectors.get(i)).containsExactly(unit(texts.get(i)), Offset.offset(1e-5f));
      }
    }
    assertThat(server.batches)
        .as("each within the limit of texts")
        .containsExactly(64, 64, 22, 64, 64, 22);
    assertThat(embedder.tokens()).isEqualTo(2 * 150 * 3);
    assertThat(embedder.query("")).as("nothing is embedded as something").hasSize(DIMENSIONS);
    assertThat(embedder.passages(List.of())).isEmpty();
  }

  @Test
  void whatMayPassIsTriedAgain() {
    server.next(
        EmbeddingServer.status(429, "Retry-After", "0", "{\"error\":{\"message\":\"slow\"}}"));
    server.next(EmbeddingServer.status(503, "X", "y", "<html>busy</html>"));
    server.next(EmbeddingServer.cutOff());
    server.next(EmbeddingServer.status(200, "X", "y", "not json"));
    assertThat(embedder.query("hello")).containsExactly(unit("hello"), Offset.offset(1e-5f));
  }

  @Test
  void whatDoesNotPassIsGivenUpAndSaysWhy() {
    for (int i = 0; i < 5; i++) {
      server.next(EmbeddingServer.status(500, "X", "y", "{\"error\":\"down\"}"));
    }
    requireFails(() -> embedder.query("x"), ModelException.Kind.PROVIDER_FAILED);
    assertThat(server.batches).isEmpty();
    server.next(EmbeddingServer.status(429, "Retry-After", "3600", "{}"));
    requireFails(() -> embedder.query("x"), ModelException.Kind.RATE_LIMITED);
    server.next(
        EmbeddingServer.status(
            429, "X", "y", "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"pay\"}}"));
    requireFails(() -> embedder.query("x"), ModelException.Kind.BAD_REQUEST);
    server.next(EmbeddingServer.status(302, "Location", "http://elsewhere.example/", ""));
    requireFails(() -> embedder.query("x"), ModelException.Kind.BAD_REQUEST);
    assertThat(embedder.query("x")).hasSize(DIMENSIONS);
  }

  @Test
  void aWrongKeyIsNotQuotedAndAnUnknownModelIsNamed() {
    try (OpenAiEmbedder wrong = embedder("test-embedding", DIMENSIONS, "sk-wrong");
        OpenAiEmbedder other = embedder("no-such", DIMENSIONS, EmbeddingServer.KEY)) {
      assertThatThrownBy(() -> wrong.query("x"))
          .isInstanceOf(ModelException.class)
          .hasMessageNotContaining("sk-wrong");
      requireFails(() -> other.query("x"), ModelException.Kind.UNKNOWN_MODEL);
    }
  }

  @Test
  void aServerThatNeverEndsItsAnswerIsGivenUpAtTheDeadline() {
    try (OpenAiEmbedder hurried =
        embedder("test-embedding", DIMENSIONS, EmbeddingServer.KEY, Duration.ofMillis(300))) {
      for (int i = 0; i < 5; i++) {
        server.next(EmbeddingServer.neverEnding());
      }
      requireFails(() -> hurried.query("x"), ModelException.Kind.TIMEOUT);
    }
  }

  @Test
  void vectorsOfAnotherLengthOrNumberOrWithoutDirectionAreRefused() {
    List<String> answers = new ArrayList<>();
    answers.add("{\"data\":[{\"index\":0,\"embedding\":[1,0]}]}");
    answers.add("{\"data\":[]}");
    answers.add("{\"data\":[{\"index\":7,\"embedding\":[1,0]}]}");
    answers.add("{\"data\":[{\"index\":0,\"embedding\":\"%%\"}]}");
    answers.add("{\"data\":[{\"index\":0,\"embedding\":[0,0,0,0,0,0,0,0,0,0,0,0]}]}");
    answers.add("{\"data\":[{\"index\":0,\"embedding\":[1,0,0,0,0,0,0,0,0,0,0,\"x\"]}]}");
    for (String answer : answers) {
      server.next(EmbeddingServer.status(200, "X", "y", answer));
      assertThatThrownBy(() -> embedder.query("x"))
          .isInstanceOfSatisfying(
              ChoirException.class, e -> assertThat(e.code()).isEqualTo("wrong_vectors"));
    }
  }

  @Test
  void anUnknownModelNeedsItsDimensionsAndTheIdNamesAllThatMakesAVector() {
    assertThatThrownBy(() -> embedder("mine", 0, "k"))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("unknown_dimensions"));
    try (OpenAiEmbedder large = embedder("text-embedding-3-large", 0, "k");
        OpenAiEmbedder small = embedder("text-embedding-3-large", 256, "k")) {
      assertThat(large.dimensions()).isEqualTo(3072);
      assertThat(large.id()).startsWith("openai:text-embedding-3-large@3072,127.0.0.1:");
      assertThat(small.id()).startsWith("openai:text-embedding-3-large@256,");
    }
  }

  @Test
  void aCacheBeforeItAsksForEachTextOnce(@TempDir Path folder) throws IOException {
    try (CachedEmbedder cached = new CachedEmbedder(embedder, folder, 1 << 20)) {
      cached.passages(List.of("a", "b", "a"));
      cached.passages(List.of("b", "c"));
    }
    assertThat(server.batches).containsExactly(2, 1);
    try (var files = Files.list(folder)) {
      assertThat(files.toList()).hasSize(1);
    }
  }
}
