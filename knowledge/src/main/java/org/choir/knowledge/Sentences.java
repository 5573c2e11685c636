package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The sentences of a plain text, found by rules: the same text gives the same sentences everywhere.
 * Made for English and acceptable for other languages in Latin script.
 *
 * <p>A stop ends a sentence when white space and something that can begin one follow;
 * abbreviations, initials, decimals, versions, file names and enumerators do not end one. A blank
 * line and a list item always do. Any other line break does unless it can be a wrapped line, which
 * is one whose next word would not have fitted within the width of its block.
 */
public final class Sentences {
  /** Never the last word of a sentence. */
  private static final Set<String> INNER =
      words(
          "e.g i.e cf vs viz dr mr mrs ms mx prof st mt gen sen rep capt col lt sgt hon rev fig figs"
              + " sec sect ch chap eq eqs vol vols pp ed eds approx ca resp incl excl ref refs tab"
              + " z.b d.h bzw ggf p.ex");

  /** Abbreviations only where a number follows; otherwise ordinary words. */
  private static final Set<String> BEFORE_NUMBER =
      words(
          "no nos nr p art para app item jan feb mar apr jun jul aug sep sept oct nov dec max min");

  /** Abbreviations that may also end a sentence. */
  private static final Set<String> EITHER = words("al inc ltd co corp jr sr dept est univ bros");

  /** Words that begin sentences far more often than they begin names. */
  private static final Set<String> STARTERS =
      words(
          "the a an this that these those it its he she they we you i in on at if when while as for"
              + " however but and or to there then after before with without by from each every some"
              + " all no not since because although once use see both such his her their our your"
              + " only also thus hence therefore otherwise note one two what which who how why where");

  private static final String CLOSERS = ")]}\"'”’»›*_`";
  private static final String OPENERS = "([{\"'“‘«‹„‚*_`¿¡";

  /** A bracket that closes later than this many characters does not protect the stops in it. */
  private static final int BRACKET_REACH = 300;

  private final String text;
  private final List<Sentence> found = new ArrayList<>();

  private Sentences(String text) {
    this.text = text;
  }

  /**
   * A sentence.
   *
   * @param start in chars of the text that was split, inclusive
   * @param end exclusive
   * @param text exactly what stands from start to end, without white space around it
   */
  public record Sentence(int start, int end, String text) {}

  /** The sentences in their order; they do not overlap, and each has a letter or a digit. */
  public static List<Sentence> of(String text) {
    Sentences sentences = new Sentences(text);
    sentences.splitBlocks();
    return List.copyOf(sentences.found);
  }

  private static Set<String> words(String list) {
    return Set.of(list.split(" "));
  }

  /** Blocks are runs of lines without a blank one. */
  private void splitBlocks() {
    int start = 0;
    int line = 0;
    while (line <= text.length()) {
      int end = lineEnd(line);
      if (text.substring(line, end).isBlank()) {
        splitLines(start, line);
        start = end;
      }
      line = end + 1;
    }
    splitLines(start, text.length());
  }

  private void splitLines(int start, int end) {
    int width = 0;
    for (int line = start; line < end; line = lineEnd(line) + 1) {
      width = Math.max(width, Math.min(lineEnd(line), end) - line);
    }
    int piece = start;
    for (int line = start; line < end; ) {
      int next = lineEnd(line) + 1;
      if (next >= end || breaksDeliberately(line, next, end, width)) {
        splitRun(afterMarker(piece, Math.min(next, end)), Math.min(next, end));
        piece = next;
      }
      line = next;
    }
  }

