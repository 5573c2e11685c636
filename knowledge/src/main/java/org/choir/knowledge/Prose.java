package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The text of one block without its Markdown: per char its style and the place it came from.
 *
 * @param plain the words, citation markers taken out
 * @param style per char of plain a sum of {@link #CODE}, {@link #STRONG}, {@link #EMPHASIS}
 * @param from per char of plain the offset in the Markdown where it begins, in chars
 * @param to where it ends
 * @param marks the citations, by their place
 * @param units what plain consists of, in order
 */
record Prose(String plain, byte[] style, int[] from, int[] to, List<Mark> marks, List<Unit> units) {
  private static final Pattern SEPARATORS = Pattern.compile("[\\[\\];,()\\s]+");

  static final byte CODE = 1;
  static final byte STRONG = 2;
  static final byte EMPHASIS = 4;
  static final byte LINK = 8;

  /** A citation that stands before this char of the plain text. */
  record Mark(int at, Citation citation) {}

  /** A sentence from start to end, and the index of its claim or {@link Block#NONE}. */
  record Unit(int start, int end, int claim) {}

  Prose with(List<Unit> parts) {
    return new Prose(plain, style, from, to, marks, List.copyOf(parts));
  }

  /** Collects a block's text from its inline nodes. */
  static final class Builder {
    private final StringBuilder plain = new StringBuilder();
    private final List<Byte> style = new ArrayList<>();
    private final List<Integer> from = new ArrayList<>();
    private final List<Integer> to = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();

    int length() {
      return plain.length();
    }

    String since(int start) {
      return plain.substring(start);
    }

    void cut(int length) {
      plain.setLength(length);
      style.subList(length, style.size()).clear();
      from.subList(length, from.size()).clear();
      to.subList(length, to.size()).clear();
    }

    void add(char c, int style, int from, int to) {
      plain.append(c);
      this.style.add((byte) style);
      this.from.add(from);
      this.to.add(to);
    }

    void mark(Citation citation) {
      marks.add(new Mark(plain.length(), citation));
    }

    /** The text with every {@code [@key]} turned into a mark. */
    Prose build() {
      Builder out = new Builder();
      int next = 0;
      for (int i = 0; i <= plain.length(); ) {
        while (next < marks.size() && marks.get(next).at() <= i) {
          out.mark(marks.get(next++).citation());
        }
        if (i == plain.length()) {
          break;
        }
        int end = groupEnd(i);
        if (end < 0) {
          out.add(plain.charAt(i), style.get(i), from.get(i), to.get(i));
          i++;
          continue;
        }
        while (out.length() > 0 && Character.isWhitespace(out.plain.charAt(out.length() - 1))) {
          out.cut(out.length() - 1);
        }
        boolean wrapped =
            out.length() > 0
                && out.plain.charAt(out.length() - 1) == '('
                && end < plain.length()
                && plain.charAt(end) == ')';
        if (wrapped) {
          out.cut(out.length() - 1);
          end++;
          while (out.length() > 0 && Character.isWhitespace(out.plain.charAt(out.length() - 1))) {
            out.cut(out.length() - 1);
          }
        }
        SEPARATORS
            .splitAsStream(plain.substring(i, end))
            .filter(part -> part.startsWith("@"))
            .forEach(part -> out.mark(new Citation(Citation.Kind.KEY, part.substring(1))));
        boolean glued = end < plain.length() && Character.isLetterOrDigit(plain.charAt(end));
        if (glued && out.length() > 0) {
          out.add(' ', 0, from.get(i), from.get(i));
        }
        i = end;
      }
      return out.frozen();
    }

    /** The end of a bracket group of keys that begins here, or -1. */
    private int groupEnd(int start) {
      if (plain.charAt(start) != '['
          || start + 2 >= plain.length()
          || plain.charAt(start + 1) != '@'
          || (style.get(start) & CODE) != 0) {
        return -1;
      }
      int close = plain.indexOf("]", start);
      int again = plain.indexOf("[", start + 1);
      boolean whole = close > 0 && (again < 0 || again > close) && (style.get(close) & CODE) == 0;
      return whole ? close + 1 : -1;
    }

    private Prose frozen() {
      byte[] styles = new byte[plain.length()];
      int[] starts = new int[plain.length()];
      int[] ends = new int[plain.length()];
      for (int i = 0; i < plain.length(); i++) {
        styles[i] = style.get(i);
        starts[i] = from.get(i);
        ends[i] = to.get(i);
      }
      return new Prose(plain.toString(), styles, starts, ends, List.copyOf(marks), List.of());
    }
  }
}
