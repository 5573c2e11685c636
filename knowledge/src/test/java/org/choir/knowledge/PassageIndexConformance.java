package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What every index of vectors must do. */
abstract class PassageIndexConformance {
  private static final int DIMENSIONS = 32;

  /** Opens the one index of this test, as it was left. */
  abstract PassageIndex.ByVectors open();

  static IndexRow row(String article, int n, String field, String model, float[] vector) {
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

  static float[] vector(Random random) {
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
    try (PassageIndex.ByVectors index = open()) {
      for (int i = 0; i < 500; i++) {
        IndexRow row = row("a" + i, 0, i % 2 == 0 ? "even" : "odd", "m@1", vector(random));
        rows.add(row);
        index.put(row.article(), List.of(row));
      }
      index.commit();
    }
    try (PassageIndex.ByVectors index = open()) {
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
    try (PassageIndex.ByVectors index = open()) {
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
  void whatIsHeldIsToldWithVersionAndModelAndIsGoneWhenDropped() {
    Random random = new Random(8);
    try (PassageIndex.ByVectors index = open()) {
      assertThat(index.held()).isEmpty();
      assertThat(index.nearest(vector(random), "m@1", PassageIndex.Filter.ALL, 5)).isEmpty();
      index.put("a", List.of(row("a", 0, "f", "m@1", vector(random))));
      index.put("b", List.of(row("b", 0, "f", "m@1", vector(random))));
      index.commit();
      assertThat(index.held())
          .containsOnlyKeys("a", "b")
          .containsEntry("a", new PassageIndex.Held(1, "m@1"));
    }
    open().drop();
    try (PassageIndex.ByVectors index = open()) {
      assertThat(index.held()).isEmpty();
    }
  }

  @Test
  void filtersNarrowByFieldAuthorAndTimeTogether() {
    Random random = new Random(9);
    try (PassageIndex.ByVectors index = open()) {
      for (int i = 0; i < 40; i++) {
        index.put(
            "a" + i, List.of(row("a" + i, i, i % 2 == 0 ? "even" : "odd", "m@1", vector(random))));
      }
      index.commit();
      // Row i was published at 1,000 + i.
      var filter = new PassageIndex.Filter(Set.of("even"), Set.of("ada"), 1_010, 1_020);
      assertThat(index.nearest(vector(random), "m@1", filter, 40))
          .extracting(PassageIndex.Hit::article)
          .containsExactlyInAnyOrder("a10", "a12", "a14", "a16", "a18");
      var nobody = new PassageIndex.Filter(Set.of(), Set.of("bob"), 0, Long.MAX_VALUE);
      assertThat(index.nearest(vector(random), "m@1", nobody, 40)).isEmpty();
    }
  }
}