  private boolean breaksDeliberately(int line, int next, int end, int width) {
    int first = skipBlank(next, end);
    int last = lineEnd(line);
    while (last > line && Character.isWhitespace(text.charAt(last - 1))) {
      last--;
    }
    if (first >= end || last == line) {
      return true;
    }
    boolean bullet = "•‣◦▪".indexOf(text.charAt(first)) >= 0;
    if (bullet || (afterMarker(first, end) > first && !Character.isDigit(text.charAt(first)))) {
      return true;
    }
    int wordEnd = first;
    while (wordEnd < end && !Character.isWhitespace(text.charAt(wordEnd))) {
      wordEnd++;
    }
    boolean wrapped = last - line + 1 + (wordEnd - first) > width;
    boolean continues =
        Character.isLowerCase(text.codePointAt(first)) && !isIdentifier(first, wordEnd);
    return !wrapped && !continues;
  }

  /** Where the words begin after a list marker at {@code start}; start itself without one. */
  private int afterMarker(int start, int end) {
    int at = skipBlank(start, end);
    int i = at;
    if (i < end && "-*+•‣◦▪–—".indexOf(text.charAt(i)) >= 0) {
      i++;
    } else {
      while (i < end && i - at < 3 && Character.isDigit(text.charAt(i))) {
        i++;
      }
      if (i == at || i >= end || ".)".indexOf(text.charAt(i)) < 0) {
        return at;
      }
      i++;
    }
    return i < end && isBlank(text.charAt(i)) ? skipBlank(i, end) : at;
  }

  private void splitRun(int start, int end) {
    int begin = start;
    int i = start;
    while (i < end) {
      char c = text.charAt(i);
      if (c == '`' || c == '(') {
        int close = closing(i, end);
        i = close > i && !(c == '(' && i == begin) ? close : i + 1;
        continue;
      }
      if (!isStop(c)) {
        i++;
        continue;
      }
      int stop = i;
      while (i < end && isStop(text.charAt(i))) {
        i++;
      }
      int after = afterClosers(i, end);
      if (endsSentence(begin, stop, i, after, end)) {
        add(begin, after);
        begin = skipBlank(after, end);
        i = begin;
      }
    }
    add(begin, end);
  }

  /** The position after the bracket or backtick that closes the one at {@code open}, or open. */
  private int closing(int open, int end) {
    char close = text.charAt(open) == '(' ? ')' : '`';
    int depth = 0;
    int limit = Math.min(end, open + BRACKET_REACH);
    for (int i = open; i < limit; i++) {
      char c = text.charAt(i);
      if (c == '(' && close == ')') {
        depth++;
      } else if (c == close && i > open && (close == '`' || --depth == 0)) {
        return i + 1;
      }
    }
    return open;
  }

  private boolean endsSentence(int begin, int stop, int stopEnd, int after, int end) {
    if (isWideStop(text.charAt(stopEnd - 1))) {
      return true;
    }
    int next = skipBlank(after, end);
    if (next >= end) {
      return true;
    }
    if (next == after) {
      return false;
    }
    int word = next;
    while (word < end && OPENERS.indexOf(text.charAt(word)) >= 0) {
      word++;
    }
    int wordEnd = word;
    while (wordEnd < end && !Character.isWhitespace(text.charAt(wordEnd))) {
      wordEnd++;
    }
    if (word >= end || !canBegin(next, word, wordEnd)) {
      return false;
    }
    boolean singleDot = stopEnd == stop + 1 && text.charAt(stop) == '.';
    return !singleDot || after > stopEnd || !abbreviates(begin, stop, word, wordEnd);
  }

  private boolean canBegin(int next, int word, int wordEnd) {
    int point = text.codePointAt(word);
    if (Character.isLowerCase(point)) {
      return text.charAt(next) == '`' || isIdentifier(word, wordEnd);
    }
    return Character.isLetterOrDigit(point) || "$€£§#-/~\\<".indexOf(point) >= 0 || point > 0x2fff;
  }

