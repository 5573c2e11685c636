package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.choir.vibewriter.ReportFrame.Reached;
import org.choir.vibewriter.ReportFrame.Tally;
import org.junit.jupiter.api.Test;

class ReportFrameTest {

  private static ReportFrame frame(
      Depth depth, int documents, int skipped, String language, boolean languageModel) {
    return new ReportFrame(
        "Why <b>this</b>?\n# And that",
        languageModel ? "anthropic:claude" : "extractive",
        languageModel,
        new ResearchOptions(
            depth, List.of(), "set", documents, skipped, language, Optional.empty()),
        new Reached(2, 1_499),
        new Tally(12, 1, 3),
        List.of("Who pays for `it`?"),
        language.equals("de") ? new TreeMap<>(Map.of("de", 3L, "fr", 1L)) : Map.of());
  }

  @Test
  void saysPlainlyThatNoLanguageModelWasUsed() {
    assertThat(frame(Depth.QUICK, 3, 0, "en", false).head())
        .isEqualTo(
            """
            # Why \\<b\\>this\\</b\\>? \\# And that

            *No language model was used: a program (`extractive`) chose these sentences, and quotes them from the sources.*

            """);
    assertThat(frame(Depth.QUICK, 3, 0, "en", true).head())
        .contains(
            "*Written by `anthropic:claude`; every sentence was checked against its source.*");
  }

  @Test
  void statesEachTargetAsReachedOrNot() {
    assertThat(frame(Depth.QUICK, 1, 0, "en", false).tail())
        .isEqualTo(
            """
            ## About this report

            - Depth `quick` (2-3 sources and 500 words): 2 sources cited, reached; 1,499 words, reached.
            - Verification: 12 supported, 1 supported in part and marked, 3 removed. The verification record beside this report has the evidence for each.
            - 1 document was searched.
            """);
    assertThat(frame(Depth.STANDARD, 1, 0, "en", false).tail())
        .contains("2 sources cited, not reached; 1,499 words, not reached.");
  }

  @Test
  void tellsOfSkippedFilesAndOfLanguagesThatAreNotEnglish() {
    assertThat(frame(Depth.QUICK, 1_200, 2, "de", false).tail())
        .contains("- The question seems to be in German.")
        .contains("- 4 documents are not in English (German 3, French 1)")
        .contains("- 2 files under the sources could not be used and were skipped;")
        .contains("1,200 documents were searched.");
    assertThat(frame(Depth.QUICK, 1, 1, "und", false).tail())
        .contains("- 1 file under the sources could not be used and was skipped;")
        .doesNotContain("question");
  }

  @Test
  void namesWhatTheSourcesDoNotAnswer() {
    assertThat(frame(Depth.QUICK, 1, 0, "en", false).open(false))
        .isEqualTo("## What the sources do not answer\n\n- Who pays for \\`it\\`?\n\n");
    assertThat(frame(Depth.QUICK, 1, 0, "en", false).open(true))
        .contains("No sentence that answers the question could be verified");
  }
}
