package org.choir.knowledge;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds where a claim says more than its source: a bound that is dropped, all instead of some, must
 * instead of may, a condition that is left out. Such a claim is supported in part only.
 */
final class Strength {
  private static final Pattern NOT_ONLY = Pattern.compile("(?:\\bnot|n't) (?:\\w+ )?only\\b");
  private static final Pattern ONLY = Pattern.compile("(?<!not )(?<!n't )\\bonly\\b");

  private final Utterance claim;
  private final List<Utterance> said;

  Strength(Utterance claim, EvidenceText.Window window) {
    this.claim = claim;
    this.said = window.utterances();
  }

  /** What the claim says more than the source, if it does. */
  Optional<String> difference() {
    return bounds().or(this::quantifiers).or(this::modality).or(this::conditions);
  }

  /** Whether the claim says of all, or not only, what the source says of a part, or only. */
  Optional<String> contradiction() {
    boolean exclusive = said.stream().anyMatch(u -> ONLY.matcher(u.normal().lower()).find());
    if (exclusive && NOT_ONLY.matcher(claim.normal().lower()).find()) {
      return Optional.of("quantifier_differs: the source says \"only\"");
    }
    boolean part = hasSaid(Lexicon.PARTIAL) && !has(claim, Lexicon.PARTIAL);
    return part && has(claim, Lexicon.UNIVERSAL) && !hasSaid(Lexicon.UNIVERSAL)
        ? Optional.of("quantifier_differs: the source says it of a part only")
        : Optional.empty();
  }

  private Optional<String> bounds() {
    for (Quantity mine : claim.quantities()) {
      boolean same =
          said.stream()
              .flatMap(u -> u.quantities().stream())
              .filter(mine::agreesWith)
              .anyMatch(
                  q ->
                      q.bound() == mine.bound()
                          || (mine.bound() == Quantity.Bound.ABOUT
                              && q.bound() == Quantity.Bound.EXACT));
      if (!same) {
        return Optional.of("bound_differs: " + mine.written() + " is limited otherwise");
      }
    }
    return Optional.empty();
  }

  private Optional<String> quantifiers() {
    if (!has(claim, Lexicon.UNIVERSAL)) {
      boolean only = has(claim, Set.of("only")) && !hasSaid(Set.of("only", "solely", "just"));
      return only
          ? Optional.of("quantifier_differs: the source does not say \"only\"")
          : Optional.empty();
    }
    return hasSaid(Lexicon.UNIVERSAL)
        ? Optional.empty()
        : Optional.of("quantifier_differs: the source does not say it of all");
  }

  private Optional<String> modality() {
    int mine = level(claim);
    int theirs = said.stream().mapToInt(Strength::level).max().orElse(0);
    boolean stronger = mine > theirs && mine >= 2;
    // A plain statement says more than one that something may or should be so.
    boolean plain = mine == 0 && (theirs == 1 || theirs == 2) && mainClause();
    return stronger || plain
        ? Optional.of("modality_differs: the source says it less firmly")
        : Optional.empty();
  }

  private static int level(Utterance utterance) {
    if (has(utterance, Lexicon.MUST)) {
      return 3;
    }
    return has(utterance, Lexicon.SHOULD) ? 2 : has(utterance, Lexicon.MAY) ? 1 : 0;
  }

  /** Whether the word after the modal verb is in the claim: else the verb belongs to another. */
  private boolean mainClause() {
    for (Utterance utterance : said) {
      List<Word> words = utterance.words();
      for (int i = 0; i < words.size(); i++) {
        boolean modal =
            Lexicon.MAY.contains(words.get(i).lower())
                || Lexicon.SHOULD.contains(words.get(i).lower());
        int next = i + 1;
        while (modal && next < words.size() && !words.get(next).isContent()) {
          next++;
        }
        if (modal && next < words.size() && claim.has(words.get(next))) {
          return true;
        }
      }
    }
    return false;
  }

  private Optional<String> conditions() {
    for (Utterance utterance : said) {
      List<Word> words = utterance.words();
      long shared = claim.content().stream().filter(utterance::has).count();
      if (shared * 2 < claim.content().size() || has(claim, Lexicon.CONDITIONS)) {
        continue;
      }
      for (int i = 0; i < words.size(); i++) {
        if (Lexicon.CONDITIONS.contains(words.get(i).lower()) && !kept(utterance, i)) {
          return Optional.of(
              "condition_dropped: the source limits it with \"" + words.get(i).lower() + '"');
        }
      }
    }
    return Optional.empty();
  }

  /** Whether the claim has at least half the words of the condition that begins here. */
  private boolean kept(Utterance utterance, int at) {
    List<Word> words = utterance.words();
    int all = 0;
    int found = 0;
    for (int i = at + 1; i < words.size(); i++) {
      String between =
          utterance.normal().text().substring(words.get(i - 1).end(), words.get(i).start());
      if (between.indexOf(',') >= 0 && all > 0) {
        break;
      }
      if (words.get(i).isContent()) {
        all++;
        found += claim.has(words.get(i)) ? 1 : 0;
      }
    }
    return found * 2 >= all;
  }

  private boolean hasSaid(Set<String> words) {
    return said.stream().anyMatch(u -> has(u, words));
  }

  private static boolean has(Utterance utterance, Set<String> words) {
    return utterance.words().stream().anyMatch(w -> words.contains(w.lower()));
  }
}
