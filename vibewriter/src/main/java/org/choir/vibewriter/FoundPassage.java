package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A passage as the tools {@code search_sources} and {@code read_source} show it to a model: a head
 * line {@code [@KEY] TITLE › SECTION}, then the text.
 *
 * @param section may be empty
 */
record FoundPassage(String key, String title, String section, String text) {
  private static final Pattern HEAD = Pattern.compile("\\[@(s[0-9a-f]{10})] (.*)");
  private static final String SEPARATOR = " › ";

  /** Reads a tool's answer; lines before the first head line are no passages. */
  static List<FoundPassage> parse(String toolText) {
    List<FoundPassage> passages = new ArrayList<>();
    String key = "";
    String head = "";
    StringBuilder text = new StringBuilder();
    for (String line : toolText.lines().toList()) {
      Matcher matcher = HEAD.matcher(line);
      if (matcher.matches()) {
        add(passages, key, head, text);
        key = matcher.group(1);
        head = matcher.group(2);
        text.setLength(0);
      } else if (!line.isBlank()) {
        text.append(line).append('\n');
      }
    }
    add(passages, key, head, text);
    return passages;
  }

  private static void add(
      List<FoundPassage> passages, String key, String head, StringBuilder text) {
    if (!key.isEmpty()) {
      int at = head.indexOf(SEPARATOR);
      String title = at < 0 ? head : head.substring(0, at);
      String section = at < 0 ? "" : head.substring(at + SEPARATOR.length());
      passages.add(new FoundPassage(key, title, section, text.toString().strip()));
    }
  }
}
