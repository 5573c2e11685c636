package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A piece of text taken apart into words and quantities: a claim, or a sentence of a source. */
final class Utterance {
  private final NormalText normal;
  private final List<Quantity> quantities;
  private final List<Word> words;
  private final List<Polarity.Denial> denials;
  private final Set<String> concepts = new HashSet<>();
  private final Set<String> acronyms = new HashSet<>();

  Utterance(String text) {
    this.normal = new NormalText(text);
    this.quantities = Quantities.in(normal);
    this.words = List.copyOf(read());
    for (Word word : words) {
      concepts.add(word.concept());
      concepts.add(word.lower());
    }
    collectAcronyms();
    this.denials = Polarity.denials(this);
  }

  /** What is denied in it. */
  List<Polarity.Denial> denials() {
    return denials;
  }

  NormalText normal() {
    return normal;
  }

  List<Quantity> quantities() {
    return quantities;
  }

  List<Word> words() {
    return words;
  }

  /** The words that carry meaning, in order. */
  List<Word> content() {
    return words.stream().filter(Word::isContent).toList();
  }

  /** Whether the word occurs, as itself, by a synonym, as an acronym or spelled out. */
  boolean has(Word word) {
    return concepts.contains(word.concept())
        || concepts.contains(word.lower())
        || acronyms.contains(word.lower());
  }

  boolean hasConcept(String concept) {
    return concepts.contains(concept);
  }

  /** The initials of every run of two to five words here, for acronyms said elsewhere. */
  Set<String> acronyms() {
    return acronyms;
  }

  private List<Word> read() {
    String text = normal.text();
    List<Word> read = new ArrayList<>();
    boolean opening = true;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      if (!isWordPart(point)) {
        opening |= ".!?:|".indexOf(point) >= 0;
        i += Character.charCount(point);
        continue;
      }
      int end = wordEnd(text, i);
      read.add(word(i, end, opening));
      opening = false;
      i = end;
    }
    return read;
  }

  private static boolean isWordPart(int point) {
    return Character.isLetterOrDigit(point)
        || point == '_'
        || Character.getType(point) == Character.NON_SPACING_MARK;
  }

  private static int wordEnd(String text, int start) {
    int i = start;
    while (i < text.length()) {
      int point = text.codePointAt(i);
      if (!isWordPart(point) && !joins(text, start, i)) {
        return i;
      }
      i += Character.charCount(point);
    }
    return i;
  }

  /** Whether the sign here holds two parts of one word together: x.conf, don't, SHA-256. */
  private static boolean joins(String text, int start, int at) {
    if (at == start || at + 1 == text.length()) {
      return false;
    }
    char c = text.charAt(at);
    char before = text.charAt(at - 1);
    char after = text.charAt(at + 1);
    boolean inner = isWordPart(before) && isWordPart(after);
    // SHA-256 and UTF-8 are one word, write-ahead is two.
    boolean coded = c == '-' && Character.isUpperCase(before) && Character.isDigit(after);
    return inner && (c == '.' || c == '\'' || coded);
  }

  private Word word(int start, int end, boolean opening) {
    String original = normal.text().substring(start, end);
    String lower = normal.lower().substring(start, end);
    if (lower.endsWith("'s")) {
      lower = lower.substring(0, lower.length() - 2);
    }
    for (Quantity quantity : quantities) {
      if (start < quantity.end() && end > quantity.start()) {
        return new Word(lower, lower, Word.Kind.QUANTITY, start, end, 0);
      }
    }
    boolean identifier = isIdentifier(original);
    boolean limit = Lexicon.LIMITS.contains(lower) && limits(end);
    if (!identifier && (limit || Lexicon.STOP.contains(lower))) {
      return new Word(lower, Lexicon.concept(lower), Word.Kind.FUNCTION, start, end, 0);
    }
    String concept = identifier ? lower : Lexicon.concept(lower);
    boolean capital = Character.isUpperCase(original.codePointAt(0));
    Word.Kind kind =
        identifier
            ? Word.Kind.IDENTIFIER
            : capital && !opening ? Word.Kind.NAME : Word.Kind.CONTENT;
    double weight = Lexicon.isCommon(concept) ? 0.5 : lower.length() >= 8 ? 1.25 : 1;
    boolean named = kind == Word.Kind.IDENTIFIER || kind == Word.Kind.NAME;
    return new Word(lower, concept, kind, start, end, named ? 2 : weight);
  }

  /** Whether a number follows closely: the word is then read as its bound. */
  private boolean limits(int end) {
    return quantities.stream().anyMatch(q -> q.start() > end && q.start() - end <= 8);
  }

  private static boolean isIdentifier(String word) {
    int upper = 0;
    int digits = 0;
    int letters = 0;
    boolean inner = word.indexOf('_') >= 0;
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      upper += Character.isUpperCase(c) ? 1 : 0;
      digits += Character.isDigit(c) ? 1 : 0;
      letters += Character.isLetter(c) ? 1 : 0;
      boolean camel =
          i > 0 && Character.isUpperCase(c) && Character.isLowerCase(word.charAt(i - 1));
      inner |= camel;
    }
    boolean path = word.indexOf('.') > 0 && letters > 0 && word.length() > 4;
    boolean shout = upper >= 2 && upper + digits >= letters + digits;
    return inner || path || shout || (digits > 0 && letters > 0);
  }

  private void collectAcronyms() {
    for (int i = 0; i < words.size(); i++) {
      StringBuilder initials = new StringBuilder();
      for (int j = i; j < Math.min(words.size(), i + 5); j++) {
        initials.append(words.get(j).lower().charAt(0));
        boolean named = Character.isUpperCase(normal.text().charAt(words.get(j).start()));
        if (initials.length() >= 2 && (named || words.get(j).isContent())) {
          acronyms.add(initials.toString());
        }
      }
    }
  }
}
