package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CitationWeightsTest {
  private static final Instant DAY = Instant.parse("2026-11-01T00:00:00Z");

  private static CitationRow row(String from, String to, int day) {
    return row(from, from, to, to, day, true);
  }

  private static CitationRow row(
      String from, String fromOwner, String to, String toOwner, int day, boolean supported) {
    return new CitationRow(
        "c-" + from + to + day,
        "a-" + from,
        from,
        fromOwner,
        "a-" + to,
        to,
        toOwner,
        "manual",
        "claim",
        "quote",
        supported,
        supported ? "" : "numbers_differ: 3 is not 4",
        DAY.plus(Duration.ofDays(day)),
        Optional.empty(),
        true,
        false);
  }

  private static List<String> codes(List<CitationRow> rows, Map<String, Set<String>> frozen) {
    return CitationWeights.of(rows, frozen).stream()
        .map(w -> w.weight() + w.reason().replaceAll(":.*", ""))
        .toList();
  }

  @Test
  void aVerifiedCitationOfAnotherWeighsOne() {
    assertThat(codes(List.of(row("ada", "bob", 0)), Map.of())).containsExactly("1");
  }

  @Test
  void selfSameOwnerAndUnsupportedCitationsWeighNothing() {
    assertThat(
            codes(
                List.of(
                    row("ada", "ada", 0),
                    row("ada", "lovelace", "ada2", "lovelace", 0, true),
                    row("ada", "ada", "bob", "bob", 0, false)),
                Map.of()))
        .containsExactly("0self", "0same_owner", "0not_supported");
  }

  @Test
  void aCitationReturnedWithinThirtyDaysTakesTheWeightOfBoth() {
    assertThat(codes(List.of(row("ada", "bob", 0), row("bob", "ada", 30)), Map.of()))
        .containsExactly("0reciprocal", "0reciprocal");
    assertThat(codes(List.of(row("ada", "bob", 0), row("bob", "ada", 31)), Map.of()))
        .containsExactly("1", "1");
    // A second account of the same owner gives nothing back either.
    assertThat(
            codes(
                List.of(row("ada", "bob", 0), row("bob2", "bob", "ada2", "ada", 3, true)),
                Map.of()))
        .containsExactly("0reciprocal", "0reciprocal");
  }

  @Test
  void aFrozenRingTakesTheWeightInsideItAndNotOutside() {
    assertThat(
            codes(
                List.of(row("ada", "bob", 0), row("ada", "cleo", 0)),
                Map.of("ring-1", Set.of("ada", "bob"))))
        .containsExactly("0frozen", "1");
  }

  @Test
  void trustFlowsFromTheSeedsAndSybilsShareNone() {
    List<CitationEdge> edges =
        new ArrayList<>(
            List.of(
                new CitationEdge("seed", "ada", 1),
                new CitationEdge("seed", "bob", 1),
                new CitationEdge("ada", "bob", 1)));
    Map<String, Double> before = Trust.flow(edges, Set.of("seed"));
    for (int i = 0; i < 50; i++) {
      edges.add(new CitationEdge("sybil" + i, "sybil" + (i + 1) % 50, 5));
      edges.add(new CitationEdge("sybil" + i, "bob", 1));
    }
    Map<String, Double> after = Trust.flow(edges, Set.of("seed"));
    assertThat(after).containsExactlyInAnyOrderEntriesOf(before);
    assertThat(after.values().stream().mapToDouble(d -> d).sum()).isBetween(0.999999, 1.000001);
    assertThat(after.get("bob")).isGreaterThan(after.get("ada"));
    assertThat(Trust.flow(edges, Set.of())).isEmpty();
  }
}
