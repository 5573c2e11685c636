package org.choir.knowledge;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which way the words of a clause point: up or down, for or against, beginning or ending. */
final class Directions {
  /** Words that turn what follows them without being a negation in grammar. */
  private static final Set<String> TURNING =
      Set.of(
          "fail",
          "fails",
          "failed",
          "failing",
          "refuse",
          "refused",
          "refuses",
          "reject",
          "rejected",
          "rejects",
          "deny",
          "denied",
          "denies",
          "lack",
          "lacks",
          "lacked",
          "unable",
          "absence",
          "absent",
          "without",
          "unlike",
          "unaffected",
          "unchanged",
          "instead",
          "rather",
          "prevent",
          "prevented",
          "prevents",
          "yet",
          "misconception",
          "myth",
          "wrongly",
          "falsely",
          "hardly",
          "barely",
          "neither",
          "nor",
          "longer",
          "excluding",
          "except",
          "unlikely",
          "false",
          "untrue",
          "stop",
          "stopped",
          "avoid",
          "avoided",
          "avoids",
          "exempt",
          "free",
          "inconsistent");

  private static final Map<String, Map<String, Integer>> SIGNS = new HashMap<>();

  static {
    for (String line : Thesaurus.lines("directions.txt")) {
      String[] words = line.split(" ", -1);
      Map<String, Integer> signs = SIGNS.computeIfAbsent(words[0], k -> new HashMap<>());
      for (String word : List.of(words).subList(2, words.length)) {
        signs.putIfAbsent(Lexicon.stem(word), words[1].equals("+") ? 1 : -1);
      }
    }
  }

  private Directions() {}

  static Set<String> subjects() {
    return SIGNS.keySet();
  }

  /** How many of the words turn what is said, grammar's negations among them. */
  static int turns(List<Word> words) {
    int turns = 0;
    for (int i = 0; i < words.size(); i++) {
      String lower = words.get(i).lower();
      boolean notOnly = i + 1 < words.size() && words.get(i + 1).lower().equals("only");
      boolean longer = lower.equals("longer") && (i == 0 || !words.get(i - 1).lower().equals("no"));
      boolean negates = Lexicon.NEGATORS.contains(lower) || TURNING.contains(lower);
      boolean noLonger =
          lower.equals("no") && i + 1 < words.size() && words.get(i + 1).lower().equals("longer");
      turns += negates && !notOnly && !longer && !noLonger ? 1 : 0;
    }
    return turns;
  }

  /** Where the words point in one respect, by count: negative, zero or positive. */
  static int sign(List<Word> words, String subject, Set<Word> but) {
    Map<String, Integer> signs = SIGNS.getOrDefault(subject, Map.of());
    int sum = 0;
    Set<String> counted = new HashSet<>();
    for (Word word : words) {
      String stem = Lexicon.stem(word.lower());
      if (word.kind() != Word.Kind.QUANTITY && !but.contains(word) && counted.add(stem)) {
        sum += signs.getOrDefault(stem, 0);
      }
    }
    return Integer.signum(sum);
  }
}
