package org.choir.knowledge;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.choir.knowledge.SourceDocument.Section;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a document laid out as one text, with its sections. A pure function of the blocks.
 *
 * @param text blocks parted by empty lines, items and rows by line breaks
 * @param sections as in {@link SourceDocument#sections()}
 * @param placed the blocks that carry text other than headings, where they stand
 * @param length of the text in code points
 */
record Composition(String text, List<Section> sections, List<Placed> placed, int length) {

  /**
   * A block in the text.
   *
   * @param section its section's index
   * @param start in code points, inclusive
   * @param end exclusive
   */
  record Placed(TextBlock block, int section, int start, int end) {}

  /**
   * Lays blocks out.
   *
   * @param title of the document; a heading that only repeats it adds nothing to a section's title
   */
  static Composition of(String title, List<TextBlock> blocks) {
    Layout layout = new Layout(title);
    blocks.forEach(layout::add);
    return layout.finish();
  }

  private static final class Layout {
    private record Heading(int level, String title, String locator) {}

    private final String title;
    private final StringBuilder text = new StringBuilder();
    private final Deque<Heading> open = new ArrayDeque<>();
    private final List<Section> sections = new ArrayList<>();
    private final List<Placed> placed = new ArrayList<>();
    private int length;
    private int sectionStart;
    private TextBlock.@Nullable Kind previous;

    Layout(String title) {
      this.title = title;
    }

    void add(TextBlock block) {
      switch (block.kind()) {
        case CLOSE -> close(block.level());
        case HEADING, SECTION -> {
          endSection();
          pop(block.level());
          open.push(new Heading(block.level(), block.text(), block.locator()));
          if (block.kind() == TextBlock.Kind.HEADING) {
            append(block);
          }
        }
        default -> {
          int start = append(block);
          placed.add(new Placed(block, sections.size(), start, length));
        }
      }
    }

    Composition finish() {
      sections.add(section(length));
      return new Composition(text.toString(), sections, placed, length);
    }

    private void close(int level) {
      if (!open.isEmpty() && open.peek().level() >= level) {
        endSection();
        pop(level);
      }
    }

    private void pop(int level) {
      while (!open.isEmpty() && open.peek().level() >= level) {
        open.pop();
      }
    }

    /**
     * Ends the section that is open where the text stands now; one without text leaves no trace.
     */
    private void endSection() {
      if (length > sectionStart) {
        sections.add(section(length));
        sectionStart = length;
      }
    }

    private Section section(int end) {
      StringBuilder path = new StringBuilder();
      for (Iterator<Heading> outer = open.descendingIterator(); outer.hasNext(); ) {
        String heading = outer.next().title();
        if (!heading.isEmpty() && !(path.isEmpty() && repeatsTitle(heading))) {
          path.append(path.isEmpty() ? "" : " › ").append(heading);
        }
      }
      String locator = open.isEmpty() ? "" : open.peek().locator();
      return new Section(path.toString(), locator, sectionStart, end);
    }

    /** A page's title is often its heading with the name of the whole manual after it. */
    private boolean repeatsTitle(String heading) {
      return title.startsWith(heading)
          && (title.length() == heading.length()
              || !Character.isLetterOrDigit(title.charAt(heading.length())));
    }

    /** Appends the text of a block and returns where it starts. */
    private int append(TextBlock block) {
      String separator = length == 0 ? "" : separator(block.kind());
      text.append(separator).append(block.text());
      int start = length + separator.length();
      length = start + block.text().codePointCount(0, block.text().length());
      previous = block.kind();
      return start;
    }

    private String separator(TextBlock.Kind kind) {
      boolean together =
          previous == TextBlock.Kind.TERM
              || (Objects.equals(previous, kind)
                  && (kind == TextBlock.Kind.ITEM || kind == TextBlock.Kind.ROW));
      return together ? "\n" : "\n\n";
    }
  }
}
