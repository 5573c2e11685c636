package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.tartarus.snowball.ext.EnglishStemmer;

/** The words of English that the rules know. A concept is a stem, or the name of its synonyms. */
final class Lexicon {
  static final Set<String> STOP =
      words(
          "a an the this that these those it its they them their he she him her his we our us you"
              + " your i me my is are was were be been being am do does did done doing has have"
              + " had having will would shall of in on at to for from by with into onto as and or"
              + " but if then than so such there here which who whom whose what when where while"
              + " how why also too very just even still yet already again both either own same"
              + " other another each any some more most much many few less least can could may"
              + " might must should need not no nor never none neither without cannot only all"
              + " every always often usually sometimes generally typically about over per via"
              + " up out off down not don't doesn't didn't isn't aren't wasn't weren't won't"
              + " wouldn't can't couldn't shouldn't hasn't haven't hadn't mustn't needn't"
              + " however therefore thus hence because since although though unless except until"
              + " before after during between among through because etc e.g i.e one well like within upon");

  static final Set<String> NEGATORS =
      words(
          "not no never none nor neither without cannot hardly rarely seldom don't doesn't didn't"
              + " isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't hasn't"
              + " haven't hadn't mustn't needn't nobody nothing nowhere lacks lack");

  /** Words between clauses: what is negated before them is not negated after them. */
  static final Set<String> CLAUSE_WORDS =
      words(
          "but although though while whereas because since if when unless except so then which who"
              + " that before after until");

  /** Words that turn a statement into one about a part of the cases. */
  static final Set<String> CONDITIONS = Set.of("if", "unless", "except", "provided", "assuming");

  static final Set<String> UNIVERSAL =
      Set.of("all", "every", "always", "each", "any", "entirely", "completely", "whole");

  static final Set<String> PARTIAL =
      words(
          "some most many few several often usually sometimes generally typically mostly partly"
              + " normally occasionally");

  /** Words that bound the number after them; the bound is compared, not the word. */
  static final Set<String> LIMITS =
      words(
          "minimum maximum min max around approximately roughly nearly almost exactly circa least"
              + " most exceed exceeds exceeding precisely");

  static final Set<String> MUST = Set.of("must", "shall", "required", "requires", "mandatory");
  static final Set<String> SHOULD = Set.of("should", "recommended", "advisable", "ought");
  static final Set<String> MAY =
      Set.of("can", "could", "may", "might", "possibly", "perhaps", "optionally", "possible");

  /** Verbs and nouns so general that they tell little about a match. */
  private static final Set<String> COMMON =
      stems(
          "use make have provide include contain give take get set way case thing time part value"
              + " example kind number several different new first second system following certain"
              + " call become consider mean result need require allow work");

  private static final String[] SYNONYMS = {
    "use utilize utilise employ",
    "start begin launch commence initiate",
    "stop halt end terminate",
    "delete remove drop erase",
    "show display",
    "create make build",
    "fast quick rapid",
    "slow sluggish",
    "need require necessitate",
    "allow permit let enable",
    "change modify alter",
    "prevent avoid",
    "keep retain preserve",
    "big large",
    "small little",
    "buy purchase",
    "fix repair mend",
    "choose select pick",
    "find locate",
    "send transmit",
    "get obtain receive",
    "write record",
    "fail crash",
    "recover restore",
    "default standard",
    "option setting parameter",
    "folder directory",
    "error failure",
    "guarantee ensure assure",
    "lose loss lost",
    "quantity amount",
    "database db",
    "happen occur",
    "store save",
    "begin start",
    "disable forbid prohibit deny",
    "increase raise grow rise",
    "decrease reduce lower shrink fall decline",
    "maximum max largest",
    "minimum min smallest",
    "machine computer",
    "whole entire complete",
    "repeat recur",
    "often frequent",
    "help assist",
    "try attempt",
    "copy duplicate"
  };

  private static final String[] IRREGULAR = {
    "rise rose risen",
    "fall fell fallen",
    "grow grew grown",
    "begin began begun",
    "run ran",
    "write wrote written",
    "send sent",
    "keep kept",
    "hold held",
    "say said",
    "make made",
    "find found",
    "lose lost",
    "win won",
    "lead led",
    "leave left",
    "become became",
    "give gave given",
    "get got gotten",
    "go went gone",
    "come came",
    "see saw seen",
    "know knew known",
    "think thought",
    "build built",
    "buy bought",
    "pay paid",
    "meet met",
    "stand stood",
    "choose chose chosen",
    "break broke broken",
    "speak spoke spoken",
    "take took taken",
    "draw drew drawn",
    "fly flew flown",
    "drive drove driven",
    "shrink shrank shrunk",
    "sell sold",
    "tell told",
    "catch caught",
    "feel felt",
    "mean meant",
    "deal dealt",
    "spend spent",
    "lie lay lain",
    "hide hid hidden",
    "freeze froze frozen",
    "die died dead",
    "bring brought",
    "teach taught",
    "fight fought",
    "throw threw thrown",
    "wear wore worn",
    "retain retention",
    "recover recovery",
    "inhabit inhabitant",
    "analyze analyse analysis"
  };

