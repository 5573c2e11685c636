package org.choir.knowledge;

import java.util.List;
import java.util.Set;

/** In what a claim and the window that fits it disagree: numbers, denials, opposites, strength. */
final class PairDisagreements {
  private static final Set<String> HEDGES =
      Set.of(
          "may",
          "might",
          "could",
          "possibly",
          "perhaps",
          "probably",
          "likely",
          "suggest",
          "suggests",
          "suggested",
          "appear",
          "appears",
          "seem",
          "seems",
          "allegedly",
          "reportedly",
          "believed",
          "thought",
          "claimed",
          "alleged",
          "rumoured",
          "rumored",
          "potentially",
          "estimated",
          "expected",
          "planned",
          "proposed",
          "unclear",
          "uncertain",
          "unlikely");

  private static final Set<String> SUPERLATIVES =
      Set.of("only", "first", "last", "sole", "best", "worst", "most", "least", "never", "always");

  private final Utterance claim;
  private final NumberFit numbers;
  private final FeatureRow row;

  PairDisagreements(Utterance claim, FeatureRow row) {
    this.claim = claim;
    this.numbers = new NumberFit(claim);
    this.row = row;
  }

  void measure(EvidenceText text, Alignment best, Alignment single) {
    List<Utterance> window = best.window().utterances();
    NumberFit.Sum near = numbers.against(single.window().utterances());
    NumberFit.Sum sum = numbers.against(window);
    NumberFit.Sum anywhere =
        numbers.against(
            text.lines().stream().limit(400).map(EvidenceText.Line::utterance).toList());
    row.put("numbers", sum.all());
    row.put("numbersFollow", sum.all() == 0 ? 1 : (double) sum.follows() / sum.all());
    row.put("numbersDenied", sum.denied());
    row.put("numbersNearDenied", sum.nearDenied());
    row.put("numbersDeniedSingle", near.denied());
    row.put("numbersAbsent", sum.absent());
    row.put("numbersAbsentAll", anywhere.absent() + anywhere.denied());
    String polarity = new Polarity(claim, single.window()).difference().orElse("");
    String wide = new Polarity(claim, best.window()).difference().orElse("");
    row.put("negation", polarity.startsWith("negation") ? 1 : 0);
    row.put("opposite", polarity.startsWith("opposite") ? 1 : 0);
    row.put("polarityWide", wide.isEmpty() ? 0 : 1);
    int mine = claim.denials().size();
    int theirs = single.window().utterances().stream().mapToInt(u -> u.denials().size()).sum();
    row.put("negated", Math.min(mine, 2));
    row.put("negatedSource", Math.min(theirs, 2));
    row.put("negationOdd", (mine + theirs) % 2);
    row.put("opposites", opposites(single.window()));
    Strength strength = new Strength(claim, best.window());
    row.put("part", strength.contradiction().isPresent() ? 1 : 0);
    String weaker = strength.difference().orElse("");
    row.put("bound", weaker.startsWith("bound") && sum.follows() < sum.all() ? 1 : 0);
    row.put("quantifier", weaker.startsWith("quantifier") ? 1 : 0);
    row.put("modality", weaker.startsWith("modality") ? 1 : 0);
    row.put("condition", weaker.startsWith("condition") ? 1 : 0);
    boolean claimHedged = hedged(claim);
    boolean sourceHedged =
        single.window().utterances().stream().anyMatch(PairDisagreements::hedged);
    row.put("hedgeDropped", sourceHedged && !claimHedged ? 1 : 0);
    row.put("superlative", superlative(single.window()));
    row.put("otherNames", otherNames(single.window()));
  }

  private static boolean hedged(Utterance utterance) {
    // A capital inside the sentence: the month, not the verb.
    return utterance.words().stream()
        .anyMatch(
            w ->
                HEDGES.contains(w.lower())
                    && w.kind() != Word.Kind.NAME
                    && w.kind() != Word.Kind.QUANTITY);
  }

  /** Only, first, largest in the claim, and nothing of the kind in the source. */
  private double superlative(EvidenceText.Window window) {
    double lacking = 0;
    for (Word word : claim.words()) {
      String lower = word.lower();
      boolean strong =
          SUPERLATIVES.contains(lower) || (lower.length() > 5 && lower.endsWith("est"));
      lacking += strong && window.words().stream().noneMatch(w -> w.lower().equals(lower)) ? 1 : 0;
    }
    return lacking;
  }

  /** Words of the claim that are not in the source, while a word that excludes them is. */
  private double opposites(EvidenceText.Window window) {
    int count = 0;
    Set<Word> limits = PairClauses.limits(claim);
    for (Word word : claim.words()) {
      if (word.kind() == Word.Kind.QUANTITY || limits.contains(word) || window.has(word)) {
        continue;
      }
      for (Word other : window.words()) {
        if (Thesaurus.opposed(word.concept(), other.concept()) && !claim.has(other)) {
          count++;
          break;
        }
      }
    }
    return count;
  }

  /** Names of the source's sentence that the claim has not, if the claim has names it has not. */
  private double otherNames(EvidenceText.Window window) {
    boolean lacking =
        claim.words().stream()
            .anyMatch(w -> w.isNamed() && PairFeatures.presence(w, window.words()) < 0.5);
    return lacking
        ? (double)
            window.words().stream()
                .filter(w -> w.isNamed() && PairFeatures.presence(w, claim.words()) < 0.5)
                .limit(3)
                .count()
        : 0;
  }
}
