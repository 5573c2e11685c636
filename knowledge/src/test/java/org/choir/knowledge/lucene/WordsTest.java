package org.choir.knowledge.lucene;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class WordsTest {
  private static List<String> terms(String text) {
    return Words.terms(text).stream().map(Words.Term::text).toList();
  }

  @Test
  void keepsAnIdentifierWholeAndInParts() {
    assertThat(terms("max_wal_size")).containsExactly("max_wal_s", "max", "wal", "size");
    assertThat(terms("postgresql.conf")).containsExactly("postgresql.conf", "postgresql", "conf");
    assertThat(terms("sourceLibrary")).containsExactly("sourcelibrari", "sourc", "librari");
    assertThat(terms("--sources")).containsExactly("sourc");
    assertThat(terms("PostgreSQL WAL")).containsExactly("postgresql", "wal");
  }

  @Test
  void bringsFormsOfAWordTogether() {
    assertThat(terms("The archives were archiving")).containsExactly("archiv", "were", "archiv");
    assertThat(terms("café the server's")).containsExactly("cafe", "server");
  }

  @Test
  void givesThePartsOfAnIdentifierItsPosition() {
    assertThat(Words.terms("set wal_level now").stream().map(Words.Term::position).toList())
        .containsExactly(0, 1, 1, 1, 2);
  }
}
