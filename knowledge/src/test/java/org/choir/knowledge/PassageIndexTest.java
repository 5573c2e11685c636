package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.choir.knowledge.lucene.PassageLucene;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every index of vectors must do; Lucene's, which also finds by words. */
class PassageIndexTest {
  private static final int DIMENSIONS = 32;

  @TempDir Path folder;

  private static IndexRow row(String article, int n, String field, String model, float[] vector) {
    return new IndexRow(
        "%s:%05d".formatted(article, n),
        article,
        1,
        field,
        "ada",
        1_000 + n,
        "Title of " + article,
        "",
        "line=1",
        "text number " + n + " of " + article,
        model,
        vector);
  }

  private static float[] vector(Random random) {
    float[] vector = new float[DIMENSIONS];
    double sum = 0;
    for (int i = 0; i < vector.length; i++) {
      vector[i] = (float) random.nextGaussian();
      sum += vector[i] * vector[i];
    }
    for (int i = 0; i < vector.length; i++) {
      vector[i] /= (float) Math.sqrt(sum);
    }
    return vector;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void theNearestAreThoseOfAnExactScanAndSurviveAReopening() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<IndexRow> rows = new ArrayList<>();
    try (PassageLucene index = PassageLucene.open(folder)) {
      for (int i = 0; i < 500; i++) {
        IndexRow row = row("a" + i, 0, i % 2 == 0 ? "even" : "odd", "m@1", vector(random));
        rows.add(row);
        index.put(row.article(), List.of(row));
      }
      index.commit();
    }
    try (PassageLucene index = PassageLucene.open(folder)) {
      float[] asked = vector(random);
      PassageIndex.Filter odd =
          new PassageIndex.Filter(Set.of("odd"), Set.of(), Long.MIN_VALUE, Long.MAX_VALUE);
      for (PassageIndex.Filter filter : List.of(PassageIndex.Filter.ALL, odd)) {
        List<String> exact =
            rows.stream()
                .filter(r -> filter.isAll() || r.field().equals("odd"))
                .sorted(Comparator.comparingDouble((IndexRow r) -> -dot(asked, r.vector())))
                .limit(10)
                .map(IndexRow::key)
                .toList();
        List<PassageIndex.Hit> found = index.nearest(asked, "m@1", filter, 10);
        assertThat(found).extracting(PassageIndex.Hit::key).containsExactlyElementsOf(exact);
        assertThat(found.getFirst().score())
            .isCloseTo(
                rows.stream()
                    .filter(r -> r.key().equals(exact.getFirst()))
                    .mapToDouble(r -> dot(asked, r.vector()))
                    .sum(),
                org.assertj.core.data.Offset.offset(1e-4));
      }
      rows.sort(Comparator.comparing(IndexRow::key));
      assertThat(index.rows()).isEqualTo(rows);
    }
  }

  @Test
  void anArticleIsReplacedAsAWholeAndTakenOutAsAWhole() {
    Random random = new Random(7);
    try (PassageLucene index = PassageLucene.open(folder)) {
      index.put(
          "a",
          List.of(
              row("a", 0, "f", "m@1", vector(random)), row("a", 1, "f", "m@1", vector(random))));
      index.commit();
      IndexRow only = row("a", 0, "f", "m@2", vector(random));
      index.put("a", List.of(only));
      assertThat(index.rows()).as("not seen before the commit").hasSize(2);
      index.commit();
      assertThat(index.rows()).containsExactly(only);
      assertThat(index.embedded("m@1")).isZero();
      assertThat(index.embedded("m@2")).isEqualTo(1);
      assertThat(index.nearest(vector(random), "m@1", PassageIndex.Filter.ALL, 5)).isEmpty();
      index.remove("a");
      index.commit();
      assertThat(index.rows()).isEmpty();
    }
  }

  @Test
  void vectorsOfModelsWithOtherDimensionsLieSideBySide() {
    try (PassageLucene index = PassageLucene.open(folder)) {
      index.put("a", List.of(row("a", 0, "f", "small@1", new float[] {1, 0})));
      index.put("b", List.of(row("b", 0, "f", "large@1", new float[] {0, 1, 0})));
      index.commit();
      assertThat(index.nearest(new float[] {0, 1, 0}, "large@1", PassageIndex.Filter.ALL, 5))
          .singleElement()
          .satisfies(h -> assertThat(h.article()).isEqualTo("b"));
      assertThat(index.words("text number", PassageIndex.Filter.ALL, 5).hits()).hasSize(2);
      assertThat(index.words("title of b", PassageIndex.Filter.ALL, 5).coverage())
          .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-9));
    }
  }

  @Test
  void theMixTrustsWordsForNamesAndMeaningForLongOrUncoveredQuestions() {
    var covered = new PassageIndex.ByWords.Found(List.of(), 1, 4);
    var uncovered = new PassageIndex.ByWords.Found(List.of(), 0.1, 4);
    var longer = new PassageIndex.ByWords.Found(List.of(), 1, 96);
    double ordinary = Mix.meaning("how are lenses polished", covered);
    assertThat(Mix.meaning("what does max_wal_size do", covered)).isLessThan(ordinary);
    assertThat(Mix.meaning("how are lenses polished", uncovered)).isGreaterThan(ordinary);
    assertThat(Mix.meaning("how are lenses polished", longer)).isGreaterThan(ordinary);
    assertThat(
            Mix.of(
                List.of(new PassageIndex.Hit("a:0", "a", 9), new PassageIndex.Hit("b:0", "b", 3)),
                List.of(
                    new PassageIndex.Hit("c:0", "c", 0.9),
                    new PassageIndex.Hit("b:1", "b", 0.88),
                    new PassageIndex.Hit("a:1", "a", 0.4)),
                0.5))
        .extracting(Mix.Mixed::article)
        .containsExactly("b", "a", "c");
  }
}
