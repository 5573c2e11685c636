package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Who does what to whom, as far as the order of words and "by" tell: around every word that claim
 * and source share, who stands on the side of the doer and who on the other. Also whether the
 * claim's small words can stand as they do, which a shuffled sentence's cannot.
 */
final class Roles {
  /** What the sides say. */
  enum Finding {
    /** The doer of the claim is done to in the source, and the other way round. */
    EXCHANGED,
    /** The source says it of another doer, and other things of this one. */
    OTHER_DOER,
    /** Doer and done-to are the same, though the sentence may be turned. */
    SAME,
    UNKNOWN
  }

  private static final Set<String> JOINTS =
      Set.of(
          "but",
          "although",
          "though",
          "while",
          "whereas",
          "which",
          "who",
          "that",
          "because",
          "and",
          "if",
          "when",
          "unless",
          "until",
          "so",
          "than");

  private static final Set<String> PREPOSITIONS =
      Set.of(
          "to", "of", "in", "on", "at", "for", "from", "with", "into", "onto", "by", "via", "per",
          "between", "during", "through", "among", "before", "after", "under", "over");

  private static final Set<String> ARTICLES = Set.of("the", "a", "an");

  private static final Set<String> NEVER_AFTER_ARTICLE =
      Set.of(
          "the", "a", "an", "of", "to", "at", "from", "with", "into", "by", "is", "are", "was",
          "were", "be", "and", "or", "but", "all", "each", "every", "some", "any", "has", "have",
          "if", "because", "than", "these", "those", "this", "it", "they", "which");

  private static final Set<String> NEVER_LAST =
      Set.of(
          "the", "an", "of", "and", "or", "from", "into", "every", "than", "because", "is", "are");

  private static final Set<String> EACH = Set.of("every", "each");

  private Roles() {}

  private record Sides(String pivot, Set<String> doer, Set<String> doneTo) {}

  static Finding of(Utterance claim, List<Utterance> source) {
    List<Sides> mine = sides(claim);
    List<Sides> theirs = source.stream().flatMap(u -> sides(u).stream()).toList();
    boolean same = false;
    boolean exchanged = false;
    Set<String> others = new HashSet<>();
    Set<String> keepers = new HashSet<>();
    for (Sides one : mine) {
      for (Sides two : theirs) {
        if (!one.pivot.equals(two.pivot)) {
          continue;
        }
        boolean doers = meet(one.doer, two.doer);
        boolean objects = meet(one.doneTo, two.doneTo);
        boolean crossed =
            meet(minus(one.doer, two.doer), minus(two.doneTo, two.doer))
                && meet(minus(one.doneTo, two.doneTo), minus(two.doer, two.doneTo));
        same |= doers && objects && !crossed;
        if (doers) {
          keepers.add(one.pivot);
        }
        exchanged |= crossed && !doers;
        boolean elsewhere =
            theirs.stream()
                .anyMatch(
                    t ->
                        !t.pivot.equals(two.pivot)
                            && t.doer.containsAll(one.doer)
                            && !meet(t.doer, two.doer));
        boolean other =
            !doers
                && !crossed
                && !two.doer.isEmpty()
                && !one.doer.isEmpty()
                && elsewhere
                && one.doneTo.size() >= 2
                && two.doneTo.containsAll(one.doneTo);
        if (other) {
          others.add(one.pivot);
        }
      }
    }
    if (exchanged && !same) {
      return Finding.EXCHANGED;
    }
    others.removeAll(keepers);
    return !others.isEmpty() ? Finding.OTHER_DOER : same ? Finding.SAME : Finding.UNKNOWN;
  }

  private static boolean meet(Set<String> one, Set<String> other) {
    return one.stream().anyMatch(other::contains);
  }

  private static Set<String> minus(Set<String> one, Set<String> other) {
    Set<String> rest = new HashSet<>(one);
    rest.removeAll(other);
    return rest;
  }

  private static List<Sides> sides(Utterance utterance) {
    List<Sides> all = new ArrayList<>();
    for (List<Word> clause : clauses(utterance)) {
      for (int i = 0; i < clause.size(); i++) {
        Word pivot = clause.get(i);
        if (pivot.kind() == Word.Kind.CONTENT) {
          all.add(around(clause, i));
        }
      }
    }
    return all;
  }

  private static Sides around(List<Word> clause, int at) {
    int by = -1;
    for (int i = at + 1; i < Math.min(clause.size() - 1, at + 4); i++) {
      Word next = clause.get(i + 1);
      boolean how = next.kind() == Word.Kind.QUANTITY || next.lower().endsWith("ing");
      if (clause.get(i).lower().equals("by") && !how) {
        by = i;
      }
    }
    Set<String> before = concepts(clause.subList(0, at));
    if (by < 0) {
      return new Sides(
          clause.get(at).concept(), before, concepts(clause.subList(at + 1, clause.size())));
    }
    int end = by + 1;
    while (end < clause.size() && !PREPOSITIONS.contains(clause.get(end).lower())) {
      end++;
    }
    Set<String> doneTo = new HashSet<>(before);
    doneTo.addAll(concepts(clause.subList(end, clause.size())));
    return new Sides(clause.get(at).concept(), concepts(clause.subList(by + 1, end)), doneTo);
  }

  private static Set<String> concepts(List<Word> words) {
    Set<String> concepts = new HashSet<>();
    for (Word word : words) {
      if (word.isContent()) {
        concepts.add(word.concept());
      }
    }
    return concepts;
  }

  private static List<List<Word>> clauses(Utterance utterance) {
    List<List<Word>> clauses = new ArrayList<>();
    List<Word> open = new ArrayList<>();
    int end = 0;
    for (Word word : utterance.words()) {
      String between = utterance.normal().text().substring(end, word.start());
      boolean stop = between.chars().anyMatch(c -> ",;:()".indexOf(c) >= 0);
      if ((stop || JOINTS.contains(word.lower())) && !open.isEmpty()) {
        clauses.add(open);
        open = new ArrayList<>();
      }
      if (!JOINTS.contains(word.lower())) {
        open.add(word);
      }
      end = word.end();
    }
    if (!open.isEmpty()) {
      clauses.add(open);
    }
    return clauses;
  }

  /** Whether the words stand as they cannot stand in an English sentence. */
  static boolean isSalad(Utterance claim) {
    List<Word> words = claim.words();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i).lower();
      boolean last = i + 1 == words.size();
      if (last) {
        return words.size() > 4 && NEVER_LAST.contains(word) && isLetters(words.get(i), claim);
      }
      String between =
          claim.normal().text().substring(words.get(i).end(), words.get(i + 1).start());
      if (!between.equals(" ")) {
        continue;
      }
      String next = words.get(i + 1).lower();
      boolean lower = isLetters(words.get(i), claim) && isLetters(words.get(i + 1), claim);
      boolean wrong =
          (ARTICLES.contains(word) && NEVER_AFTER_ARTICLE.contains(next))
              || (EACH.contains(word)
                  && (ARTICLES.contains(next)
                      || (PREPOSITIONS.contains(next) && !next.equals("of"))));
      if (lower && wrong) {
        return true;
      }
    }
    return false;
  }

  /** A letter by itself may be a name: "the A record", "option a". */
  private static boolean isLetters(Word word, Utterance claim) {
    char first = claim.normal().text().charAt(word.start());
    return word.start() == 0 || Character.isLowerCase(first);
  }
}
