package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the hand-written table of claims, evidence and verdicts. */
class ClaimCasesTest {
  static final String KEY = "s0123456789";
  private final ClaimVerifier verifier = ClaimVerifier.byRules();

  record Case(int line, ClaimVerdict verdict, String reason, String claim, String evidence) {}

  static Evidence evidence(String text) {
    return new Evidence(
        KEY, Digest.of(text), "PostgreSQL Manual", "WAL", "/docs/wal.html", "#wal", 100, text);
  }

  static Stream<Case> cases() {
    List<Case> cases = new ArrayList<>();
    String evidence = "";
    int line = 0;
    for (String row : table().lines().toList()) {
      line++;
      if (row.startsWith("E ")) {
        evidence = row.substring(2).replace("\\n", "\n");
      } else if (!row.isBlank() && !row.startsWith("#")) {
        String[] parts = row.split("\\s*\\|\\s*", 3);
        cases.add(
            new Case(
                line,
                ClaimVerdict.valueOf(parts[0].strip()),
                parts[1],
                parts[2].replace("\\u200b", "\u200b"),
                evidence));
      }
    }
    return cases.stream();
  }

  private static String table() {
    try (InputStream in = ClaimCasesTest.class.getResourceAsStream("/claims.txt")) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest(name = "line {0}")
  @MethodSource("cases")
  void judgesAsAPersonWould(Case row) {
    Draft draft = Draft.of(row.claim() + " [@" + KEY + "]");
    assertThat(draft.claims()).as("one claim in: %s", row.claim()).hasSize(1);
    Evidence evidence = evidence(row.evidence());
    ClaimResult result =
        verifier.verify(draft.claims().getFirst(), EvidenceBook.of(List.of(evidence)));
    assertThat(result.verdict())
        .as(
            "line %d%nclaim:    %s%nevidence: %s%nreason:   %s (score %.2f)",
            row.line(), row.claim(), row.evidence(), result.reason(), result.score())
        .isEqualTo(row.verdict());
    if (!row.reason().isBlank()) {
      assertThat(result.reason()).startsWith(row.reason() + ":");
    }
    assertThat(result.score()).isBetween(0.0, 1.0);
    assertThat(result.verdict().stands()).isEqualTo(!result.quotes().isEmpty());
    CodePoints points = new CodePoints(row.evidence());
    for (Quote quote : result.quotes()) {
      assertThat(points.slice(quote.start() - 100, quote.end() - 100)).isEqualTo(quote.text());
    }
  }

  @Test
  void hasEnoughCasesOfEachVerdict() {
    assertThat(cases()).hasSizeGreaterThanOrEqualTo(120);
    for (ClaimVerdict verdict :
        List.of(
            ClaimVerdict.SUPPORTED,
            ClaimVerdict.PARTIAL,
            ClaimVerdict.CONTRADICTED,
            ClaimVerdict.UNSUPPORTED)) {
      assertThat(cases().filter(c -> c.verdict() == verdict).count())
          .as(verdict.word())
          .isGreaterThan(15);
    }
  }
}
