package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How one claim stands to one window of a source: how much of it is found there, in which order,
 * and what disagrees. The thresholds were set on the hand-written cases of the tests.
 */
final class Alignment {
  /** The share of the claim's weight that must be found for it to be supported. */
  static final double SUPPORTED = 0.85;

  /** From here on a part of the claim counts as said. */
  static final double PARTIAL = 0.6;

  /** In a claim of fewer than five words one that is missing is often the verb. */
  private static final double BRIEF = 0.75;

  /** From here on the window is about the same thing, so that a difference is a contradiction. */
  private static final double SAME_SUBJECT = 0.6;

  /** The share of neighbouring words that must be neighbours in the source, in the same order. */
  private static final double ORDER = 0.6;

  /** With fewer neighbours kept than this the words were shuffled. */
  private static final double SHUFFLED = 0.2;

  /** Words further apart than this are not neighbours. */
  private static final int REACH = 7;

  /** How the reason begins when the first word is missing, which may be a name or not. */
  static final String SUBJECT = "subject_not_found";

  private final Utterance claim;
  private final EvidenceText.Window window;
  private final Polarity polarity;
  private final List<String> missing = new ArrayList<>();
  private final double coverage;
  private final boolean ordered;
  private final double quality;
  private double order = 1;

  Alignment(Utterance claim, EvidenceText.Window window) {
    this.claim = claim;
    this.window = window;
    this.polarity = new Polarity(claim, window);
    List<List<Integer>> places = new ArrayList<>();
    List<Word> sourceWords = window.words();
    double found = 0;
    double all = 0;
    for (Word word : claim.words()) {
      if (word.kind() == Word.Kind.FUNCTION) {
        continue;
      }
      double weight = word.kind() == Word.Kind.QUANTITY ? 0.5 : word.weight();
      all += weight;
      List<Integer> at = places(word, sourceWords);
      if (!at.isEmpty()) {
        found += weight;
        places.add(at);
      } else if (word.kind() == Word.Kind.QUANTITY) {
        // Written otherwise or not there at all: numbers are compared by value elsewhere.
        found += weight;
      } else if (window.has(word) || polarity.saidByOpposite(word)) {
        found += weight;
      } else if (window.source().context().has(word)) {
        found += word.isNamed() ? weight : weight * 0.7;
      } else {
        missing.add(word.lower());
      }
    }
    this.coverage = all == 0 ? 0 : found / all;
    this.ordered = isOrdered(places);
    this.quality = measured();
  }

  /** What was found. */
  record Reading(ClaimVerdict verdict, double score, String reason, EvidenceText.Window window) {}

  EvidenceText.Window window() {
    return window;
  }

  double coverage() {
    return coverage;
  }

  /** How well the window fits, to choose among windows. */
  double quality() {
    return quality;
  }

  private double measured() {
    List<Quantity> said = window.quantities();
    long numbers =
        claim.quantities().stream().filter(q -> said.stream().anyMatch(q::agreesWith)).count();
    double share = claim.quantities().isEmpty() ? 1 : (double) numbers / claim.quantities().size();
    return coverage + 0.1 * order + 0.15 * share - 0.04 * (window.lines().size() - 1);
  }

  Reading reading() {
    Optional<String> difference =
        numberDifference().or(polarity::difference).or(new Strength(claim, window)::contradiction);
    if (difference.isPresent()) {
      boolean same = coverage >= SAME_SUBJECT;
      return reading(
          same ? ClaimVerdict.CONTRADICTED : ClaimVerdict.UNSUPPORTED, 0.05, difference.get());
    }
    Roles.Finding roles = Roles.of(claim, window.utterances());
    if (roles == Roles.Finding.EXCHANGED && coverage >= SAME_SUBJECT) {
      return reading(
          ClaimVerdict.CONTRADICTED,
          0.05,
          "roles_exchanged: the source says it the other way round");
    }
    Optional<String> absent = absence();
    if (absent.isPresent()) {
      return reading(ClaimVerdict.UNSUPPORTED, 0.1 * coverage, absent.get());
    }
    boolean brief = claim.content().size() < 5 && coverage < BRIEF;
    if (coverage < PARTIAL || brief) {
      return reading(ClaimVerdict.UNSUPPORTED, 0.4 * coverage, "words_not_found: " + lacking());
    }
    Optional<String> weaker = new Strength(claim, window).difference();
    if (weaker.isPresent()) {
      return reading(ClaimVerdict.PARTIAL, 0.45 + 0.2 * (coverage - PARTIAL), weaker.get());
    }
    if (coverage < SUPPORTED) {
      return reading(
          ClaimVerdict.PARTIAL, 0.45 + 0.6 * (coverage - PARTIAL), "words_not_found: " + lacking());
    }
    if (roles == Roles.Finding.OTHER_DOER) {
      return reading(
          ClaimVerdict.UNSUPPORTED, 0.2, "subject_differs: the source says it of something else");
    }
    boolean turned = claim.hasConcept("by") != window.hasConcept("by");
    boolean shuffled = order < SHUFFLED && claim.content().size() >= 5 && !turned;
    if (Roles.isSalad(claim) || shuffled) {
      return reading(ClaimVerdict.UNSUPPORTED, 0.05, "no_sentence: the words are in disorder");
    }
    if (!ordered && !(turned && roles == Roles.Finding.SAME)) {
      return reading(ClaimVerdict.PARTIAL, 0.5, "order_differs: the words stand in another order");
    }
    return reading(ClaimVerdict.SUPPORTED, 0.7 + 0.25 * coverage * Math.min(1, order + 0.2), "");
  }

