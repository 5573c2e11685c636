package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.choir.vibewriter.ExtractiveDraft.Part;
import org.junit.jupiter.api.Test;

class ExtractiveDraftTest {
  private static final SubQuestion ASKED =
      new SubQuestion("How does it work?", "How does it work?", "work", "work", Set.of(), true);
  private static final SubQuestion ADDED =
      new SubQuestion("Limits and risks", "Which limits?", "limits", "work", Set.of(), false);

  private static Finding finding(String key, int position, String text, double score) {
    return new Finding(key, "Manual", "Section", position, text, score);
  }

  @Test
  void citesEverySentenceBeforeItsStop() {
    String draft =
        ExtractiveDraft.compose(
            List.of(
                new Part(
                    ASKED,
                    List.of(
                        finding("s0000000001", 0, "The log is written before the data.", 0.9)))),
            100,
            Set.of());
    assertThat(draft)
        .isEqualTo("## In short\n\nThe log is written before the data [@s0000000001].\n");
  }

  @Test
  void saysNothingTwice() {
    Finding first =
        finding("s0000000001", 0, "The log is always written before the data pages.", 0.9);
    Finding again =
        finding("s0000000002", 0, "The log is written before the data pages, always.", 0.8);
    String draft =
        ExtractiveDraft.compose(List.of(new Part(ASKED, List.of(first, again))), 100, Set.of());
    assertThat(draft).contains("s0000000001").doesNotContain("s0000000002");
  }

  @Test
  void leavesOutWhatLeansOnASentenceThatIsNotThere() {
    Finding base = finding("s0000000001", 0, "Every change of a page is recorded in the log.", 0.9);
    Finding leaning =
        finding("s0000000001", 1, "This makes it possible to repeat the change.", 0.8);
    Finding orphan = finding("s0000000002", 3, "However, it is slower on some systems.", 0.7);
    String draft =
        ExtractiveDraft.compose(
            List.of(new Part(ADDED, List.of(base, leaning, orphan))), 100, Set.of());
    assertThat(draft)
        .contains("recorded in the log")
        .contains("This makes it possible")
        .doesNotContain("However");
  }

  @Test
  void doesNotWriteARefusedSentenceAgain() {
    Finding one = finding("s0000000001", 0, "The server keeps 16 MB segments of the log.", 0.9);
    Finding two = finding("s0000000002", 0, "A checkpoint flushes all dirty pages to disk.", 0.8);
    String draft =
        ExtractiveDraft.compose(
            List.of(new Part(ASKED, List.of(one, two))),
            100,
            Set.of(ExtractiveDraft.folded(one.text())));
    assertThat(draft).doesNotContain("segments").contains("checkpoint");
  }

  @Test
  void keepsSourceTextFromBecomingMarkdown() {
    assertThat(ExtractiveDraft.escaped("Use *all* [links](x) of `max_wal_size` <b>"))
        .isEqualTo("Use \\*all\\* \\[links\\](x) of \\`max_wal_size\\` \\<b\\>");
    assertThat(ExtractiveDraft.escaped("1. First comes the log"))
        .isEqualTo("1\\. First comes the log");
    assertThat(ExtractiveDraft.escaped("- not a list")).isEqualTo("\\- not a list");
  }

  @Test
  void namesWhatHasNoAnswer() {
    List<Part> parts = List.of(new Part(ASKED, List.of()), new Part(ADDED, List.of()));
    assertThat(ExtractiveDraft.compose(parts, 100, Set.of())).isEmpty();
    assertThat(ExtractiveDraft.unanswered(parts)).containsExactly(ASKED, ADDED);
  }
}
