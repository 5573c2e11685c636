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
   * Over three manuals honest pages lie between -2.35 and -1.5 and pages with 15 % of their letters
   * swapped between -3.2 and -2.3; in order between 0.27 and 0.98 (98 % of the honest), 0.42 and
   * less (98 % of the swapped), -0.07 and less (all the shuffled). What is doubtful in both is odd.
   */
  private static final double SPELLING_MIN = -2.5;

  private static final double SPELLING_DOUBTFUL = -2.25;
  private static final double ORDER_MIN = 0.1;
  private static final double ORDER_DOUBTFUL = 0.3;

  /** A single passage varies more, and some may be lists and names. */
  private static final double PASSAGE_SPELLING_MIN = -2.9;

  private static final double PASSAGE_ORDER_MIN = -0.2;
  private static final double ODD_SHARE_MAX = 0.25;
  private static final double REPEATED_SHARE_MAX = 0.30;

  private final EnglishHabits habits = EnglishHabits.shipped();

  /** Why a text is none that can be judged, a stable code first; empty if it can. */
  Optional<String> problem(VisibleText text, List<String> passages) {
    int words = text.words().size();
    if (words < WORDS_MIN) {
      return Optional.of("too_short: " + words + " words; an article has at least " + WORDS_MIN);
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
    double spelling = habits.spelling(text.words());
    double order = habits.order(text.words());
    if (spelling < SPELLING_MIN || (spelling < SPELLING_DOUBTFUL && order < ORDER_DOUBTFUL)) {
      return Optional.of("misspelt: its letters do not follow each other as in English");
    }
    if (order < ORDER_MIN) {
      return Optional.of("word_salad: its words do not follow each other as in English");
    }
    long odd = passages.stream().map(VisibleText::words).filter(this::odd).count();
    if (odd > ODD_SHARE_MAX * passages.size()) {
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

  private boolean odd(List<String> words) {
    return habits.spelling(words) < PASSAGE_SPELLING_MIN || habits.order(words) < PASSAGE_ORDER_MIN;
  }
}
