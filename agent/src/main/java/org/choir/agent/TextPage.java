package org.choir.agent;

import java.util.ArrayList;
import java.util.List;

/** A page of a text file as {@code read_file} shows it: numbered lines and how to go on. */
final class TextPage {
  /** Longer source lines are shown in pieces {@code n}, {@code n.1}, {@code n.2}. */
  static final int LINE_MAX = 5_000;

  /** A page ends before it grows beyond this; about 20,000 tokens. */
  static final int PAGE_MAX = 80_000;

  private TextPage() {}

  /**
   * The page.
   *
   * @param offset lines to skip; a negative one counts as 0
   * @param limit source lines to show
   */
  static ToolOutput of(String content, int offset, int limit) {
    if (content.isEmpty()) {
      return ToolOutput.of("System reminder: File exists but has empty contents");
    }
    List<String> lines = lines(content);
    if (limit <= 0) {
      return ToolOutput.of(
          "System reminder: limit is "
              + limit
              + ", so no lines were read and the content was not inspected. Ask again with a limit of at least 1.");
    }
    int from = Math.max(0, offset);
    if (from >= lines.size()) {
      return ToolOutput.error(
          "Line offset "
              + from
              + " exceeds file length ("
              + lines.size()
              + " lines). Use an offset below "
              + lines.size()
              + ".");
    }
    return ToolOutput.of(
        page(lines, from, (int) Math.min(lines.size(), (long) from + limit), offset));
  }

  private static String page(List<String> lines, int from, int wanted, int offset) {
    List<String[]> rows = new ArrayList<>();
    int size = 0;
    int end = from;
    while (end < wanted) {
      List<String[]> pieces = pieces(end + 1, lines.get(end));
      int grown = pieces.stream().mapToInt(p -> p[0].length() + p[1].length() + 3).sum();
      if (end > from && size + grown > PAGE_MAX) {
        break;
      }
      rows.addAll(pieces);
      size += grown;
      end++;
    }
    int width = rows.stream().mapToInt(r -> r[0].length()).max().orElse(1);
    StringBuilder out = new StringBuilder(size + 200);
    for (String[] row : rows) {
      out.append(" ".repeat(width - row[0].length())).append(row[0]).append("  ").append(row[1]);
      out.append('\n');
    }
    if (offset < 0) {
      out.append("[The negative offset ").append(offset).append(" was taken as 0]\n");
    }
    if (from > 0 || end < lines.size()) {
      out.append("[Read ").append(end - from).append(" lines (lines ").append(from + 1);
      out.append('-').append(end).append(" of ").append(lines.size()).append(" total).");
      if (end < lines.size()) {
        out.append(' ').append(lines.size() - end).append(" lines remaining from offset ");
        out.append(end).append('.');
      }
      out.append("]\n");
    }
    out.setLength(out.length() - 1);
    return out.toString();
  }

  private static List<String[]> pieces(int number, String line) {
    List<String[]> out = new ArrayList<>();
    String rest = line;
    do {
      String piece = Strings.cut(rest, LINE_MAX);
      out.add(new String[] {out.isEmpty() ? "" + number : number + "." + out.size(), piece});
      rest = rest.substring(piece.length());
    } while (!rest.isEmpty());
    return out;
  }

  /** Lines ended by LF, CRLF or CR; the end of the last line does not begin another. */
  private static List<String> lines(String content) {
    return content.lines().toList();
  }
}
