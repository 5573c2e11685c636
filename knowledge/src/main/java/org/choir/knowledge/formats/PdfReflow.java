package org.choir.knowledge.formats;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Lines as they stand on paper, made paragraphs again: running heads and page numbers go, words
 * divided at a line's end are joined, and a paragraph ends at an empty line, before a bullet, or
 * after a line that is clearly shorter than the column and ends a sentence.
 */
final class PdfReflow {
  private static final Pattern BULLET = Pattern.compile("(?:[•▪●◦‣–]|\\(?\\d{1,2}[.)])\\s+\\S.*");
  private static final Pattern DIVIDED = Pattern.compile(".*\\p{Ll}[-\u00AD\u2010]$");
  private static final Pattern PAGE_NUMBER =
      Pattern.compile(
          "[\\s\\-–|]*(?:page\\s+)?\\d{1,4}[\\s\\-–|]*|[ivxlc]{1,6}", Pattern.CASE_INSENSITIVE);
  private static final double SHORT_LINE = 0.75;
  // A line at a page's edge that comes back on this share of the pages is a running head.
  private static final double REPEATED = 0.4;
  private static final int PAGES_FOR_HEADS_MIN = 4;

  private PdfReflow() {}

  /** The paragraphs of each page. */
  static List<List<String>> paragraphs(List<String> pages) {
    List<List<String>> lines = pages.stream().map(page -> page.lines().toList()).toList();
    Map<String, Integer> edges = new HashMap<>();
    for (List<String> page : lines) {
      for (String edge : edges(page)) {
        edges.merge(shape(edge), 1, Integer::sum);
      }
    }
    List<List<String>> result = new ArrayList<>();
    for (List<String> page : lines) {
      result.add(reflow(withoutHeads(page, edges, pages.size())));
    }
    return result;
  }

  private static List<String> edges(List<String> page) {
    List<String> full = page.stream().filter(line -> !line.isBlank()).toList();
    return switch (full.size()) {
      case 0 -> List.of();
      case 1 -> List.of(full.getFirst());
      default -> List.of(full.getFirst(), full.getLast());
    };
  }

  private static List<String> withoutHeads(
      List<String> page, Map<String, Integer> edges, int pages) {
    List<String> kept = new ArrayList<>(page);
    for (String edge : edges(page)) {
      boolean repeated =
          pages >= PAGES_FOR_HEADS_MIN && edges.getOrDefault(shape(edge), 0) >= pages * REPEATED;
      if (repeated || PAGE_NUMBER.matcher(edge.strip()).matches()) {
        kept.remove(edge.equals(page.getFirst()) ? kept.indexOf(edge) : kept.lastIndexOf(edge));
      }
    }
    return kept;
  }

  /** The line without its digits, which change from page to page. */
  private static String shape(String line) {
    return line.strip().replaceAll("\\d+", "0");
  }

  private static List<String> reflow(List<String> lines) {
    int column = lines.stream().mapToInt(line -> line.strip().length()).max().orElse(0);
    List<String> paragraphs = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String raw : lines) {
      String line = raw.strip();
      if (line.isEmpty() || (BULLET.matcher(line).matches() && !open.isEmpty())) {
        close(open, paragraphs);
      }
      if (line.isEmpty()) {
        continue;
      }
      if (DIVIDED.matcher(open).matches() && Character.isLowerCase(line.codePointAt(0))) {
        open.setLength(open.length() - 1);
      } else if (!open.isEmpty()) {
        open.append(' ');
      }
      open.append(line);
      if (line.length() < column * SHORT_LINE && line.matches(".*[.!?:][\"'”’)]?")) {
        close(open, paragraphs);
      }
    }
    close(open, paragraphs);
    return paragraphs;
  }

  private static void close(StringBuilder open, List<String> paragraphs) {
    if (!open.isEmpty()) {
      paragraphs.add(open.toString());
      open.setLength(0);
    }
  }
}
