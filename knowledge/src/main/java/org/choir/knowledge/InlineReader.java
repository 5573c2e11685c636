package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.commonmark.ext.footnotes.FootnoteDefinition;
import org.commonmark.ext.footnotes.FootnoteReference;
import org.commonmark.node.Code;
import org.commonmark.node.Emphasis;
import org.commonmark.node.HardLineBreak;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.SoftLineBreak;
import org.commonmark.node.SourceSpan;
import org.commonmark.node.StrongEmphasis;
import org.commonmark.node.Text;
import org.jspecify.annotations.Nullable;

/** Reads the inline nodes of a block into {@link Prose}, without recursion. */
final class InlineReader {
  /** Words of a link that only point, as a footnote number does. */
  private static final Set<String> POINTERS =
      Set.of("source", "sources", "link", "ref", "reference", "cite", "citation", "here");

  private final String text;
  private final boolean document;
  private final Map<String, Node> footnotes;

  InlineReader(String text, boolean document, Map<String, Node> footnotes) {
    this.text = text;
    this.document = document;
    this.footnotes = footnotes;
  }

  Prose read(Node block) {
    Prose.Builder out = new Prose.Builder();
    List<Integer> linkStarts = new ArrayList<>();
    int style = 0;
    Node node = block.getFirstChild();
    while (node != null) {
      Node child = leaf(node, out, style) ? null : node.getFirstChild();
      if (child != null) {
        style = enter(node, out, style, linkStarts);
        node = child;
        continue;
      }
      while (node != null && node.getNext() == null) {
        node = node.getParent();
        if (node == null || node.equals(block)) {
          return out.build();
        }
        style = leave(node, out, style, linkStarts);
      }
      node = node == null ? null : node.getNext();
    }
    return out.build();
  }

  /** Whether the node was taken whole: its children, if any, are not read. */
  private boolean leaf(Node node, Prose.Builder out, int style) {
    switch (node) {
      case Text word -> addText(word, out, style);
      case Code code -> {
        int[] place = place(code);
        for (char c : code.getLiteral().toCharArray()) {
          out.add(c, style | Prose.CODE, place[0], place[1]);
        }
      }
      case SoftLineBreak space -> out.add(' ', style, place(space)[0], place(space)[1]);
      case HardLineBreak line -> out.add('\n', style, place(line)[0], place(line)[1]);
      case FootnoteReference reference -> {
        if (footnotes.get(reference.getLabel()) instanceof FootnoteDefinition definition) {
          citationsIn(definition).forEach(out::mark);
        }
      }
      case Image image -> {
        // A picture asserts nothing here and never reaches a report, nor do its words.
        return image != null;
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private int enter(Node node, Prose.Builder out, int style, List<Integer> linkStarts) {
    return switch (node) {
      case StrongEmphasis strong -> style | Prose.STRONG;
      case Emphasis emphasis -> style | Prose.EMPHASIS;
      case Link link -> {
        // A link definition must not turn a key into an address.
        if (isKey(link)) {
          out.add('[', style, place(link)[0], place(link)[0]);
        }
        linkStarts.add(out.length());
        yield document && !isKey(link) ? style | Prose.LINK : style;
      }
      default -> style;
    };
  }

  private int leave(Node node, Prose.Builder out, int style, List<Integer> linkStarts) {
    return switch (node) {
      case StrongEmphasis strong ->
          inside(node, StrongEmphasis.class) ? style : style & ~Prose.STRONG;
      case Emphasis emphasis -> inside(node, Emphasis.class) ? style : style & ~Prose.EMPHASIS;
      case Link link -> {
        int start = linkStarts.removeLast();
        if (isKey(link)) {
          out.add(']', style, place(link)[1], place(link)[1]);
        } else if (document) {
          cite(link, start, out);
        }
        yield style & ~Prose.LINK;
      }
      default -> style;
    };
  }

  private static boolean inside(Node node, Class<? extends Node> kind) {
    for (Node up = node.getParent(); up != null; up = up.getParent()) {
      if (kind.isInstance(up)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isKey(Link link) {
    return link.getFirstChild() instanceof Text first && first.getLiteral().startsWith("@");
  }

  private static void cite(Link link, int start, Prose.Builder out) {
    String target = link.getDestination();
    if (target.isBlank() || target.startsWith("#") || target.startsWith("mailto:")) {
      return;
    }
    String words = out.since(start).strip();
    boolean pointer =
        words.equals(target)
            || words.matches("\\[?\\^?[0-9]{1,4}]?")
            || POINTERS.contains(words.toLowerCase(Locale.ROOT));
    if (pointer) {
      int length = start;
      while (length > 0 && Character.isWhitespace(out.since(length - 1).charAt(0))) {
        length--;
      }
      out.cut(length);
    }
    out.mark(new Citation(Citation.Kind.LINK, target));
  }

  /** What a footnote stands for: its keys, in a document also its links, else its words. */
  private List<Citation> citationsIn(FootnoteDefinition definition) {
    List<Citation> found = new ArrayList<>();
    StringBuilder words = new StringBuilder();
    InlineReader inner = new InlineReader(text, document, Map.of());
    for (Node node = definition.getFirstChild(); node != null; node = node.getNext()) {
      Prose prose = inner.read(node);
      prose.marks().forEach(mark -> found.add(mark.citation()));
      words.append(words.isEmpty() ? "" : " ").append(prose.plain());
    }
    if (found.isEmpty()) {
      found.add(new Citation(Citation.Kind.FOOTNOTE, words.toString()));
    }
    return found;
  }

  /** Lines up the words with their Markdown: escapes and entities are longer there. */
  private void addText(Text node, Prose.Builder out, int style) {
    String literal = node.getLiteral();
    int[] place = place(node);
    int at = place[0];
    for (int i = 0; i < literal.length(); i++) {
      char c = literal.charAt(i);
      int end = at;
      if (at < place[1]) {
        char raw = text.charAt(at);
        int semicolon = raw == '&' ? text.indexOf(';', at) : -1;
        if (raw == '\\' && at + 1 < place[1] && text.charAt(at + 1) == c) {
          end = at + 2;
        } else if (raw == c) {
          boolean entity = text.startsWith("&amp;", at);
          end = at + (entity ? 5 : 1);
        } else if (semicolon > at && semicolon < place[1] && !Character.isLowSurrogate(c)) {
          end = semicolon + 1;
        } else {
          end = at + 1;
        }
      }
      out.add(c, style, at, Math.min(end, Math.max(place[1], at)));
      at = Math.min(end, Math.max(place[1], at));
    }
  }

  private static int[] place(@Nullable Node node) {
    for (Node at = node; at != null; at = at.getParent()) {
      List<SourceSpan> spans = at.getSourceSpans();
      if (!spans.isEmpty()) {
        SourceSpan last = spans.getLast();
        return new int[] {
          spans.getFirst().getInputIndex(), last.getInputIndex() + last.getLength()
        };
      }
    }
    return new int[] {0, 0};
  }
}