  /** Whether the dot at {@code stop} belongs to the word before it. */
  private boolean abbreviates(int begin, int stop, int nextWord, int nextEnd) {
    int start = stop;
    while (start > begin && isWordChar(text.charAt(start - 1))) {
      start--;
    }
    String word = text.substring(start, stop).toLowerCase(Locale.ROOT);
    if (word.isEmpty()) {
      return false;
    }
    boolean number = Character.isDigit(text.charAt(nextWord));
    if (INNER.contains(word)) {
      return true;
    }
    if (BEFORE_NUMBER.contains(word)) {
      return number;
    }
    int letters = nextEnd;
    while (letters > nextWord && !Character.isLetter(text.charAt(letters - 1))) {
      letters--;
    }
    boolean starter = STARTERS.contains(text.substring(nextWord, letters).toLowerCase(Locale.ROOT));
    if (EITHER.contains(word) || isDotted(word)) {
      return !starter;
    }
    if (word.equals("etc")) {
      return number;
    }
    boolean initial = word.length() == 1 && Character.isUpperCase(text.charAt(start));
    if (initial) {
      return !starter && !number;
    }
    // An enumerator at the very start: "30.5. WAL Configuration", "b. Second".
    return start == begin
        && (word.length() == 1 || Character.isDigit(word.charAt(0)))
        && word.length() <= 8
        && word.chars().allMatch(c -> Character.isDigit(c) || c == '.' || word.length() == 1);
  }

  /** Letters with dots between them, as in U.S or a.m. */
  private static boolean isDotted(String word) {
    if (word.length() < 3 || word.length() % 2 == 0) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (i % 2 == 0 ? !Character.isLetter(word.charAt(i)) : word.charAt(i) != '.') {
        return false;
      }
    }
    return true;
  }

  /** A word that a sentence may begin with although it is in lower case: a name of a program. */
  private boolean isIdentifier(int from, int to) {
    boolean letter = false;
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      letter |= Character.isLetter(c);
      boolean inside = i > from && i + 1 < to;
      if (c == '_'
          || (inside && "./\\=:(@$".indexOf(c) >= 0 && !isBlank(text.charAt(i + 1)))
          || (i > from && (Character.isUpperCase(c) || Character.isDigit(c)))) {
        return letter || c == '_';
      }
    }
    return false;
  }

  /** After quotes, brackets and numeric references that follow a stop directly. */
  private int afterClosers(int at, int end) {
    int i = at;
    while (i < end) {
      char c = text.charAt(i);
      if (c == '[') {
        int j = i + 1;
        while (j < end
            && j - i < 6
            && (Character.isDigit(text.charAt(j)) || text.charAt(j) == '^')) {
          j++;
        }
        if (j == i + 1 || j >= end || text.charAt(j) != ']') {
          return i;
        }
        i = j + 1;
      } else if (CLOSERS.indexOf(c) >= 0) {
        i++;
      } else {
        return i;
      }
    }
    return i;
  }

  private void add(int from, int to) {
    int start = skipBlank(from, to);
    int end = to;
    while (end > start && isBlank(text.charAt(end - 1))) {
      end--;
    }
    for (int i = start; i < end; ) {
      int point = text.codePointAt(i);
      if (Character.isLetterOrDigit(point)) {
        found.add(new Sentence(start, end, text.substring(start, end)));
        return;
      }
      i += Character.charCount(point);
    }
  }

  private int skipBlank(int from, int end) {
    int i = from;
    while (i < end && isBlank(text.charAt(i))) {
      i++;
    }
    return i;
  }

  private int lineEnd(int from) {
    int end = text.indexOf('\n', from);
    return end < 0 ? text.length() : end;
  }

  private static boolean isBlank(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }

  private static boolean isStop(char c) {
    return c == '.' || c == '!' || c == '?' || c == '…' || isWideStop(c);
  }

  /** Stops of scripts that put no space after a sentence. */
  private static boolean isWideStop(char c) {
    return c == '。' || c == '！' || c == '？';
  }

  private static boolean isWordChar(char c) {
    return Character.isLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
  }
}
