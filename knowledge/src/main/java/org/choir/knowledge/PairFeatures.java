package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.model.WordEmbedder;

/**
 * What the classifier sees of a claim and its evidence, as numbers: how much of the claim is found,
 * in one sentence, in a window of neighbours and in all of it; and what disagrees. Each is measured
 * on the window that fits the claim best.
 */
final class PairFeatures {
  /** Of the claim's words this share at least must be alike in letters to count as one word. */
  private static final double ALIKE = 0.6;

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
  private final Map<String, Double> found = new LinkedHashMap<>();

  private PairFeatures(Utterance claim) {
    this.claim = claim;
    this.numbers = new NumberFit(claim);
  }

  /**
   * The measured numbers by name, in a fixed order.
   *
   * @param window the one that fits best, which carries the verdict if any does
   */
  record Measured(Map<String, Double> values, EvidenceText.Window window, Alignment alignment) {
    double[] row() {
      return values.values().stream().mapToDouble(Double::doubleValue).toArray();
    }

    List<String> names() {
      return List.copyOf(values.keySet());
    }
  }

  /** The vectors of a claim and of some of the sentences, if there is a model for them. */
  record Meaning(WordEmbedder.Words claim, Map<String, WordEmbedder.Words> sentences) {}

  /** The windows of a source in which the claim's words are, best first; empty if none is. */
  static List<Alignment> alignments(Utterance claim, EvidenceText text) {
    List<Alignment> all = new ArrayList<>();
    for (EvidenceText.Window window : text.windows(claim)) {
      all.add(new Alignment(claim, window));
    }
    all.sort(
        (a, b) -> {
          int order = Double.compare(b.quality(), a.quality());
          return order != 0
              ? order
              : Integer.compare(a.window().lines().size(), b.window().lines().size());
        });
    return all;
  }

  static Measured of(
      Utterance claim, EvidenceText text, List<Alignment> ranked, Optional<Meaning> meaning) {
    PairFeatures features = new PairFeatures(claim);
    Alignment best = ranked.getFirst();
    Alignment single =
        ranked.stream().filter(a -> a.window().lines().size() == 1).findFirst().orElse(best);
    features.words(text, best, single);
    features.disagreements(text, best, single);
    features.clause(best);
    features.order(single);
    features.shape(text, ranked);
    features.meaning(best, single, meaning);
    return new Measured(features.found, best.window(), best);
  }

  private void put(String name, double value) {
    // Rounded, so that a weights file of five decimals parts rows exactly as training did.
    found.put(name, Double.isFinite(value) ? Math.rint(value * 1e4) / 1e4 : 0);
  }

  private void words(EvidenceText text, Alignment best, Alignment single) {
    Map<String, Integer> frequency = new HashMap<>();
    for (EvidenceText.Line line : text.lines()) {
      Set<String> seen = new HashSet<>();
      line.utterance().words().forEach(w -> seen.add(w.concept()));
      seen.forEach(c -> frequency.merge(c, 1, Integer::sum));
    }
    int lines = Math.max(1, text.lines().size());
    double all = 0;
    double inBest = 0;
    double inSingle = 0;
    double inAll = 0;
    double rareAll = 0;
    double rareBest = 0;
    double missingMost = 0;
    int missing = 0;
    int names = 0;
    int namesMissing = 0;
    int namesNowhere = 0;
    for (Word word : claim.words()) {
      if (!word.isContent()) {
        continue;
      }
      double weight = word.weight();
      double rarity =
          weight * Math.log(2.0 + (double) lines / (1 + frequency.getOrDefault(word.concept(), 0)));
      double b = presence(word, best.window().words());
      double s = presence(word, single.window().words());
      double a = text.mentions(word) ? 1 : b;
      all += weight;
      rareAll += rarity;
      inBest += weight * b;
      inSingle += weight * s;
      inAll += weight * Math.max(a, b);
      rareBest += rarity * b;
      missing += b < 0.5 ? 1 : 0;
      missingMost = Math.max(missingMost, weight * (1 - b));
      if (isName(word)) {
        names++;
        namesMissing += b < 0.5 ? 1 : 0;
        namesNowhere += a < 0.5 ? 1 : 0;
      }
    }
    double whole = Math.max(all, 0.5);
    put("coverage", inBest / whole);
    put("coverageSingle", inSingle / whole);
    put("coverageAll", inAll / whole);
    put("coverageRare", rareBest / Math.max(rareAll, 0.5));
    put("missing", missing);
    put("missingMost", missingMost);
    put("names", names);
    put("namesMissing", namesMissing);
    put("namesNowhere", namesNowhere);
    put("rulesCoverage", best.coverage());
  }

