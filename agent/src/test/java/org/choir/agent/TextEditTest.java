package org.choir.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextEditTest {

  private static TextEdit edit(String content, String old, String replacement, boolean all) {
    return TextEdit.of(content, old, replacement, all);
  }

  @Test
  void replacesOneOccurrenceLiterally() {
    assertThat(edit("price $100.00 [a-z]*", "$100.00 [a-z]*", "$1 \\0", false))
        .isEqualTo(new TextEdit("price $1 \\0", 1, ""));
  }

  @Test
  void leavesTheFileAloneWhenTheStringIsNotUnique() {
    TextEdit edit = edit("a a a", "a", "b", false);
    assertThat(edit.content()).isEqualTo("a a a");
    assertThat(edit.problem()).contains("appears 3 times", "multiple", "replace_all");
  }

  @Test
  void replacesAllWhenAsked() {
    assertThat(edit("a a a", "a", "b", true)).isEqualTo(new TextEdit("b b b", 3, ""));
  }

  @Test
  void deletesWithAnEmptyReplacementAndAcceptsIdenticalStrings() {
    assertThat(edit("keep drop", " drop", "", false).content()).isEqualTo("keep");
    assertThat(edit("same", "same", "same", false)).isEqualTo(new TextEdit("same", 1, ""));
  }

  @Test
  void keepsTheFilesOwnLineEnds() {
    assertThat(edit("a\r\nb\r\nc", "a\nb", "x\ny\nz", false).content())
        .isEqualTo("x\r\ny\r\nz\r\nc");
    assertThat(edit("a\nb\nc", "a\r\nb", "x\r\ny", false).content()).isEqualTo("x\ny\nc");
    assertThat(edit("a\nb", "a\nb", "x\ny", false).content()).isEqualTo("x\ny");
  }

  @Test
  void editsOnlyTheMatchedStyleOfAMixedFileAndConvergesOnASecondCall() {
    TextEdit first = edit("a\nb|a\r\nb", "a\nb", "x\ny", true);
    assertThat(first).isEqualTo(new TextEdit("x\ny|a\r\nb", 1, ""));
    assertThat(edit(first.content(), "a\nb", "x\ny", true))
        .isEqualTo(new TextEdit("x\ny|x\r\ny", 1, ""));
  }

  @Test
  void saysWhenOnlyTheFinalLineBreakIsTooMuch() {
    assertThat(edit("one\ntwo", "two\n", "three\n", false).problem())
        .contains("String not found in file", "ends with a line break");
    assertThat(edit("two\ntwo", "two\n\n", "x", false).problem())
        .doesNotContain("ends with a line break");
    assertThat(edit("one", "\n", "x", false).problem()).doesNotContain("ends with a line break");
  }

  @Test
  void saysThatAStringIsNotThere() {
    assertThat(edit("one", "two", "x", false).problem()).startsWith("String not found in file");
    assertThat(edit("one", "", "x", false).problem()).contains("write_file");
  }
}
