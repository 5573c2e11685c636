package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compares what is denied, and what is said by opposite words. A negation reaches from its word to
 * the end of its clause; two negations are the same if they deny a word in common of the same
 * subject. A denied word and its opposite are the same too.
 */
final class Polarity {
  /** In these the negator only limits a number, which is compared elsewhere. */
  private static final Pattern LIMITS =
      Pattern.compile("\\b(?:no|not) (?:more|less|fewer|later|earlier) than\\b|\\bnot only\\b");

  private static final Pattern DISTANCE =
      Pattern.compile(
          "\\b(?:(?:not|n't) (?:true|the case|correct)|false|untrue|wrong|incorrect|myth"
              + "|misconception|no evidence|den(?:y|ies|ied)|doubt(?:s|ed|ful)?) that\\b");

  /** With "to" after them they deny what follows: failed to start, refused to sign. */
  private static final Set<String> FAILING =
      Set.of("fail", "fails", "failed", "failing", "refuse", "refuses", "refused", "unable");

  private static final Set<String> PHRASE_ENDS =
      Set.of("the", "a", "an", "is", "are", "was", "were", "has", "have", "can", "may", "must");

  private static final Set<String> SETTING =
      Set.of(
          "turn", "turned", "turns", "switch", "switched", "set", "is", "are", "was", "to", "be");

  /**
   * A denial.
   *
   * @param head the first word it denies
   * @param scope every word from it to the end of its clause
   * @param subject the words before it in its clause
   */
  record Denial(String head, Set<String> scope, Set<String> subject) {}

  private final Utterance claim;
  private final EvidenceText.Window window;
  private final List<Denial> claimed;
  private final List<Denial> said = new ArrayList<>();

  Polarity(Utterance claim, EvidenceText.Window window) {
    this.claim = claim;
    this.window = window;
    this.claimed = claim.denials();
    for (Utterance utterance : window.utterances()) {
      said.addAll(utterance.denials());
    }
  }

  /** Why the two disagree, if they do. */
  Optional<String> difference() {
    for (Denial denial : claimed) {
      boolean same = said.stream().anyMatch(d -> matches(denial, d));
      if (!same
          && !absorbed(denial, window.words())
          && (!denial.head.isEmpty() || said.isEmpty())) {
        return Optional.of("negation_differs: the source does not deny \"" + denial.head + '"');
      }
    }
    for (Denial denial : said) {
      if (concerns(denial)
          && claimed.stream().noneMatch(d -> matches(d, denial))
          && !absorbed(denial, claim.words())) {
        return Optional.of("negation_differs: the source denies \"" + denial.head + '"');
      }
    }
    for (Utterance utterance : window.utterances()) {
      if (DISTANCE.matcher(utterance.normal().lower()).find()
          && !DISTANCE.matcher(claim.normal().lower()).find()) {
        return Optional.of("negation_differs: the source reports this in order to reject it");
      }
    }
    return opposite();
  }

  /**
   * Whether a word of the claim that is missing in the source is said there by its opposite,
   * denied.
   */
  boolean saidByOpposite(Word word) {
    return opposites(word).stream().anyMatch(o -> isDenied(word, claimed) != isDenied(o, said));
  }

  private Optional<String> opposite() {
    for (Word word : claim.words()) {
      boolean open = word.kind() != Word.Kind.QUANTITY && !window.has(word) && isState(word);
      for (Word opposite : open ? opposites(word) : List.<Word>of()) {
        if (isDenied(word, claimed) == isDenied(opposite, said)
            && !claim.hasConcept(opposite.concept())) {
          return Optional.of(
              "opposite_said: \""
                  + word.lower()
                  + "\", the source says \""
                  + opposite.lower()
                  + '"');
        }
      }
    }
    for (String pivot : List.of("before", "after", "than", "until")) {
      if (turned(pivot)) {
        return Optional.of("opposite_said: the sides of \"" + pivot + "\" are exchanged");
      }
    }
    return Optional.empty();
  }

  /** On and off are states only where something is turned, set or is so. */
  private boolean isState(Word word) {
    if (!word.lower().equals("on") && !word.lower().equals("off")) {
      return true;
    }
    int at = claim.words().indexOf(word);
    return at > 0 && SETTING.contains(claim.words().get(at - 1).lower());
  }

  private List<Word> opposites(Word word) {
    Set<String> concepts = Lexicon.opposites(word.concept());
    List<Word> found = new ArrayList<>();
    for (Word other : window.words()) {
      boolean listed = concepts.contains(other.concept());
      if (listed
          || (word.isContent()
              && other.isContent()
              && Lexicon.isNegatedForm(word.concept(), other.concept()))) {
        found.add(other);
      }
    }
    return found;
  }

  private static boolean isDenied(Word word, List<Denial> denials) {
    return denials.stream().anyMatch(d -> d.head.equals(word.concept()));
  }

