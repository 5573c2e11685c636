package org.choir.knowledge;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whether a text is English prose at all. What is disguised, misspelt throughout, in a random order
 * or the same again and again is far from every other text and would pass for new.
 */
final class ProseGate {
  private static final int WORDS_MIN = 60;
  private static final double DISGUISED_SHARE_MAX = 0.01;

  /**
   * Of the letters of 98 in 100 honest texts so many are rare at most, and chance adds so many
   * deviations in a short one. Chosen on half of the package descriptions and Javadoc comments that
   * docs/novelty.md names, and checked on the other half and on other manuals.
   */
  private static final double RARE_SHARE = 0.012;

  private static final double RARE_DEVIATIONS = 3.5;

  /** Words of any subject are in an English order only if a random order of them is less so. */
  private static final double ORDER_ABOVE_CHANCE_MIN = 0.36;

  private static final double ORDER_MIN = 0;

  /** A single passage varies more, and some may be lists and names. */
  private static final double PASSAGE_RARE_DEVIATIONS = 6;

  private static final double PASSAGE_ORDER_MIN = -0.2;
  private static final double ODD_SHARE_MAX = 0.25;
  private static final double REPEATED_SHARE_MAX = 0.30;

  private final EnglishHabits habits = EnglishHabits.shipped();

  /** Why a text is none that can be judged, a stable code first; empty if it can. */
  Optional<String> problem(VisibleText text, List<String> passages) {
    int words = text.words().size();
    if (words < WORDS_MIN) {
      return Optional.of(
          "too_short: " + words + " words of its own; an article has at least " + WORDS_MIN);
    }
    if (text.disguised() > DISGUISED_SHARE_MAX * words) {
      return Optional.of(
          "disguised: " + text.disguised() + " words are written with letters of other scripts");
    }
    String language = Languages.guess(text.text());
    if (!language.equals("en") && !language.equals(Languages.UNKNOWN)) {
      return Optional.of(
          "not_english: the text is in " + language + ", the comparison is made for English");
    }
    if (misspelt(text.words(), RARE_DEVIATIONS)) {
      return Optional.of("misspelt: its letters do not follow each other as in English");
    }
    if (habits.order(text.words()) < ORDER_MIN
        || habits.orderAboveChance(text.words()) < ORDER_ABOVE_CHANCE_MIN) {
      return Optional.of("word_salad: its words do not follow each other as in English");
    }
    long odd = passages.stream().map(VisibleText::words).filter(this::odd).count();
    if (odd > Math.max(1, ODD_SHARE_MAX * passages.size())) {
      return Optional.of(
          "odd_passages: " + odd + " of " + passages.size() + " passages are no English prose");
    }
    Set<List<String>> distinct = new HashSet<>();
    passages.forEach(p -> distinct.add(VisibleText.words(p)));
    if (passages.size() - distinct.size() > REPEATED_SHARE_MAX * passages.size()) {
      return Optional.of("repeated: it says the same passages again and again");
    }
    return Optional.empty();
  }

  /** Whether more letters are rare than chance explains in an honest text of this length. */
  private boolean misspelt(List<String> words, double deviations) {
    EnglishHabits.Spelling found = habits.spelling(words);
    double usual = RARE_SHARE * found.all();
    return found.rare() > usual + deviations * Math.sqrt(usual);
  }

  private boolean odd(List<String> words) {
    return misspelt(words, PASSAGE_RARE_DEVIATIONS) || habits.order(words) < PASSAGE_ORDER_MIN;
  }
}