  private Reading reading(ClaimVerdict verdict, double score, String reason) {
    return new Reading(verdict, Math.clamp(score, 0, 0.97), reason, window);
  }

  private String lacking() {
    return String.join(", ", missing.subList(0, Math.min(5, missing.size())));
  }

  /** A name or number that is not here, though it may be elsewhere in the source. */
  private Optional<String> absence() {
    for (Quantity quantity : claim.quantities()) {
      if (window.quantities().stream().noneMatch(quantity::agreesWith)) {
        return Optional.of("number_not_found: " + written(quantity));
      }
    }
    Word first = claim.content().isEmpty() ? null : claim.content().getFirst();
    for (Word word : claim.words()) {
      boolean absent = missing.contains(word.lower());
      if (absent && word.isNamed()) {
        return Optional.of("name_not_found: " + word.lower());
      }
      // A capital at the beginning hides whether the word is a name.
      if (absent && word.equals(first) && word.start() == claim.words().getFirst().start()) {
        for (Word other : window.words()) {
          boolean opens =
              window.utterances().stream()
                  .anyMatch(u -> !u.words().isEmpty() && u.words().getFirst().equals(other));
          if ((other.isNamed() || (opens && other.isContent())) && !claim.has(other)) {
            return Optional.of(
                SUBJECT + ": " + word.lower() + ", the source says " + other.lower());
          }
        }
      }
    }
    return Optional.empty();
  }

  private Optional<String> numberDifference() {
    List<Quantity> said = window.quantities();
    List<Quantity> free =
        said.stream()
            .filter(s -> claim.quantities().stream().noneMatch(q -> q.agreesWith(s)))
            .toList();
    for (Quantity quantity : claim.quantities()) {
      boolean found = said.stream().anyMatch(quantity::agreesWith);
      Optional<Quantity> instead = free.stream().filter(quantity::comparable).findFirst();
      if (!found && instead.isPresent()) {
        return Optional.of(
            "number_differs: "
                + written(quantity)
                + ", the source says "
                + sourceText(instead.get()));
      }
    }
    if (exchanged(said)) {
      return Optional.of("number_differs: the numbers stand with other things in the source");
    }
    return Optional.empty();
  }

  /** Whether the same different numbers come in another order although the words do not. */
  private boolean exchanged(List<Quantity> said) {
    List<Quantity> mine = claim.quantities();
    if (mine.size() < 2 || order < ORDER) {
      return false;
    }
    int last = -1;
    boolean inOrder = true;
    Set<Integer> used = new HashSet<>();
    for (Quantity quantity : mine) {
      int at = -1;
      for (int i = 0; i < said.size() && at < 0; i++) {
        if (!used.contains(i) && quantity.agreesWith(said.get(i)) && (i > last)) {
          at = i;
        }
      }
      if (at < 0) {
        inOrder = said.stream().noneMatch(quantity::agreesWith);
        break;
      }
      used.add(at);
      last = at;
    }
    return !inOrder;
  }

  private String written(Quantity quantity) {
    return claim.normal().text().substring(quantity.start(), quantity.end());
  }

  private String sourceText(Quantity quantity) {
    for (Utterance utterance : window.utterances()) {
      if (utterance.quantities().contains(quantity)) {
        return utterance.normal().text().substring(quantity.start(), quantity.end());
      }
    }
    return quantity.written();
  }

  private static List<Integer> places(Word word, List<Word> source) {
    List<Integer> at = new ArrayList<>();
    for (int i = 0; i < source.size(); i++) {
      Word other = source.get(i);
      if (other.concept().equals(word.concept()) || other.lower().equals(word.lower())) {
        at.add(i);
      }
    }
    return at;
  }

  /** One exchange is a turn of phrase; more are another statement, unless "by" turns the verb. */
  private boolean isOrdered(List<List<Integer>> places) {
    if (places.size() < 2) {
      return true;
    }
    int kept = 0;
    for (int i = 1; i < places.size(); i++) {
      List<Integer> before = places.get(i - 1);
      List<Integer> after = places.get(i);
      if (before.stream().anyMatch(b -> after.stream().anyMatch(a -> a > b && a - b <= REACH))) {
        kept++;
      }
    }
    order = (double) kept / (places.size() - 1);
    boolean turned = claim.hasConcept("by") != window.hasConcept("by");
    return places.size() - 1 - kept <= 1 || order > (turned ? 0.3 : ORDER);
  }
}
