package org.choir.knowledge.formats;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.choir.knowledge.Extraction;
import org.choir.knowledge.ReadLimits;
import org.choir.knowledge.TextBlock;
import org.choir.knowledge.UnusableSource;

/**
 * Plain text: paragraphs between empty lines with their wrapped lines joined, headings where a line
 * is underlined or stands alone in capitals or under a number, indented blocks kept line by line.
 */
final class TextReader implements FormatReader {
  private static final Pattern UNDERLINE = Pattern.compile("([=\\-~^\"'`#*+])\\1{2,}\\s*");
  private static final Pattern ITEM =
      Pattern.compile("\\s{0,8}(?:[-*+•o]|\\(?\\d{1,3}[.)]|\\(?[a-z][.)])\\s+\\S.*");
  private static final Pattern NUMBERED =
      Pattern.compile("(\\d{1,2}(?:\\.\\d{1,2}){0,4})\\.?\\s+\\p{Lu}.*");
  private static final Pattern CAPITALS = Pattern.compile("[\\p{Lu}\\d][\\p{Lu}\\d '&/,:()-]*");
  private static final int HEADING_CHARS_MAX = 100;
  private static final int UNDERLINE_MISS_MAX = 3;
  private static final String LEVELS = "=-~^\"'`#*+";

  @Override
  public Extraction read(byte[] file, ReadLimits limits) {
    String text = Decoding.text(file);
    limits.checkText(text.length());
    return extraction(text);
  }

  private static Extraction extraction(String text) {
    String[] lines = text.split("\\R", -1);
    List<TextBlock> blocks = new ArrayList<>();
    for (int i = 0; i < lines.length; ) {
      if (lines[i].isBlank()) {
        i++;
        continue;
      }
      int end = i;
      while (end < lines.length && !lines[end].isBlank()) {
        end++;
      }
      paragraph(lines, i, end, blocks);
      i = end;
    }
    if (blocks.isEmpty()) {
      throw new UnusableSource("empty", "the file holds nothing but blanks");
    }
    TextBlock first = blocks.getFirst();
    String title = first.kind() == TextBlock.Kind.HEADING ? first.text() : "";
    return new Extraction("text/plain", title, blocks);
  }

  /** The lines from start to end, none of which is blank. */
  private static void paragraph(String[] lines, int start, int end, List<TextBlock> blocks) {
    int from = start;
    if (end - start >= 3 && overline(lines[start]) && underline(lines[start + 2])) {
      from++; // an overlined heading
    }
    if (end - from >= 2 && underlined(lines[from], lines[from + 1])) {
      int level = 1 + LEVELS.indexOf(lines[from + 1].charAt(0));
      add(blocks, TextBlock.heading(Math.clamp(level, 1, 6), Clean.line(lines[from]), at(from)));
      from += 2;
    } else if (end - start == 1 && !lines[start].startsWith(" ")) {
      String line = Clean.line(lines[start]);
      var numbered = NUMBERED.matcher(line);
      boolean sentence = line.endsWith(".") || line.endsWith(",") || line.endsWith(";");
      if (headingLength(line) && numbered.matches() && !sentence) {
        int level = 1 + (int) numbered.group(1).chars().filter(c -> c == '.').count();
        add(blocks, TextBlock.heading(level, line, at(start)));
        return;
      }
      if (headingLength(line) && line.length() > 2 && CAPITALS.matcher(line).matches()) {
        add(blocks, TextBlock.heading(2, line, at(start)));
        return;
      }
    }
    if (from == end) {
      return;
    }
    if (preformatted(lines, from, end)) {
      String code = Clean.lines(String.join("\n", Arrays.asList(lines).subList(from, end)));
      add(blocks, TextBlock.of(TextBlock.Kind.CODE, code, at(from)));
      return;
    }
    flowing(lines, from, end, blocks);
  }

  /** Joins wrapped lines; a bullet or number at a line's start opens an item. */
  private static void flowing(String[] lines, int start, int end, List<TextBlock> blocks) {
    int from = start;
    for (int i = start; i <= end; i++) {
      if (i == end || (i > from && ITEM.matcher(lines[i]).matches())) {
        TextBlock.Kind kind =
            ITEM.matcher(lines[from]).matches() ? TextBlock.Kind.ITEM : TextBlock.Kind.TEXT;
        String joined = Clean.line(String.join(" ", Arrays.asList(lines).subList(from, i)));
        add(blocks, TextBlock.of(kind, joined, at(from)));
        from = i;
      }
    }
  }

  /** Columns held apart by blanks, or box drawing: joining such lines would destroy them. */
  private static boolean preformatted(String[] lines, int start, int end) {
    int aligned = 0;
    for (int i = start; i < end; i++) {
      String line = lines[i].strip();
      if (line.matches(".*\\S {3,}\\S.*") || line.matches("[|+].*") || line.startsWith("$ ")) {
        aligned++;
      }
    }
    return aligned * 2 > end - start && (end - start > 1 || lines[start].startsWith("    "));
  }

  /** Rules of hyphens over a line fence code more often than they crown a heading. */
  private static boolean overline(String line) {
    return underline(line) && !line.startsWith("-");
  }

  /** As long as the heading but for what a careless writer misses by, and not below a command. */
  private static boolean underlined(String heading, String line) {
    int missed = line.strip().length() - heading.strip().length();
    return underline(line)
        && headingLength(heading)
        && Math.abs(missed) <= UNDERLINE_MISS_MAX
        && !heading.startsWith("$")
        && !heading.startsWith(" ");
  }

  private static boolean underline(String line) {
    return UNDERLINE.matcher(line).matches();
  }

  private static boolean headingLength(String line) {
    return line.strip().length() <= HEADING_CHARS_MAX && !underline(line);
  }

  private static String at(int index) {
    return "line=" + (index + 1);
  }

  private static void add(List<TextBlock> blocks, TextBlock block) {
    if (!block.text().isEmpty()) {
      blocks.add(block);
    }
  }
}
