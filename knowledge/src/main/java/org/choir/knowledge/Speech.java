package org.choir.knowledge;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Tells sentences that assert something from those that ask, announce or name. */
final class Speech {
  private static final Set<String> ASKING =
      words(
          "what how why when where which who whom whose is are was were do does did can could may"
              + " might must should shall will would has have had am if");

  private static final Set<String> NAMING =
      Set.of("what", "how", "why", "when", "where", "which", "who", "whom", "whose");

  /** Words that make a heading a statement. */
  private static final Set<String> FINITE =
      words(
          "is are was were isn't aren't wasn't weren't has have had can cannot can't could may might"
              + " must should shall will won't would does doesn't do don't did didn't never always");

  /** A sentence of these alone, ended by a colon, announces what follows. */
  private static final Set<String> ANNOUNCING =
      words(
          "the a an this that these those following follows below here there is are as in of for to"
              + " and or on by with from some main key important relevant first next then also"
              + " summary overview short brief example examples note notes step steps point"
              + " points detail details list listed answer answers question questions result"
              + " results finding findings source sources say says said it they we you i how what"
              + " why when where");

  private Speech() {}

  /** Whether there is nothing in it that could be said. */
  static boolean isSilent(String text) {
    return text.codePoints().noneMatch(Character::isLetterOrDigit);
  }

  /** A question by form: the mark alone does not make a statement one. */
  static boolean isQuestion(String sentence) {
    String bare = sentence.replaceAll("[\\s\"'”’»)*_]+$", "");
    if (!bare.endsWith("?")) {
      return false;
    }
    String[] words = split(sentence);
    return words.length > 0 && ASKING.contains(words[0]);
  }

  /** {@code The following steps:} and the like. */
  static boolean isLeadIn(String sentence) {
    if (!sentence.endsWith(":")) {
      return false;
    }
    for (String word : split(sentence)) {
      if (!ANNOUNCING.contains(word)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a heading or column title is a statement and not the name of a topic. */
  static boolean asserts(String title) {
    String[] words = split(title);
    if (words.length == 0 || isQuestion(title)) {
      return false;
    }
    if (title.length() > 160 || title.strip().matches("(?s).*[.!]")) {
      return true;
    }
    if (NAMING.contains(words[0])) {
      return false;
    }
    for (String word : words) {
      if (FINITE.contains(word)) {
        return true;
      }
    }
    return false;
  }

  private static Set<String> words(String list) {
    return Set.copyOf(List.of(list.split(" ", -1)));
  }

  private static String[] split(String text) {
    String bare =
        text.toLowerCase(Locale.ROOT)
            .replace('’', '\'')
            .replaceAll("[^\\p{L}\\p{N}']+", " ")
            .strip();
    return bare.isEmpty() ? new String[0] : bare.split(" ");
  }
}
