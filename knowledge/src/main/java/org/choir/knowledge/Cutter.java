package org.choir.knowledge;

import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.choir.knowledge.Composition.Placed;
import org.choir.knowledge.TextBlock.Kind;

/**
 * Cuts a document into passages: along its blocks, never across a section, 60 to 120 words where
 * the blocks allow. About as much as an embedding model of 512 tokens reads well, and as little as
 * a reader checks at a glance. A pure function: the same text gives the same passages.
 */
final class Cutter {
  static final int WORDS_ENOUGH = 60;
  static final int WORDS_AIM_MAX = 120;
  static final int WORDS_MAX = 200;
  static final int CHARS_MAX = 1200;
  private static final int WORDS_REST = 25;
  // A block that is links but for numbers and commas points elsewhere and says nothing itself.
  private static final double POINTER = 0.85;

  private final List<Cut> cuts = new ArrayList<>();
  private final List<Piece> open = new ArrayList<>();
  private int openWords;
  private int lastWords;
  private boolean lastPointer;

  /** A part of a block that fits into a passage; offsets in code points and in UTF-16 units. */
  private record Piece(TextBlock block, int section, int start, int end, String text, int words) {}

  private Cutter() {}

  /** The passages in order. */
  static List<Cut> cut(Composition document) {
    Cutter cutter = new Cutter();
    for (Placed placed : document.placed()) {
      cutter.split(placed).forEach(cutter::add);
    }
    cutter.close();
    return cutter.cuts;
  }

  private void add(Piece piece) {
    if (!open.isEmpty()) {
      Piece last = open.getLast();
      boolean term = last.block.kind() == Kind.TERM;
      boolean full = openWords >= WORDS_ENOUGH && openWords + piece.words > WORDS_AIM_MAX && !term;
      boolean over =
          openWords + piece.words > WORDS_MAX || piece.end - open.getFirst().start > CHARS_MAX;
      // A table of contents inside a page is no part of what is said before or after it.
      boolean turn = pointer(last) != pointer(piece);
      if (last.section != piece.section || full || over || turn) {
        close();
      }
    }
    open.add(piece);
    openWords += piece.words;
  }

  private void close() {
    if (open.isEmpty()) {
      return;
    }
    Piece first = open.getFirst();
    Piece last = open.getLast();
    Cut cut = cut(open);
    Cut before = cuts.isEmpty() ? null : cuts.getLast();
    // A short rest of a section joins what stands before it.
    if (before != null
        && before.section() == first.section
        && !pointer(first)
        && !lastPointer
        && openWords < WORDS_REST
        && last.end - before.start() <= CHARS_MAX
        && lastWords + openWords <= WORDS_MAX) {
      int weight = before.end() - before.start();
      int prose =
          (before.prose() * weight + cut.prose() * (last.end - first.start))
              / (weight + last.end - first.start);
      cuts.set(
          cuts.size() - 1,
          new Cut(before.section(), before.start(), last.end, before.locator(), prose));
      lastWords += openWords;
    } else {
      cuts.add(cut);
      lastWords = openWords;
    }
    lastPointer = pointer(last);
    open.clear();
    openWords = 0;
  }

  private static boolean pointer(Piece piece) {
    return piece.block.linked() >= POINTER;
  }

  private static Cut cut(List<Piece> pieces) {
    Piece first = pieces.getFirst();
    int end = pieces.getLast().end;
    int chars = 0;
    double linked = 0;
    int running = 0;
    StringBuilder text = new StringBuilder();
    for (Piece piece : pieces) {
      int size = piece.text.length();
      chars += size;
      linked += piece.block.linked() * size;
      running += piece.block.kind() == Kind.TEXT || piece.block.kind() == Kind.ITEM ? size : 0;
      text.append(piece.text).append(' ');
    }
    boolean mostlyRunning = running * 2 > chars;
    int prose = ProseScore.score(linked / Math.max(1, chars), text.toString(), mostlyRunning);
    return new Cut(first.section, first.start, end, first.block.locator(), prose);
  }

  /** A block that is too long for a passage comes in several pieces. */
  private List<Piece> split(Placed placed) {
    TextBlock block = placed.block();
    String text = block.text();
    int words = words(text);
    if (words <= WORDS_MAX && placed.end() - placed.start() <= CHARS_MAX) {
      return List.of(new Piece(block, placed.section(), placed.start(), placed.end(), text, words));
    }
    List<Piece> pieces = new ArrayList<>();
    int at = 0;
    int start = placed.start();
    for (int end : boundaries(block)) {
      String raw = text.substring(at, end);
      String piece = raw.strip();
      int lead = raw.indexOf(piece);
      int pieceStart = start + raw.codePointCount(0, Math.max(0, lead));
      start += raw.codePointCount(0, raw.length());
      at = end;
      if (!piece.isEmpty()) {
        int pieceEnd = pieceStart + piece.codePointCount(0, piece.length());
        pieces.add(new Piece(block, placed.section(), pieceStart, pieceEnd, piece, words(piece)));
      }
    }
    return pieces;
  }

  /** Ends of parts that fit: of lines in code, of sentences in text, else of words. */
  private static List<Integer> boundaries(TextBlock block) {
    String text = block.text();
    List<Integer> ends = new ArrayList<>();
    if (block.kind() == Kind.CODE) {
      for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) {
        ends.add(end + 1);
      }
      ends.add(text.length());
    } else {
      BreakIterator sentences = BreakIterator.getSentenceInstance(Locale.ROOT);
      sentences.setText(text);
      sentences.first();
      for (int end = sentences.next(); end != BreakIterator.DONE; end = sentences.next()) {
        ends.add(end);
      }
    }
    List<Integer> fitting = new ArrayList<>();
    int start = 0;
    for (int end : ends) {
      while (tooLong(text, start, end)) {
        start = wordsEnd(text, start, end);
        fitting.add(start);
      }
      fitting.add(end);
      start = end;
    }
    return fitting;
  }

  private static boolean tooLong(String text, int start, int end) {
    return end - start > CHARS_MAX || words(text.substring(start, end)) > WORDS_MAX;
  }

  /** The end of the last word that lets the part from start stay within the aim. */
  private static int wordsEnd(String text, int start, int end) {
    int words = 0;
    int last = -1;
    int limit = Math.min(end, start + CHARS_MAX);
    for (int i = start + 1; i < limit && words < WORDS_AIM_MAX; i++) {
      if (Character.isWhitespace(text.charAt(i)) && !Character.isWhitespace(text.charAt(i - 1))) {
        words++;
        last = i;
      }
    }
    if (last > 0) {
      return last;
    }
    return Character.isLowSurrogate(text.charAt(limit - 1))
            || limit == end
            || !Character.isHighSurrogate(text.charAt(limit - 1))
        ? limit
        : limit - 1;
  }

  static int words(CharSequence text) {
    int words = 0;
    boolean inside = false;
    for (int i = 0; i < text.length(); i++) {
      boolean blank = Character.isWhitespace(text.charAt(i));
      words += !blank && !inside ? 1 : 0;
      inside = !blank;
    }
    return words;
  }
}
