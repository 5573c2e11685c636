package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.choir.core.Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sources that contradict each other are named, and only those. */
class ConflictTest {
  private static final String ONE = "s0000000001";
  private static final String OTHER = "s0000000002";

  private static Evidence evidence(String key, String text) {
    String location = "/d/" + key + ".md";
    return new Evidence(key, Digest.of(location), key, "", location, "line=1", 0, text);
  }

  private static List<ClaimResult> results(String one, String other, String otherKey) {
    Draft draft = Draft.of(one + " [@" + ONE + "]\n\n" + other + " [@" + otherKey + "]\n");
    return ClaimVerifier.byRules()
        .verify(
            draft,
            EvidenceBook.of(
                List.of(
                    evidence(ONE, otherKey.equals(ONE) ? one + " " + other : one),
                    evidence(OTHER, other))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "The log writer flushes the log every 200 milliseconds."
            + "|The log writer flushes the log every 900 milliseconds.",
        "The ferry stops when the ice is thicker than twenty centimetres."
            + "|The ferry does not stop when the ice is thicker than twenty centimetres.",
        "The tower was built in 1823 by the harbour board."
            + "|The tower was built in 1832 by the harbour board.",
      })
  void claimsThatContradictEachOtherAreFound(String one, String other) {
    List<ClaimResult> results = results(one, other, OTHER);
    assertThat(results).extracting(ClaimResult::verdict).containsOnly(ClaimVerdict.SUPPORTED);
    assertThat(Conflict.among(results))
        .singleElement()
        .satisfies(
            c -> {
              assertThat(c.one().claim().text()).isEqualTo(one);
              assertThat(c.other().claim().text()).isEqualTo(other);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "The log writer flushes the log every 200 milliseconds."
            + "|The archiver copies segments every 900 seconds.",
        "The ferry stops when the ice is thicker than twenty centimetres."
            + "|The ferry stops when the ice is thicker than twenty centimetres and the wind is"
            + " strong.",
        "In winter the ferry crosses in twenty minutes.|In summer the ferry crosses in eight minutes.",
        "The bridge of 1894 would have cost forty thousand coins."
            + "|The bridge of 1921 would have cost ninety thousand coins.",
      })
  void claimsOnDifferentThingsAreNoConflict(String one, String other) {
    assertThat(Conflict.among(results(one, other, OTHER))).isEmpty();
  }

  @Test
  void oneSourceDoesNotContradictItself() {
    assertThat(
            Conflict.among(
                results(
                    "The log writer flushes the log every 200 milliseconds.",
                    "The log writer flushes the log every 900 milliseconds.",
                    ONE)))
        .isEmpty();
  }

  @Test
  void theReportNamesTheConflictAndKeepsBothSides() {
    String one = "The log writer flushes the log every 200 milliseconds.";
    String other = "The log writer flushes the log every 900 milliseconds.";
    Draft draft = Draft.of(one + " [@" + ONE + "]\n\n" + other + " [@" + OTHER + "]\n");
    Report report =
        ReportAssembler.assemble(
            draft,
            results(one, other, OTHER),
            new ReportFrame(
                "q",
                "q",
                "m",
                false,
                new ReportFrame.Targets("quick", 2, 5),
                List.of(),
                List.of()));
    assertThat(report.markdown())
        .contains(one + " [1]\n")
        .contains(other + " [2]\n")
        .contains(
            "- Sources disagree: “"
                + one
                + "” [1], but “"
                + other
                + "” [2]. Which is right was not"
                + " decided.\n");
  }
}
