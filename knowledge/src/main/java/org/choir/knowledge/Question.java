package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.choir.knowledge.lucene.IndexView.Weighted;
import org.choir.knowledge.lucene.Words;

/**
 * A question as terms to look for, in its order, none twice.
 *
 * @param pairs neighbours among them, which a good answer has close together
 */
record Question(List<Weighted> terms, List<Pair> pairs) {

  /** Two terms that follow each other in the question. */
  record Pair(String first, String second) {}

  // The words that make a sentence a question, which no answer needs to repeat.
  private static final Set<String> FRAME =
      Set.of(
          ("how what which why when where who whom whose does do did is are was were be been can"
                  + " could should would will shall may might must i we you my our your me us it"
                  + " its there here have has had a an the of to in on for with from by at as and or"
                  + " not if then than that this these those so such about into please tell"
                  + " explain describe give show list any some all each every")
              .split(" "));
  // The first words of a question.
  private static final Set<String> ASKING =
      Set.of(
          "how what which why when where who whom whose does do did is are can could should"
              .split(" "));
  // Words of questions that an answer may have, but need not.
  private static final Set<String> VAGUE =
      Set.of(
          ("work works working use used using uses mean means happen happens difference"
                  + " differences different between possible way ways need needs get make best good"
                  + " better after before during one two many much long set find know  want like"
                  + " purpose kind thing things without within also able do")
              .split(" "));
  private static final double VAGUE_WEIGHT = 0.35;
  // Neighbours may have this many dropped words between them: "time of day".
  private static final int GAP_MAX = 3;
  private static final int TERMS_MAX = 64;
  private static final Pattern BLANKS = Pattern.compile("\\s+");

  Question {
    terms = List.copyOf(terms);
    pairs = List.copyOf(pairs);
  }

  /** The terms of a question; if it has none but small words, these. */
  static Question of(String question) {
    Question telling = of(question, FRAME);
    return telling.terms.isEmpty() ? of(question, Set.of()) : telling;
  }

  /** Whether a text is put as a question. */
  static boolean asks(String text) {
    String stripped = text.strip();
    String first = bare(BLANKS.split(stripped, 2)[0]).toLowerCase(Locale.ROOT);
    return stripped.endsWith("?") || ASKING.contains(first);
  }

  /**
   * What to search by words: a question without the words that only make it one, which are common
   * enough to matter and stand in no answer; any other text as it is.
   */
  static String telling(String text) {
    if (!asks(text)) {
      return text;
    }
    StringBuilder kept = new StringBuilder();
    for (String word : BLANKS.split(text, -1)) {
      String bare = bare(word);
      if (isName(bare) || !FRAME.contains(bare.toLowerCase(Locale.ROOT))) {
        kept.append(word).append(' ');
      }
    }
    return Words.terms(kept.toString()).isEmpty() ? text : kept.toString();
  }

  private static String bare(String word) {
    return word.replaceAll("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$", "");
  }

  /** Capitals make a word a name: WILL is no frame, IT may be. */
  private static boolean isName(String bare) {
    return bare.length() > 1 && bare.equals(bare.toUpperCase(Locale.ROOT));
  }

  private static Question of(String question, Set<String> dropped) {
    List<Weighted> terms = new ArrayList<>();
    List<Pair> pairs = new ArrayList<>();
    StringBuilder kept = new StringBuilder();
    Set<String> vague = new HashSet<>();
    for (String word : BLANKS.split(question, -1)) {
      String bare = bare(word);
      String lower = bare.toLowerCase(Locale.ROOT);
      // A place keeper in place of a dropped word, so that positions stay those of the question.
      kept.append(!isName(bare) && dropped.contains(lower) ? "the" : word).append(' ');
      if (VAGUE.contains(lower)) {
        Words.terms(bare).forEach(term -> vague.add(term.text()));
      }
    }
    Words.Term before = null;
    Set<String> seen = new HashSet<>();
    for (Words.Term term : Words.terms(kept.toString())) {
      if (seen.size() < TERMS_MAX && seen.add(term.text())) {
        double weight = dropped.isEmpty() || !vague.contains(term.text()) ? 1 : VAGUE_WEIGHT;
        terms.add(new Weighted(term.text(), weight));
      }
      if (before != null
          && term.position() > before.position()
          && term.position() - before.position() <= GAP_MAX
          && seen.size() < TERMS_MAX) {
        pairs.add(new Pair(before.text(), term.text()));
      }
      before = term;
    }
    return new Question(terms, pairs);
  }
}
