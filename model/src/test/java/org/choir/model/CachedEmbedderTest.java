package org.choir.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachedEmbedderTest {
  private static final int RECORD = 32 + 4 * 4 + 4;

  @TempDir Path folder;

  /** Maps a text to four numbers of its digest, and says what it was asked. */
  private static final class Counting implements Embedder {
    final String id;
    final List<String> asked = new ArrayList<>();

    Counting(String id) {
      this.id = id;
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public int dimensions() {
      return 4;
    }

    @Override
    public synchronized List<float[]> passages(List<String> texts) {
      asked.addAll(texts);
      return texts.stream().map(text -> vector("p" + text)).toList();
    }

    @Override
    public synchronized float[] query(String text) {
      asked.add("?" + text);
      return vector("q" + text);
    }

    private float[] vector(String text) {
      Random random = new Random(Digest.of(id + text).hex().hashCode());
      return new float[] {
        random.nextFloat(), random.nextFloat(), random.nextFloat(), random.nextFloat()
      };
    }
  }

  private CachedEmbedder cached(Embedder inner) {
    return new CachedEmbedder(inner, folder, CachedEmbedder.DEFAULT_BYTES_MAX);
  }

  private Path file() throws IOException {
    try (var files = Files.list(folder)) {
      return files.findFirst().orElseThrow();
    }
  }

  @Test
  void asksForATextOnceAcrossProcesses() {
    Counting fresh = new Counting("m@1");
    List<String> texts = List.of("a", "b", "a");
    List<float[]> first;
    float[] query;
    try (CachedEmbedder cache = cached(fresh)) {
      first = cache.passages(texts);
      query = cache.query("a");
    }
    assertThat(fresh.asked).containsExactly("a", "b", "?a");

    Counting later = new Counting("m@1");
    try (CachedEmbedder cache = cached(later)) {
      List<float[]> second = cache.passages(texts);

      assertThat(later.asked).isEmpty();
      for (int i = 0; i < texts.size(); i++) {
        assertThat(second.get(i)).isEqualTo(first.get(i));
        assertThat(second.get(i)).isEqualTo(fresh.passages(List.of(texts.get(i))).getFirst());
      }
      assertThat(cache.query("a")).isEqualTo(query);
      assertThat(cache.query("a")).isNotEqualTo(second.getFirst());
      assertThat(later.asked).isEmpty();
    }
  }

  @Test
  void keepsModelsApart() {
    try (CachedEmbedder one = cached(new Counting("m@1"))) {
      one.passages(List.of("a"));
    }
    Counting other = new Counting("m@2");
    try (CachedEmbedder two = cached(other)) {
      two.passages(List.of("a"));
    }

    assertThat(other.asked).containsExactly("a");
  }

  @Test
  void dropsATornTailAndKeepsWhatIsWhole() throws IOException {
    try (CachedEmbedder cache = cached(new Counting("m@1"))) {
      cache.passages(List.of("a", "b", "c"));
    }
    byte[] whole = Files.readAllBytes(file());
    assertThat(whole).hasSize(32 + 3 * RECORD);
    for (int torn = 32 + 2 * RECORD; torn < whole.length; torn++) {
      Files.write(file(), Arrays.copyOf(whole, torn));
      Counting later = new Counting("m@1");
      try (CachedEmbedder cache = cached(later)) {
        cache.passages(List.of("a", "b", "c"));
      }

      assertThat(later.asked).as("cut after %d bytes", torn).containsExactly("c");
      assertThat(Files.readAllBytes(file())).isEqualTo(whole);
    }
  }

  @Test
  void startsAnewWhenTheHeaderIsTornOrForeign() throws IOException {
    for (String start : List.of("", "short", "x".repeat(500))) {
      Counting inner = new Counting("m@1");
      try (CachedEmbedder cache = cached(inner)) {
        cache.passages(List.of("a"));
      }
      Files.writeString(file(), start);
      Counting later = new Counting("m@1");
      try (CachedEmbedder cache = cached(later)) {
        cache.passages(List.of("a"));
        cache.passages(List.of("a"));
      }

      assertThat(later.asked).containsExactly("a");
    }
  }

  @Test
  void computesAgainWhatIsDamaged() throws IOException {
    Counting inner = new Counting("m@1");
    try (CachedEmbedder cache = cached(inner)) {
      cache.passages(List.of("a", "b", "c"));
    }
    byte[] bytes = Files.readAllBytes(file());
    bytes[32 + RECORD + 40] ^= 1;
    Files.write(file(), bytes);

    Counting later = new Counting("m@1");
    try (CachedEmbedder cache = cached(later)) {
      List<float[]> vectors = cache.passages(List.of("a", "b", "c"));

      assertThat(later.asked).containsExactly("b");
      assertThat(vectors.get(1)).isEqualTo(inner.passages(List.of("b")).getFirst());
    }
  }

  @Test
  void dropsTheOlderHalfWhenItIsFull() throws IOException {
    Counting inner = new Counting("m@1");
    try (CachedEmbedder cache = new CachedEmbedder(inner, folder, 32 + 8L * RECORD)) {
      for (int i = 0; i < 30; i++) {
        cache.passages(List.of("text " + i));
        assertThat(Files.size(file())).isLessThanOrEqualTo(32 + 8L * RECORD);
      }
      inner.asked.clear();

      cache.passages(List.of("text 29", "text 28", "text 0"));

      assertThat(inner.asked).containsExactly("text 0");
    }
  }

  @Test
  void worksOnWithoutTheCacheWhenItCannotBeWritten() throws IOException {
    Path blocked = folder.resolve("blocked");
    Files.writeString(blocked, "a file where the folder should be", StandardOpenOption.CREATE_NEW);
    Counting inner = new Counting("m@1");
    try (CachedEmbedder cache =
        new CachedEmbedder(inner, blocked, CachedEmbedder.DEFAULT_BYTES_MAX)) {
      assertThat(cache.passages(List.of("a")).getFirst())
          .isEqualTo(inner.passages(List.of("a")).getFirst());
    }
  }

  @Test
  void survivesTheInterruptOfACaller() {
    Counting inner = new Counting("m@1");
    try (CachedEmbedder cache = cached(inner)) {
      cache.passages(List.of("a"));
      Thread.currentThread().interrupt();
      cache.passages(List.of("b"));
      assertThat(Thread.interrupted()).isTrue();
      inner.asked.clear();

      cache.passages(List.of("a"));
      cache.passages(List.of("c"));
      cache.passages(List.of("c"));

      assertThat(inner.asked).containsExactly("c");
    }
  }

  @Test
  void servesManyCallersAtOnce() {
    Counting inner = new Counting("m@1");
    try (CachedEmbedder cache = cached(inner)) {
      List<CompletableFuture<float[]>> answers = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        String text = "text " + i % 8;
        answers.add(CompletableFuture.supplyAsync(() -> cache.passages(List.of(text)).getFirst()));
      }
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).join()).isEqualTo(inner.vector("ptext " + i % 8));
      }
    }
  }

  @Test
  void holdsNoTextOnDisk() throws IOException {
    try (CachedEmbedder cache = cached(new Counting("m@1"))) {
      cache.passages(List.of("a private sentence"));
    }

    assertThat(new String(Files.readAllBytes(file()), StandardCharsets.ISO_8859_1))
        .doesNotContain("private");
  }
}
