package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.Node;
import org.commonmark.node.Paragraph;
import org.commonmark.parser.Parser;

/**
 * Writes words as Markdown that means exactly these words: nothing in them becomes a link, a
 * heading, HTML or a citation number.
 */
final class MarkdownText {
  private static final Parser PARSER =
      Parser.builder().extensions(List.of(TablesExtension.create())).build();
  private static final Pattern ENTITY = Pattern.compile("&(?=#?[A-Za-z0-9]+;)");
  private static final Pattern OPENING =
      Pattern.compile("^(?:([#>~=+:-])|(\\d{1,9})([.)])(?=\\s|$))");

  private MarkdownText() {}

  /** One line of plain words, wherever it stands. */
  static String plain(String words) {
    return opening(inline(words));
  }

  /** One line of plain words that does not begin a line. */
  static String inline(String words) {
    return escaped(clean(words).replaceAll("\\s+", " ").strip());
  }

  /** A part of a prose with its emphasis and inline code, on one line. */
  static String styled(Prose prose, int start, int end) {
    String words = clean(prose.plain().substring(start, end)).replaceAll("\\s+", " ").strip();
    String marked = opening(marked(prose, start, end));
    return reads(marked, words) ? marked : opening(escaped(words));
  }

  /** Whether the Markdown shows exactly these words in one paragraph. */
  private static boolean reads(String markdown, String words) {
    Node first = PARSER.parse(markdown).getFirstChild();
    if (!(first instanceof Paragraph) || first.getNext() != null) {
      return false;
    }
    Prose read = new InlineReader(markdown, true, Map.of()).read(first);
    return read.marks().isEmpty() && read.plain().equals(words);
  }

  /** A line of a code block as it is, but without control characters. */
  static String code(String line) {
    StringBuilder kept = new StringBuilder(line.length());
    line.codePoints()
        .filter(point -> point == '\t' || !isHidden(point))
        .forEach(kept::appendCodePoint);
    return kept.toString();
  }

  /**
   * Without control characters and without invisible ones; joiners stay where they shape letters of
   * scripts that need them. All white space becomes a space.
   */
  static String clean(String words) {
    StringBuilder out = new StringBuilder(words.length());
    int before = 0;
    for (int point : words.codePoints().toArray()) {
      boolean joiner = (point == 0x200c || point == 0x200d) && before > 0x2ff;
      if (Character.isWhitespace(point) || Character.isSpaceChar(point)) {
        out.append(' ');
      } else if (joiner || !isHidden(point)) {
        out.appendCodePoint(point);
      }
      before = point;
    }
    return out.toString();
  }

  private static boolean isHidden(int point) {
    return switch (Character.getType(point)) {
      case Character.FORMAT,
          Character.CONTROL,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }

  private static String opening(String line) {
    return OPENING
        .matcher(line)
        .replaceFirst(
            m -> m.group(1) != null ? "\\\\\\" + m.group(1) : m.group(2) + "\\\\" + m.group(3));
  }

  private static String escaped(String words) {
    StringBuilder out = new StringBuilder(words.length() + 8);
    String text = ENTITY.matcher(words).replaceAll("\u0001");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean inWord =
          i > 0
              && i + 1 < text.length()
              && Character.isLetterOrDigit(text.charAt(i - 1))
              && Character.isLetterOrDigit(text.charAt(i + 1));
      boolean doubled = c == '~' && i + 1 < text.length() && text.charAt(i + 1) == '~';
      if (c == '\u0001') {
        out.append("\\&");
      } else if ("\\`*[]<|".indexOf(c) >= 0 || (c == '_' && !inWord) || doubled) {
        out.append('\\').append(c);
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  /** A stretch of one style. */
  private record Run(String text, int style) {}

  private static String marked(Prose prose, int start, int end) {
    StringBuilder out = new StringBuilder();
    int open = 0;
    String pending = "";
    for (Run run : runs(prose, start, end)) {
      boolean code = (run.style & Prose.CODE) != 0;
      int wanted = run.style & (Prose.STRONG | Prose.EMPHASIS);
      String text = code ? run.text.strip() : run.text;
      String body = text.strip();
      if (body.isEmpty()) {
        pending += run.text.isEmpty() ? "" : " ";
        continue;
      }
      if (wanted != open) {
        out.append(marks(open, true)).append(pending);
        pending = "";
        if (text.startsWith(" ")) {
          out.append(' ');
        }
        out.append(marks(wanted, false));
        open = wanted;
      } else {
        out.append(pending).append(text.startsWith(" ") ? " " : "");
        pending = "";
      }
      out.append(code ? fenced(body) : escaped(body));
      pending = text.endsWith(" ") ? " " : "";
    }
    return out.append(marks(open, true)).toString().strip();
  }

  private static String marks(int style, boolean closing) {
    String strong = (style & Prose.STRONG) != 0 ? "**" : "";
    String emphasis = (style & Prose.EMPHASIS) != 0 ? "*" : "";
    return closing ? emphasis + strong : strong + emphasis;
  }

  static String fenced(String code) {
    int longest = 0;
    int run = 0;
    for (int i = 0; i < code.length(); i++) {
      run = code.charAt(i) == '`' ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    String fence = "`".repeat(longest + 1);
    String pad = code.startsWith("`") || code.endsWith("`") ? " " : "";
    return fence + pad + code + pad + fence;
  }

  private static List<Run> runs(Prose prose, int start, int end) {
    List<Run> runs = new ArrayList<>();
    for (int i = start; i < end; ) {
      int style = prose.style()[i] & ~Prose.LINK;
      int j = i;
      while (j < end && (prose.style()[j] & ~Prose.LINK) == style) {
        j++;
      }
      runs.add(new Run(clean(prose.plain().substring(i, j)).replaceAll("\\s+", " "), style));
      i = j;
    }
    return runs;
  }
}