  /** A capital at the beginning says nothing; a word later written large elsewhere is a name. */
  private boolean isName(Word word) {
    return word.isNamed();
  }

  /** 1 if the word is there, by itself or a synonym; less if only its letters are alike. */
  private static double presence(Word word, List<Word> source) {
    double best = 0;
    for (Word other : source) {
      if (other.kind() == Word.Kind.FUNCTION && !other.lower().equals(word.lower())) {
        continue;
      }
      if (other.concept().equals(word.concept()) || other.lower().equals(word.lower())) {
        return 1;
      }
      if (Thesaurus.alike(word.concept(), other.concept())) {
        best = Math.max(best, 0.9);
      } else if (best < 0.8 && lettersAlike(word.lower(), other.lower())) {
        best = 0.8;
      }
    }
    return best;
  }

  private static boolean lettersAlike(String one, String other) {
    int shorter = Math.min(one.length(), other.length());
    if (shorter < 4) {
      return false;
    }
    int common = 0;
    while (common < shorter && one.charAt(common) == other.charAt(common)) {
      common++;
    }
    return common >= 4 && common >= ALIKE * Math.max(one.length(), other.length());
  }

  private void disagreements(EvidenceText text, Alignment best, Alignment single) {
    List<Utterance> window = best.window().utterances();
    NumberFit.Sum near = numbers.against(single.window().utterances());
    NumberFit.Sum sum = numbers.against(window);
    NumberFit.Sum anywhere =
        numbers.against(
            text.lines().stream().limit(400).map(EvidenceText.Line::utterance).toList());
    put("numbers", sum.all());
    put("numbersFollow", sum.all() == 0 ? 1 : (double) sum.follows() / sum.all());
    put("numbersDenied", sum.denied());
    put("numbersNearDenied", sum.nearDenied());
    put("numbersDeniedSingle", near.denied());
    put("numbersAbsent", sum.absent());
    put("numbersAbsentAll", anywhere.absent() + anywhere.denied());
    String polarity = new Polarity(claim, single.window()).difference().orElse("");
    String wide = new Polarity(claim, best.window()).difference().orElse("");
    put("negation", polarity.startsWith("negation") ? 1 : 0);
    put("opposite", polarity.startsWith("opposite") ? 1 : 0);
    put("polarityWide", wide.isEmpty() ? 0 : 1);
    int mine = claim.denials().size();
    int theirs = single.window().utterances().stream().mapToInt(u -> u.denials().size()).sum();
    put("negated", Math.min(mine, 2));
    put("negatedSource", Math.min(theirs, 2));
    put("negationOdd", (mine + theirs) % 2);
    put("opposites", opposites(single.window()));
    Strength strength = new Strength(claim, best.window());
    put("part", strength.contradiction().isPresent() ? 1 : 0);
    String weaker = strength.difference().orElse("");
    put("bound", weaker.startsWith("bound") && sum.follows() < sum.all() ? 1 : 0);
    put("quantifier", weaker.startsWith("quantifier") ? 1 : 0);
    put("modality", weaker.startsWith("modality") ? 1 : 0);
    put("condition", weaker.startsWith("condition") ? 1 : 0);
    boolean claimHedged = hedged(claim);
    boolean sourceHedged = single.window().utterances().stream().anyMatch(PairFeatures::hedged);
    put("hedgeDropped", sourceHedged && !claimHedged ? 1 : 0);
    put("superlative", superlative(single.window()));
    put("otherNames", otherNames(single.window()));
  }

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
  private static Set<Word> limits(Utterance utterance) {
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
  private void clause(Alignment best) {
    double all = claim.content().stream().mapToDouble(Word::weight).sum();
    double top = -1;
    List<Word> chosen = List.of();
    Utterance of = claim;
    for (Utterance utterance : best.window().utterances()) {
      for (List<Word> clause : clauses(utterance)) {
        double found = 0;
        for (Word word : claim.content()) {
          found += word.weight() * presence(word, clause);
        }
        double score = found - 0.01 * clause.size();
        if (score > top) {
          top = score;
          chosen = clause;
          of = utterance;
        }
      }
    }
    put("clauseCoverage", Math.max(0, top) / Math.max(all, 0.5));
    Set<Word> mineLimits = limits(claim);
    Set<Word> theirLimits = limits(of);
    int mine = Directions.turns(claim.words());
    int theirs = Directions.turns(chosen);
    put("turned", Math.min(2, mine));
    put("turnedClause", Math.min(2, theirs));
    put("turnedOdd", (mine + theirs) % 2);
    int against = 0;
    int along = 0;
    for (String subject : Directions.subjects()) {
      int one = Directions.sign(claim.words(), subject, mineLimits) * (mine % 2 == 0 ? 1 : -1);
      int other = Directions.sign(chosen, subject, theirLimits) * (theirs % 2 == 0 ? 1 : -1);
      against += one * other < 0 ? 1 : 0;
      along += one * other > 0 ? 1 : 0;
    }
    put("pointsAgainst", against);
    put("pointsAlong", along);
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
    Set<Word> limits = limits(claim);
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
        claim.words().stream().anyMatch(w -> isName(w) && presence(w, window.words()) < 0.5);
    return !lacking
        ? 0
        : Math.min(
            3,
            window.words().stream()
                .filter(w -> w.isNamed() && presence(w, claim.words()) < 0.5)
                .count());
  }

  /** How the claim's words follow each other in the sentence that has most of them. */
  private void order(Alignment single) {
    List<Word> source = single.window().words();
    List<Integer> places = new ArrayList<>();
    for (Word word : claim.content()) {
      for (int i = 0; i < source.size(); i++) {
        if (source.get(i).isContent() && source.get(i).concept().equals(word.concept())) {
          places.add(i);
          break;
        }
      }
    }
    int pairs = 0;
    int turned = 0;
    int next = 0;
    for (int i = 0; i < places.size(); i++) {
      for (int j = i + 1; j < places.size(); j++) {
        pairs++;
        turned += places.get(i) > places.get(j) ? 1 : 0;
      }
      next += i > 0 && places.get(i) > places.get(i - 1) ? 1 : 0;
    }
    double inversions = pairs == 0 ? 0 : (double) turned / pairs;
    put("inversions", inversions);
    put("neighbours", places.size() < 2 ? 0 : (double) next / (places.size() - 1));
    boolean by = claim.hasConcept("by") != single.window().hasConcept("by");
    boolean wasTurned =
        passive(claim) != single.window().utterances().stream().anyMatch(PairFeatures::passive);
    put("turnedActive", inversions > 0.2 && !by && !wasTurned ? 1 : 0);
    put("turnedPassive", inversions < 0.2 && by ? 1 : 0);
    Roles.Finding roles = Roles.of(claim, single.window().utterances());
    put("exchanged", roles == Roles.Finding.EXCHANGED ? 1 : 0);
    put("otherDoer", roles == Roles.Finding.OTHER_DOER ? 1 : 0);
    put("sameRoles", roles == Roles.Finding.SAME ? 1 : 0);
    put("salad", Roles.isSalad(claim) ? 1 : 0);
    put("run", longestRun(source));
  }

  private static boolean passive(Utterance utterance) {
    return utterance.words().stream()
        .anyMatch(w -> w.lower().equals("by") || w.lower().equals("from"));
  }

  /** The longest run of the claim's words, small ones too, that stands in the source as it is. */
  private double longestRun(List<Word> source) {
    List<Word> words = claim.words();
    int best = 0;
    int[] last = new int[source.size() + 1];
    for (Word word : words) {
      int[] now = new int[source.size() + 1];
      for (int j = 0; j < source.size(); j++) {
        if (source.get(j).lower().equals(word.lower())) {
          now[j + 1] = last[j] + 1;
          best = Math.max(best, now[j + 1]);
        }
      }
      last = now;
    }
    return words.isEmpty() ? 0 : (double) best / words.size();
  }

  private void shape(EvidenceText text, List<Alignment> ranked) {
    put("words", Math.min(40, claim.content().size()));
    put("lines", Math.log1p(text.lines().size()));
    Alignment best = ranked.getFirst();
    put("windowLines", best.window().lines().size());
    double sourceWords = best.window().words().stream().filter(Word::isContent).count();
    put("sourceShare", claim.content().size() / Math.max(1, sourceWords));
    long good = ranked.stream().filter(a -> a.coverage() >= best.coverage() - 0.15).count();
    put("goodWindows", Math.min(8, good));
  }

  private void meaning(Alignment best, Alignment single, Optional<Meaning> meaning) {
    if (meaning.isEmpty()) {
      return;
    }
    Meaning known = meaning.get();
    double top = 0;
    double second = 0;
    for (WordEmbedder.Words sentence : known.sentences.values()) {
      double cosine = dot(known.claim.text(), sentence.text());
      second = Math.max(second, Math.min(top, cosine));
      top = Math.max(top, cosine);
    }
    put("similar", top);
    put("similarSecond", second);
    put("similarSingle", cosine(known, single.window()));
    List<WordEmbedder.Words> window = new ArrayList<>();
    for (EvidenceText.Line line : best.window().lines()) {
      Optional.ofNullable(known.sentences.get(line.utterance().normal().text()))
          .ifPresent(window::add);
    }
    softly("soft", known.claim, window);
    softly("softAll", known.claim, known.sentences.values());
  }

  private static double cosine(Meaning known, EvidenceText.Window window) {
    WordEmbedder.Words sentence =
        known.sentences.get(window.lines().getFirst().utterance().normal().text());
    return sentence == null ? 0 : dot(known.claim.text(), sentence.text());
  }

  /** For each word of the claim the most similar word of the sentences, in their contexts. */
  private void softly(
      String name, WordEmbedder.Words mine, Iterable<WordEmbedder.Words> sentences) {
    List<Double> best = new ArrayList<>();
    for (int i = 0; i < mine.words().size(); i++) {
      String word = mine.words().get(i);
      boolean tells =
          Character.isLetterOrDigit(word.codePointAt(0)) && !Lexicon.STOP.contains(word);
      double top = 0;
      for (WordEmbedder.Words sentence : sentences) {
        for (float[] other : tells ? sentence.vectors() : new float[0][]) {
          top = Math.max(top, dot(mine.vectors()[i], other));
        }
      }
      if (tells) {
        best.add(top);
      }
    }
    best.sort(null);
    int n = best.size();
    put(name + "Mean", best.stream().mapToDouble(Double::doubleValue).average().orElse(0));
    put(name + "Least", n == 0 ? 0 : best.getFirst());
    put(
        name + "Low",
        best.stream().limit(Math.max(1, n / 3)).mapToDouble(d -> d).average().orElse(0));
  }

  private static double dot(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += one[i] * other[i];
    }
    return sum;
  }
}