  private static final String[] ANTONYMS = {
    "increase decrease",
    "lengthen shorten",
    "open close",
    "enable disable",
    "allow deny",
    "allow prevent",
    "before after",
    "more less",
    "more fewer",
    "minimum maximum",
    "on off",
    "true false",
    "first last",
    "faster slower",
    "fast slow",
    "larger smaller",
    "large small",
    "higher lower",
    "high low",
    "better worse",
    "good bad",
    "always never",
    "start stop",
    "success failure",
    "succeed fail",
    "accept reject",
    "include exclude",
    "add delete",
    "read write",
    "primary standby",
    "input output",
    "source target",
    "above below",
    "early late",
    "earlier later",
    "old new",
    "older newer",
    "safe unsafe",
    "required optional",
    "public private",
    "local remote",
    "active inactive",
    "win lose",
    "gain lose",
    "profit loss",
    "strong weak",
    "hot cold",
    "warm cold",
    "left right",
    "north south",
    "east west",
    "inside outside",
    "internal external",
    "automatic manual",
    "synchronous asynchronous",
    "permanent temporary",
    "positive negative",
    "ascending descending",
    "client server",
    "lock unlock",
    "mutable immutable",
    "visible hidden",
    "long short",
    "longer shorter",
    "present absent",
    "cheap expensive",
    "cheaper costlier",
    "support oppose",
    "import export",
    "keep delete",
    "single multiple",
    "master slave",
    "improve worsen",
    "connect disconnect",
    "dead alive",
    "raise lower",
    "heavy light",
    "full empty",
    "upper lower"
  };

  private static final Map<String, String> CONCEPTS = new HashMap<>();
  private static final Map<String, Set<String>> OPPOSITES = new HashMap<>();
  private static final String[] NEGATIVE_PREFIXES = {"un", "in", "im", "non", "dis", "ir", "a"};

  static {
    for (String group : Stream.of(SYNONYMS, IRREGULAR).flatMap(Arrays::stream).toList()) {
      String name = "";
      for (String word : group.split(" ", -1)) {
        String stem = stem(word);
        name = name.isEmpty() ? CONCEPTS.getOrDefault(stem, stem) : name;
        CONCEPTS.putIfAbsent(stem, name);
      }
    }
    for (String pair : ANTONYMS) {
      int space = pair.indexOf(' ');
      String one = concept(pair.substring(0, space));
      String other = concept(pair.substring(space + 1));
      OPPOSITES.computeIfAbsent(one, k -> new HashSet<>()).add(other);
      OPPOSITES.computeIfAbsent(other, k -> new HashSet<>()).add(one);
    }
  }

  private Lexicon() {}

  /** The stem of a word in lower case. */
  static String stem(String word) {
    EnglishStemmer stemmer = new EnglishStemmer();
    stemmer.setCurrent(word);
    stemmer.stem();
    return stemmer.getCurrent();
  }

  /** What a word in lower case means, as far as the rules can tell. */
  static String concept(String word) {
    String stem = stem(word);
    return CONCEPTS.getOrDefault(stem, stem);
  }

  /** The concepts that exclude this one. */
  static Set<String> opposites(String concept) {
    return OPPOSITES.getOrDefault(concept, Set.of());
  }

  /** Whether one is the other with a negative prefix, as in {@code safe} and {@code unsafe}. */
  static boolean isNegatedForm(String one, String other) {
    String longer = one.length() > other.length() ? one : other;
    String shorter = one.length() > other.length() ? other : one;
    if (shorter.length() < 4 || !longer.endsWith(shorter)) {
      return false;
    }
    String prefix = longer.substring(0, longer.length() - shorter.length());
    for (String negative : NEGATIVE_PREFIXES) {
      if (prefix.equals(negative)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the concept tells little. */
  static boolean isCommon(String concept) {
    return COMMON.contains(concept);
  }

  private static Set<String> words(String list) {
    return Set.copyOf(List.of(list.split(" ", -1)));
  }

  private static Set<String> stems(String list) {
    List<String> stems = new ArrayList<>();
    for (String word : list.split(" ", -1)) {
      stems.add(stem(word));
    }
    return Set.copyOf(stems);
  }
}