  private boolean concerns(Denial denial) {
    if (denial.head.isEmpty() || !claim.hasConcept(denial.head)) {
      return false;
    }
    long shared = denial.scope.stream().filter(claim::hasConcept).count();
    boolean subject =
        denial.subject.isEmpty() || denial.subject.stream().anyMatch(claim::hasConcept);
    return subject || shared >= 2;
  }

  private static boolean matches(Denial one, Denial other) {
    Set<String> shared = new HashSet<>(one.scope);
    shared.retainAll(other.scope);
    boolean subject =
        one.subject.isEmpty()
            || other.subject.isEmpty()
            || !Collections.disjoint(one.subject, other.subject)
            || !Collections.disjoint(one.scope, other.subject)
            || !Collections.disjoint(one.subject, other.scope);
    return !shared.isEmpty() && (subject || shared.size() >= 2);
  }

  /** Whether the other side says the opposite of the denied word and does not deny it. */
  private static boolean absorbed(Denial denial, List<Word> others) {
    Set<String> opposites = Lexicon.opposites(denial.head);
    return others.stream()
        .anyMatch(
            w ->
                opposites.contains(w.concept()) || Lexicon.isNegatedForm(denial.head, w.concept()));
  }

  /**
   * Whether what stands left and right of the word in the claim is right and left in the source.
   */
  private boolean turned(String pivot) {
    Set<String> left = new HashSet<>();
    Set<String> right = new HashSet<>();
    if (!sides(claim, pivot, left, right)) {
      return false;
    }
    for (Utterance utterance : window.utterances()) {
      Set<String> sourceLeft = new HashSet<>();
      Set<String> sourceRight = new HashSet<>();
      if (!sides(utterance, pivot, sourceLeft, sourceRight)) {
        continue;
      }
      // Only what changes its side counts: "faster" stands before "than" in both.
      Set<String> movedRight = new HashSet<>(left);
      movedRight.removeAll(sourceLeft);
      Set<String> movedLeft = new HashSet<>(right);
      movedLeft.removeAll(sourceRight);
      if (!movedRight.isEmpty()
          && !movedLeft.isEmpty()
          && sourceRight.containsAll(movedRight)
          && sourceLeft.containsAll(movedLeft)) {
        return true;
      }
    }
    return false;
  }

  private static boolean sides(
      Utterance utterance, String pivot, Set<String> left, Set<String> right) {
    boolean found = false;
    for (Word word : utterance.words()) {
      if (word.lower().equals(pivot)) {
        found = true;
      } else if (word.isContent()) {
        (found ? right : left).add(word.concept());
      }
    }
    return found;
  }

  static List<Denial> denials(Utterance utterance) {
    List<Denial> denials = new ArrayList<>();
    List<Word> words = utterance.words();
    Matcher limits = LIMITS.matcher(utterance.normal().lower());
    Set<Integer> limiting = new HashSet<>();
    while (limits.find()) {
      limiting.add(limits.start());
    }
    for (int i = 0; i < words.size(); i++) {
      Word word = words.get(i);
      boolean fails =
          FAILING.contains(word.lower())
              && i + 1 < words.size()
              && words.get(i + 1).lower().equals("to");
      if ((fails || Lexicon.NEGATORS.contains(word.lower())) && !limiting.contains(word.start())) {
        denials.add(denial(utterance, i));
      }
    }
    return List.copyOf(denials);
  }

  private static Denial denial(Utterance utterance, int at) {
    List<Word> words = utterance.words();
    Set<String> scope = new HashSet<>();
    Set<String> subject = new HashSet<>();
    String head = "";
    for (int i = at + 1; i < words.size() && !clauseEnds(utterance, i - 1, i); i++) {
      Word word = words.get(i);
      // "Without a condition the index is used": the index is not denied.
      if (words.get(at).lower().equals("without")
          && !head.isEmpty()
          && PHRASE_ENDS.contains(word.lower())) {
        break;
      }
      if (word.isContent() || word.kind() == Word.Kind.QUANTITY) {
        scope.add(word.concept());
        head = head.isEmpty() ? word.concept() : head;
      }
    }
    for (int i = at - 1; i >= 0; i--) {
      if (words.get(i).isContent()) {
        subject.add(words.get(i).concept());
      }
      if (clauseEnds(utterance, i - 1, i)) {
        break;
      }
    }
    return new Denial(head, scope, subject);
  }

  private static boolean clauseEnds(Utterance utterance, int before, int at) {
    if (before < 0) {
      return true;
    }
    List<Word> words = utterance.words();
    String between =
        utterance.normal().text().substring(words.get(before).end(), words.get(at).start());
    return Lexicon.CLAUSE_WORDS.contains(words.get(at).lower())
        || Lexicon.NEGATORS.contains(words.get(at).lower())
        || between.chars().anyMatch(c -> ",;:()".indexOf(c) >= 0)
        || between.contains(" - ");
  }
}
