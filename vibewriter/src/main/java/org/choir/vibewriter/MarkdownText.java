package org.choir.vibewriter;

import java.util.regex.Pattern;
import org.choir.core.Text;

/** Words from outside as literal Markdown on one line: no character of them becomes structure. */
final class MarkdownText {
  private static final int MAX = 10_000;
  private static final Pattern SPECIAL = Pattern.compile("[\\\\`*_\\[\\]<>#|~&!$]");
  private static final Pattern OPENS_A_BLOCK = Pattern.compile("^(\\d{1,9})([.)])(?=\\s|$)");
  private static final Pattern OPENS_A_LIST = Pattern.compile("^[-+=]");

  private MarkdownText() {}

  static String literal(String words) {
    String line = Text.visible(words, MAX).strip().replaceAll("\\s+", " ");
    String escaped = SPECIAL.matcher(line).replaceAll("\\\\$0");
    escaped = OPENS_A_BLOCK.matcher(escaped).replaceFirst("$1\\\\$2");
    return OPENS_A_LIST.matcher(escaped).replaceFirst("\\\\$0");
  }
}
