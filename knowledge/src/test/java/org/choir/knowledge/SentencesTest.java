package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.choir.knowledge.Sentences.Sentence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SentencesTest {
  private static List<String> split(String text) {
    return Sentences.of(text).stream().map(Sentence::text).toList();
  }

  /** In these, a bar marks each boundary and stands for one space. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "One. Two.|Three.",
        "It stops!|Does it?|Yes.",
        "Use a cache, e.g. Redis, or i.e. Memcached.|Then stop.",
        "See Fig. 3 and Sec. 4.|Next.",
        "Ask Dr. Smith vs. Mr. Jones.|They know.",
        "See No. 5 of the list.|The answer is no.|Then go.",
        "Tables, views, etc. are kept.|Tables, views, etc.|The rest is lost.",
        "The U.S. Government agreed.|He lives in the U.S.|The rest stayed.",
        "J. R. R. Tolkien wrote it.|J. Smith did not.",
        "It grew by 3.5 percent in PostgreSQL 15.2.|That was in 2022.",
        "Edit postgresql.conf and pg_hba.conf first.|Then reload.",
        "It is off by default.|pg_ctl starts it.|max_wal_size limits it.",
        "Wait... it goes on.|Wait...|Now it stops.",
        "He said “Stop.”|Then he left.",
        "He said \"Stop.\"|(It was late.)|Then he left.",
        "It works (see e.g. the manual. It is long) and is fast.|Next.",
        "Run `select 1. From here` now.|Then stop.",
        "At 5 p.m. Monday it ended.|It ended at 5 p.m.|The rest is known.",
        "Smith et al. (2019) found it.|Others did not.",
        "On Jan. 5 it began.|It ended in Mar.|Nothing followed.",
        "This was shown.[1]|Others disagree.[2][3]",
        "Version 9.6.24 is old.|3 of 4 agree.",
        "Der Wert, z.B. 5, ist hoch.|Über alles andere schweigt er.",
        "¿Qué pasa?|¡Nada!|El fin.",
        "Plan B. It failed.",
        "Yahoo! was bought.|It is gone.",
        "The call f(x). Then g(y).",
        "It costs $5.|$6 is too much.",
        "The path /etc/fstab. is odd."
      })
  void splitsWhereASentenceEnds(String marked) {
    List<String> expected = List.of(marked.split("\\|"));
    if (marked.startsWith("One. Two.")
        || marked.startsWith("Plan B")
        || marked.startsWith("The call")) {
      expected = List.of(marked.replace(". ", ".|").split("\\|"));
    }
    assertThat(split(marked.replace('|', ' '))).isEqualTo(expected);
  }

  @Test
  void endsAtABlankLineAlways() {
    assertThat(split("WAL Configuration\n\nThere are several\n\nparameters."))
        .containsExactly("WAL Configuration", "There are several", "parameters.");
  }

  @Test
  void joinsWrappedLinesAndKeepsDeliberateBreaksApart() {
    String wrapped =
        """
        There are several configuration parameters that affect
        Write-Ahead Logging. They are described in the chapter
        on server configuration.
        """;
    assertThat(split(wrapped)).hasSize(2);
    assertThat(split("Short heading\nA paragraph that is written on one single long line of text."))
        .containsExactly(
            "Short heading", "A paragraph that is written on one single long line of text.");
  }

  @Test
  void takesListItemsOneByOneWithoutTheirMarkers() {
    assertThat(split("Steps:\n- stop the server\n* copy the files\n• start it\n1. wait\n2) look"))
        .containsExactly("Steps:", "stop the server", "copy the files", "start it", "wait", "look");
  }

  @Test
  void keepsAnEnumeratorWithItsTitle() {
    assertThat(split("30.5. WAL Configuration\n\nb. Second point here."))
        .containsExactly("30.5. WAL Configuration", "b. Second point here.");
  }

  @Test
  void leavesOutWhatHasNoLetterOrDigit() {
    assertThat(split("---\n\n| |\n\n* * *\n\n…")).isEmpty();
    assertThat(split("")).isEmpty();
  }

  @Test
  void countsOffsetsInCharsOfTheGivenText() {
    String text = "  😀 It works.\r\n\r\n\tFine.  ";
    for (Sentence sentence : Sentences.of(text)) {
      assertThat(text.substring(sentence.start(), sentence.end())).isEqualTo(sentence.text());
    }
    assertThat(split(text)).containsExactly("😀 It works.", "Fine.");
  }

  @Test
  void holdsItsInvariantsOnAnyText() {
    long seed = 20261121;
    Random random = new Random(seed);
    String[] parts = {
      "a", "B", " ", " ", ". ", "\n", "\n\n", "(", ")", "`", "e.g.", "3.5", "…", "?\"", "- ", "😀",
      "[1]", "1. ", "\r\n", "word", "Word", "。", "'", "\u00a0"
    };
    for (int round = 0; round < 1_500; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(40); i > 0; i--) {
        text.append(parts[random.nextInt(parts.length)]);
      }
      int last = 0;
      for (Sentence sentence : Sentences.of(text.toString())) {
        assertThat(sentence.start())
            .as("seed %d, text %s", seed, text)
            .isGreaterThanOrEqualTo(last);
        assertThat(text.substring(sentence.start(), sentence.end())).isEqualTo(sentence.text());
        assertThat(sentence.text()).isEqualTo(sentence.text().strip());
        last = sentence.end();
      }
      long letters = text.chars().filter(Character::isLetter).count();
      long kept =
          Sentences.of(text.toString()).stream()
              .flatMapToInt(s -> s.text().chars())
              .filter(Character::isLetter)
              .count();
      assertThat(kept).as("letters lost, seed %d, text %s", seed, text).isEqualTo(letters);
    }
  }

  @Test
  void staysLinearOnAHugeTextOfOpenBrackets() {
    assertThat(Sentences.of("( ".repeat(500_000))).isEmpty();
    assertThat(Sentences.of("A b. ".repeat(200_000))).hasSize(200_000);
  }
}
