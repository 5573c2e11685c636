package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SubQuestionsTest {

  private static List<String> headings(String question, int most) {
    return SubQuestions.of(question, most).stream().map(SubQuestion::heading).toList();
  }

  @Test
  void aListOfQuestionsIsTakenApartAndAClauseIsNot() {
    assertThat(
            headings("Why was no bridge built, why did the plan fail, and what came instead?", 3))
        .containsExactly(
            "Why was no bridge built?", "Why did the plan fail?", "What came instead?");
    assertThat(headings("After a crash of the server, what happens to a run?", 1))
        .containsExactly("After a crash of the server, what happens to a run?");
  }

  @Test
  void takesACompoundQuestionApart() {
    assertThat(headings("Why are hint bits set, and what is the visibility map?", 2))
        .containsExactly("Why are hint bits set?", "What is the visibility map?");
    assertThat(headings("How do I back up a database? What must I stop first?", 2))
        .containsExactly("How do I back up a database?", "What must I stop first?");
  }

  @Test
  void givesAPronounTheWordsItStandsFor() {
    SubQuestion second =
        SubQuestions.of("What is a replication slot, and how is it removed?", 2).get(1);
    assertThat(second.text()).isEqualTo("How is it removed?");
    assertThat(second.query()).contains("replication").contains("slot");
  }

  @Test
  void asksBothSidesOfAComparison() {
    assertThat(headings("What is the difference between logical and streaming replication?", 3))
        .containsExactly(
            "What is the difference between logical and streaming replication?",
            "Logical replication",
            "Streaming replication");
    assertThat(headings("B-tree vs hash indexes", 3)).contains("B-tree indexes", "Hash indexes");
  }

  @Test
  void keepsTheAskedQuestionsFirstAndTheirNumberBounded() {
    List<SubQuestion> all = SubQuestions.of("How does a checkpoint work?", 4);
    assertThat(all).hasSize(4);
    assertThat(all.getFirst().asked()).isTrue();
    assertThat(all.stream().skip(1)).noneMatch(SubQuestion::asked);
    assertThat(SubQuestions.of("How does a checkpoint work?", 1)).hasSize(1);
  }

  @Test
  void dropsTheFrameOfAQuestionFromItsTopic() {
    assertThat(SubQuestions.topic("How does a run continue after a crash?"))
        .isEqualTo("run continue after a crash");
    assertThat(SubQuestions.topic("What is the visibility map?")).isEqualTo("visibility map");
    assertThat(SubQuestions.topic("Explain point-in-time recovery"))
        .isEqualTo("point-in-time recovery");
    assertThat(SubQuestions.topic("WAL")).isEqualTo("WAL");
  }

  @Test
  void survivesQuestionsWithoutWords() {
    assertThat(headings("???", 4)).isNotEmpty();
    assertThat(headings("why?", 4)).isNotEmpty();
    assertThat(headings("  and, or; but  ", 4)).isNotEmpty();
  }
}
