package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnswerSentencesTest {

  @Test
  void quotesOnlyWholePlainSentences() {
    assertThat(AnswerSentences.usable("The server writes the log before it writes the data."))
        .isTrue();
    assertThat(
            AnswerSentences.usable("max_wal_size sets the size at which a checkpoint is forced."))
        .isTrue();
    assertThat(AnswerSentences.usable("[[undo]] The change has been included in the main branch."))
        .isFalse();
    assertThat(
            AnswerSentences.usable("Merges:: By default a rebase drops the merge commits of it."))
        .isFalse();
    assertThat(AnswerSentences.usable("and then the server writes the log to disk.")).isFalse();
    assertThat(AnswerSentences.usable("Too short to say.")).isFalse();
    assertThat(AnswerSentences.usable("The following settings are available for this purpose:"))
        .isFalse();
    assertThat(
            AnswerSentences.usable(
                "CREATE TABLE t (a int, b int[], c = 1 + 2 * {3} | {4} <-> $1)."))
        .isFalse();
    assertThat(AnswerSentences.usable("To update the data statistics used by the query planner."))
        .isFalse();
    assertThat(
            AnswerSentences.usable(
                "To update the statistics used by the planner, run the ANALYZE command."))
        .isTrue();
    assertThat(AnswerSentences.usable("For conflicting lock modes and more, see Table 13.2."))
        .isFalse();
    assertThat(
            AnswerSentences.usable("For each lock the server checks whether it can see Table 2."))
        .isTrue();
    assertThat(AnswerSentences.usable("The server (which writes the log keeps it for a while."))
        .isFalse();
  }

  @Test
  void knowsASentenceThatLeansOnTheOneBefore() {
    for (String leaning :
        new String[] {
          "This makes recovery possible.",
          "However, the server stops.",
          "To ensure that this does not happen, the table is vacuumed.",
          "(This will happen even if it is disabled.)",
          "In this case, recovery halts.",
          "It then starts again.",
          "The results of these scans are then ORed together to produce the result."
        }) {
      assertThat(AnswerSentences.standsAlone(leaning)).as(leaning).isFalse();
    }
    for (String alone :
        new String[] {
          "A checkpoint flushes all dirty pages.",
          "If recovery fails, the server does not start.",
          "The log holds more than writes.",
          "The planner uses an index for queries of many kinds."
        }) {
      assertThat(AnswerSentences.standsAlone(alone)).as(alone).isTrue();
    }
  }

  @Test
  void knowsASentenceWhoseSubjectIsItsHeading() {
    assertThat(AnswerSentences.speaksOfItsHeading("Specifies the size of the log.")).isTrue();
    assertThat(AnswerSentences.speaksOfItsHeading("Enables or disables the daemon.")).isTrue();
    assertThat(AnswerSentences.speaksOfItsHeading("Tables are vacuumed at night.")).isFalse();
    assertThat(AnswerSentences.speaksOfItsHeading("This is the size of the log.")).isFalse();
  }

  @Test
  void foldsInflectionsTogether() {
    assertThat(Terms.of("crashes crashed crashing crash")).containsExactly("crash");
    assertThat(Terms.of("stopped stopping stops")).containsExactly("stop");
    assertThat(Terms.of("max_wal_size of the WAL")).containsExactly("max_wal_size", "wal");
  }
}
