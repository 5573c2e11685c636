package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Questions over a small manual, with the real embedding model. */
class SearchTest {
  @TempDir static Path temp;
  private static final RealEmbedder EMBEDDER = new RealEmbedder();
  private static SourceLibrary library;
  private static String set;

  @BeforeAll
  static void read() throws IOException {
    Path docs = Files.createDirectory(temp.resolve("docs"));
    Files.writeString(docs.resolve("log.html"), SmallManual.LOG);
    Files.writeString(docs.resolve("vacuum.html"), SmallManual.VACUUM);
    Files.writeString(docs.resolve("backup.md"), SmallManual.BACKUP);
    Files.writeString(docs.resolve("contents.html"), SmallManual.CONTENTS);
    Files.writeString(docs.resolve("garden.txt"), SmallManual.GARDEN);
    Files.writeString(docs.resolve("copy.md"), SmallManual.BACKUP.replace("# Backup", "# Saving"));
    Files.writeString(docs.resolve("limits.csv"), SmallManual.LIMITS);
    library = SourceLibrary.open(temp.resolve("home"), EMBEDDER);
    set = library.read(List.of(docs), (done, total) -> {}).id();
  }

  @AfterAll
  static void close() {
    library.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "How does the server recover after a crash?|replays the log from the last checkpoint",
        "When should I raise max_log_size?|checkpoints happen more often than every five minutes",
        "What does the sync option do?|forces every change to the disk",
        "What is the difference between a plain sweep and a full sweep?|rewrites the whole table",
        "Why do dead rows take up space?|older versions of a row are kept",
        "How do I restore a single table?|--table NAME",
        "Can I take a backup while the server is running?|without stopping the server",
        "How often should roses be watered?|twice a week",
        "What is the greatest number of columns of a table?|columns per table"
      })
  void answersAQuestionAmongTheFirstThree(String question, String words) {
    assertThat(library.search(set, question, 3))
        .anySatisfy(passage -> assertThat(passage.text()).contains(words));
  }

  @ParameterizedTest
  @CsvSource({
    "Who won the football world cup in 2018?",
    "What are the symptoms of vitamin D deficiency?",
    "How does a jet engine work?",
    "Which wine goes with fish?"
  })
  void scoresAQuestionThatTheSourcesDoNotAnswerBelowTheThreshold(String question) {
    assertThat(library.search(set, question, 1))
        .allSatisfy(passage -> assertThat(passage.score()).isLessThan(SourceLibrary.ANSWERS));
  }

  @ParameterizedTest
  @CsvSource({
    "How does the server recover after a crash?",
    "When should I raise max_log_size?",
    "How do I restore a single table?",
    "How often should roses be watered?"
  })
  void scoresAQuestionThatTheSourcesAnswerAboveTheThreshold(String question) {
    assertThat(library.search(set, question, 1).getFirst().score())
        .isGreaterThan(SourceLibrary.ANSWERS);
  }

  @Test
  void findsAnIdentifierWholeAndByItsParts() {
    assertThat(library.search(set, "max_log_size", 1).getFirst().section())
        .contains("max_log_size");
    assertThat(library.search(set, "maximum log size setting", 3))
        .anyMatch(passage -> passage.section().contains("max_log_size"));
  }

  @Test
  void leavesOutNearDuplicates() {
    List<Passage> found = library.search(set, "How do I restore a single table?", 10);
    assertThat(found).filteredOn(passage -> passage.text().contains("--table NAME")).hasSize(1);
  }

  @Test
  void ranksATableOfContentsBelowWhatItPointsTo() {
    List<Passage> found = library.search(set, "Sweeping tables and recovering disk space", 10);
    assertThat(found.getFirst().location()).endsWith("vacuum.html");
  }

  @Test
  void givesTheSameAnswerEveryTimeBestFirst() {
    List<Passage> first = library.search(set, "How does the log work?", 8);
    assertThat(library.search(set, "How does the log work?", 8)).isEqualTo(first);
    assertThat(first).extracting(Passage::score).isSortedAccordingTo((a, b) -> b.compareTo(a));
    assertThat(first).allMatch(passage -> passage.score() >= 0 && passage.score() <= 1);
  }
}
