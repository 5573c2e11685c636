package org.choir.vibewriter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanguagesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "How does a run continue after a crash? | en",
        "Which lock does CREATE INDEX take? | en",
        "What does \"die Katze\" mean in German? | en",
        "Wie wird ein Lauf nach einem Absturz fortgesetzt? | de",
        "Comment une exécution continue-t-elle après une panne ? | fr",
        "¿Cómo se recupera la base de datos después de un fallo? | es",
        "Come si recupera il database dopo un errore? | it",
        "Como é que a base de dados é recuperada depois de uma falha? | pt",
        "Hoe wordt de database na een crash hersteld? | nl",
        "Как работает журнал? | ru",
        "トランザクションとは何ですか | ja",
        "什么是事务 | zh",
        "wal_level | und",
        "42 | und"
      })
  void tellsTheLanguageOfAQuestion(String question, String language) {
    assertThat(Languages.ofQuestion(question)).isEqualTo(language);
  }
}
