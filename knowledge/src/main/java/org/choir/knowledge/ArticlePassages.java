package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts an article's Markdown into passages of whole paragraphs that the embedding model reads
 * whole.
 */
final class ArticlePassages {
  private static final int WORDS_MAX = 250;
  private static final int WORDS_ENOUGH = 120;
  private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.+?) *#*$");

  private ArticlePassages() {}

  /** A passage without hidden text; line counts from 1. */
  record Part(String section, int line, String text) {}

  private record Paragraph(int line, String text) {}

  static List<Part> of(String markdown) {
    List<Part> parts = new ArrayList<>();
    List<Paragraph> open = new ArrayList<>();
    String section = "";
    StringBuilder paragraph = new StringBuilder();
    int begun = 1;
    int number = 0;
    for (String line : markdown.split("\n", -1)) {
      number++;
      Matcher heading = HEADING.matcher(line.strip());
      if (line.isBlank() || heading.matches()) {
        add(open, begun, paragraph);
        begun = number + 1;
      }
      if (heading.matches()) {
        close(parts, section, open);
        section = VisibleText.of(heading.group(1)).text().strip();
      } else if (!line.isBlank()) {
        begun = paragraph.isEmpty() ? number : begun;
        paragraph.append(paragraph.isEmpty() ? "" : "\n").append(line);
      }
    }
    add(open, begun, paragraph);
    close(parts, section, open);
    return parts;
  }

  private static void add(List<Paragraph> open, int line, StringBuilder paragraph) {
    String text = VisibleText.of(paragraph.toString()).text().strip();
    paragraph.setLength(0);
    if (text.isEmpty()) {
      return;
    }
    StringBuilder part = new StringBuilder();
    int words = 0;
    for (Sentences.Sentence sentence : Sentences.of(text)) {
      int more = VisibleText.words(sentence.text()).size();
      if (words > 0 && words + more > WORDS_MAX) {
        open.add(new Paragraph(line, part.toString()));
        part.setLength(0);
        words = 0;
      }
      part.append(part.isEmpty() ? "" : " ").append(sentence.text());
      words += more;
    }
    open.add(new Paragraph(line, part.toString()));
  }

  private static void close(List<Part> parts, String section, List<Paragraph> open) {
    StringBuilder text = new StringBuilder();
    int line = 0;
    int words = 0;
    for (Paragraph paragraph : open) {
      int more = VisibleText.words(paragraph.text()).size();
      if (words > 0 && (words >= WORDS_ENOUGH || words + more > WORDS_MAX)) {
        parts.add(new Part(section, line, text.toString()));
        text.setLength(0);
        words = 0;
      }
      line = words == 0 ? paragraph.line() : line;
      text.append(text.isEmpty() ? "" : "\n\n").append(paragraph.text());
      words += more;
    }
    if (words > 0) {
      parts.add(new Part(section, line, text.toString()));
    }
    open.clear();
  }
}
