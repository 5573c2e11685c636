package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingDetectorTest {
  private static final List<String> FIVE =
      IntStream.of(61, 67, 73, 79, 85).mapToObj(a -> PlantedCitations.name(1, a)).toList();

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void findsAPlantedRingOfFiveAndNobodyElse(long seed) {
    List<Ring> rings = RingDetector.rings(new PlantedCitations(seed, 4, 120).ring(FIVE, 3).edges);
    assertThat(rings).as("seed %d", seed).hasSize(1);
    assertThat(FIVE).as("seed %d", seed).containsAll(rings.getFirst().members());
    assertThat(rings.getFirst().members()).as("seed %d", seed).hasSizeGreaterThanOrEqualTo(4);
    assertThat(rings.getFirst().p()).isLessThan(1e-6);
    assertThat(rings.getFirst().inside()).isGreaterThan(5 * rings.getFirst().expected());
    assertThat(rings.getFirst().roles()).allMatch(r -> Math.max(r.gives(), r.receives()) >= 0.15);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
  void accusesNobodyWhereAllCiteHonestly(long seed) {
    assertThat(RingDetector.rings(new PlantedCitations(seed, 5, 100).edges))
        .as("seed %d", seed)
        .isEmpty();
  }

  @Test
  void findsTwoRingsInTwoFieldsApart() {
    List<String> four =
        IntStream.of(50, 52, 54, 56).mapToObj(a -> PlantedCitations.name(3, a)).toList();
    assertThat(
            RingDetector.rings(new PlantedCitations(7, 4, 120).ring(FIVE, 6).ring(four, 8).edges))
        .extracting(Ring::members)
        .containsExactlyInAnyOrder(FIVE, four);
  }

  @Test
  void findsSybilsThatOnlyFeedOneAuthor() {
    PlantedCitations planted = new PlantedCitations(8, 4, 120);
    String fed = PlantedCitations.name(2, 90);
    for (int i = 0; i < 6; i++) {
      planted.edges.add(new CitationEdge("sybil" + i, fed, 15));
    }
    assertThat(RingDetector.rings(planted.edges))
        .singleElement()
        .satisfies(ring -> assertThat(ring.members()).contains(fed, "sybil0", "sybil5"));
  }

  @Test
  void findsACycleInWhichNobodyCitesBack() {
    PlantedCitations planted = new PlantedCitations(9, 4, 120);
    for (int i = 0; i < FIVE.size(); i++) {
      planted.edges.add(new CitationEdge(FIVE.get(i), FIVE.get((i + 1) % FIVE.size()), 25));
    }
    assertThat(RingDetector.rings(planted.edges))
        .singleElement()
        .satisfies(ring -> assertThat(ring.members()).containsExactlyElementsOf(FIVE));
  }

  @Test
  void doesNotDependOnTheOrderOfTheEdges() {
    List<CitationEdge> edges = new PlantedCitations(10, 4, 120).ring(FIVE, 5).edges;
    List<CitationEdge> shuffled = new ArrayList<>(edges);
    Collections.shuffle(shuffled, new Random(3));
    assertThat(RingDetector.rings(shuffled)).isEqualTo(RingDetector.rings(edges));
  }

  @Test
  void knowsNoRingInNothingAndNoneInSelfCitation() {
    assertThat(RingDetector.rings(List.of())).isEmpty();
    assertThat(RingDetector.rings(List.of(new CitationEdge("a", "a", 500)))).isEmpty();
  }

  @Test
  void computesThePoissonTailAsTheDefinitionHasIt() {
    for (double mean : new double[] {0.01, 0.7, 3, 12, 40}) {
      for (int count : new int[] {1, 2, 3, 7, 20, 60}) {
        // The smallest terms first.
        double tail = 0;
        for (int k = 400; k >= count; k--) {
          tail += Math.exp(k * Math.log(mean) - mean - logFactorial(k));
        }
        assertThat(PoissonTail.log(count, mean))
            .as("P(X >= %d), mean %s", count, mean)
            .isCloseTo(Math.log(tail), within(1e-8 * Math.max(1, Math.abs(Math.log(tail)))));
      }
    }
    assertThat(PoissonTail.log(500, 0.001)).isLessThan(-5_000);
    assertThat(PoissonTail.log(0, 3)).isZero();
  }

  private static double logFactorial(int k) {
    double sum = 0;
    for (int i = 2; i <= k; i++) {
      sum += Math.log(i);
    }
    return sum;
  }
}
