package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How a claim stands to the one clause of a source that has most of it, and where both point. */
final class PairClauses {
  private static final Set<String> COMPARING =
      Set.of(
          "more",
          "less",
          "fewer",
          "over",
          "under",
          "above",
          "below",
          "before",
          "after",
          "least",
          "most",
          "exceed",
          "exceeds",
          "exceeded",
          "up",
          "higher",
          "lower",
          "larger",
          "smaller",
          "longer",
          "shorter",
          "later",
          "earlier",
          "within",
          "until");

  /** Words that only limit the number after them: the number is compared with its limit. */
  static Set<Word> limits(Utterance utterance) {
    Set<Word> limits = new HashSet<>();
    for (Word word : utterance.words()) {
      boolean number =
          utterance.quantities().stream()
              .anyMatch(q -> q.start() > word.end() && q.start() - word.end() <= 9);
      if (number && COMPARING.contains(word.lower())) {
        limits.add(word);
      }
    }
    return limits;
  }

  private final Utterance claim;
  private final FeatureRow row;

  PairClauses(Utterance claim, FeatureRow row) {
    this.claim = claim;
    this.row = row;
  }

  private static final Set<String> JOINTS =
      Set.of(
          "but",
          "although",
          "though",
          "while",
          "whereas",
          "unlike",
          "which",
          "who",
          "because",
          "and",
          "than",
          "until",
          "unless",
          "despite");

  /** The words of a sentence in clauses, by punctuation and the words that join clauses. */
  private static List<List<Word>> clauses(Utterance utterance) {
    List<List<Word>> clauses = new ArrayList<>();
    List<Word> open = new ArrayList<>();
    int end = 0;
    for (Word word : utterance.words()) {
      String between = utterance.normal().text().substring(end, word.start());
      boolean stop =
          between.chars().anyMatch(c -> ",;:()".indexOf(c) >= 0) || between.contains(" - ");
      boolean joint = JOINTS.contains(word.lower()) && !word.lower().equals("than");
      long content = open.stream().filter(Word::isContent).count();
      if ((stop || joint) && content >= 2) {
        clauses.add(open);
        open = new ArrayList<>();
      }
      open.add(word);
      end = word.end();
    }
    if (!open.isEmpty()) {
      clauses.add(open);
    }
    return clauses;
  }

  /** The clause that has most of the claim: how much of it, and which way the two point. */
  void measure(Alignment best) {
    double all = claim.content().stream().mapToDouble(Word::weight).sum();
    double top = -1;
    List<Word> chosen = List.of();
    Utterance of = claim;
    for (Utterance utterance : best.window().utterances()) {
      for (List<Word> clause : clauses(utterance)) {
        double found = 0;
        for (Word word : claim.content()) {
          found += word.weight() * PairFeatures.presence(word, clause);
        }
        double score = found - 0.01 * clause.size();
        if (score > top) {
          top = score;
          chosen = clause;
          of = utterance;
        }
      }
    }
    row.put("clauseCoverage", Math.max(0, top) / Math.max(all, 0.5));
    Set<Word> mineLimits = limits(claim);
    Set<Word> theirLimits = limits(of);
    int mine = Directions.turns(claim.words());
    int theirs = Directions.turns(chosen);
    row.put("turned", Math.min(2, mine));
    row.put("turnedClause", Math.min(2, theirs));
    row.put("turnedOdd", (mine + theirs) % 2);
    int against = 0;
    int along = 0;
    for (String subject : Directions.subjects()) {
      int one = Directions.sign(claim.words(), subject, mineLimits) * (mine % 2 == 0 ? 1 : -1);
      int other = Directions.sign(chosen, subject, theirLimits) * (theirs % 2 == 0 ? 1 : -1);
      against += one * other < 0 ? 1 : 0;
      along += one * other > 0 ? 1 : 0;
    }
    row.put("pointsAgainst", against);
    row.put("pointsAlong", along);
  }
}
