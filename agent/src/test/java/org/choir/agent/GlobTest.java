package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobTest {
  private static final List<String> TREE =
      List.of(
          ".env",
          ".git/config",
          ".git/hooks/run.py",
          "a.py",
          "ab.py",
          "b.md",
          "file1.txt",
          "file2.txt",
          "file3.txt",
          "sub/.hidden",
          "sub/a.py",
          "sub/deep/c.py",
          "sub/deep/d.txt",
          "sub/x{y}.txt",
          "ünï/💡.md");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          *.py               | a.py ab.py sub/a.py sub/deep/c.py
          /*.py              | a.py ab.py
          **/*.py            | a.py ab.py sub/a.py sub/deep/c.py
          sub/*.py           | sub/a.py
          sub/**/*.py        | sub/a.py sub/deep/c.py
          sub/**             | sub/a.py sub/deep/c.py sub/deep/d.txt sub/x{y}.txt
          /sub/deep/*        | sub/deep/c.py sub/deep/d.txt
          *.{py,md}          | a.py ab.py b.md sub/a.py sub/deep/c.py ünï/💡.md
          *.{t{xt,ex},md}    | b.md file1.txt file2.txt file3.txt sub/deep/d.txt sub/x{y}.txt ünï/💡.md
          file[1-2].txt      | file1.txt file2.txt
          file?.txt          | file1.txt file2.txt file3.txt
          file[!1].txt       | file2.txt file3.txt
          file[^1].txt       | file2.txt file3.txt
          .*                 | .env sub/.hidden
          .git/*             | .git/config
          .git/**/*.py       | .git/hooks/run.py
          a.py/**            | ''
          *.rs               | ''
          x\\{y\\}.txt       | sub/x{y}.txt
          ?.md               | b.md ünï/💡.md
          **/deep/**/*.txt   | sub/deep/d.txt
          a*b*.py            | ab.py
          """)
  void matchesTheSameFilesAsTheTableSays(String pattern, String expected) {
    Glob glob = Glob.of(pattern.replace("\\\\", "\\"));
    assertThat(TREE.stream().filter(glob::matches))
        .containsExactlyElementsOf(
            Stream.of(expected.split(" ")).filter(s -> !s.isEmpty()).toList());
  }

  @Test
  void refusesAWayUpAndABraceBomb() {
    assertThatThrownBy(() -> Glob.of("sub/../../*"))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("invalid_path"));
    assertThatThrownBy(() -> Glob.of("{a,b}".repeat(30)))
        .isInstanceOfSatisfying(
            ChoirException.class, e -> assertThat(e.code()).isEqualTo("pattern_too_broad"));
  }

  @Test
  void staysQuickOnPatternsThatBacktrack() {
    Glob glob = Glob.of("**/".repeat(40) + "*a".repeat(40) + "b");
    assertThat(glob.matches("a/".repeat(40) + "a".repeat(200))).isFalse();
  }
}
