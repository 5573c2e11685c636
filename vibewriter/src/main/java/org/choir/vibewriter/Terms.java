package org.choir.vibewriter;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The content words of English text, folded so that their inflections meet. */
final class Terms {
  /**
   * Words with their inner punctuation kept, so that {@code max_wal_size} and {@code pg_dump} stay
   * whole.
   */
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+(?:[_.'’-][\\p{L}\\p{N}]+)*");

  private static final Set<String> STOP =
      Set.of(
          ("a about above after again all also am an and any are as at be because been before being below between both but"
                  + " by can cannot could did do does doing down during each either else ever every few for from further get"
                  + " gets give given go had has have having he her here hers him his how however i if in into is it its"
                  + " itself just let like made make makes many may me might mine more most much must my need needs neither"
                  + " no nor not now of off on once one only or other our ours out over own per please same shall she should"
                  + " since so some such tell than that the their theirs them then there these they this those through to"
                  + " too under until up upon us use used uses using very was way we well were what when where whether which"
                  + " while who whom whose why will with within without work works would yes yet you your yours explain"
                  + " describe happen happens mean means difference differences compare versus vs kind kinds thing things")
              .split(" "));

  private Terms() {}

  /** The folded content words of a text, in order of first appearance. */
  static Set<String> of(String text) {
    Set<String> terms = new LinkedHashSet<>();
    for (String word : words(text)) {
      if (!STOP.contains(word)) {
        terms.add(stem(word));
      }
    }
    return terms;
  }

  /** The lower-case words of a text, stop words included. */
  static List<String> words(String text) {
    Matcher matcher = WORD.matcher(text.toLowerCase(Locale.ROOT));
    return matcher.results().map(r -> r.group().replace('’', '\'')).toList();
  }

  /** The content words as they are written, without repetition. */
  static List<String> surface(String text) {
    Set<String> seen = new LinkedHashSet<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      if (!STOP.contains(matcher.group().toLowerCase(Locale.ROOT))) {
        seen.add(matcher.group());
      }
    }
    return List.copyOf(seen);
  }

  /**
   * A light stem: plural, past and progressive endings and a final e are dropped, a doubled last
   * consonant is single. Names with digits or underscores are left alone. Enough to let "crashes",
   * "crashed" and "crash" meet; a full stemmer would also conflate words that differ ("organ",
   * "organization").
   */
  static String stem(String word) {
    String w = word.endsWith("'s") ? word.substring(0, word.length() - 2) : word;
    if (w.length() < 4 || !w.chars().allMatch(Character::isLetter)) {
      return w;
    }
    if (w.endsWith("ies") && w.length() > 4) {
      w = w.substring(0, w.length() - 3) + "y";
    } else if (w.endsWith("sses")
        || w.endsWith("shes")
        || w.endsWith("ches")
        || w.endsWith("xes")) {
      w = w.substring(0, w.length() - 2);
    } else if (w.endsWith("s") && !w.endsWith("ss") && !w.endsWith("us") && !w.endsWith("is")) {
      w = w.substring(0, w.length() - 1);
    }
    if (w.endsWith("ing") && w.length() > 5) {
      w = single(w.substring(0, w.length() - 3));
    } else if (w.endsWith("ed") && w.length() > 4) {
      w = single(w.substring(0, w.length() - 2));
    } else if (w.endsWith("ly") && w.length() > 5) {
      w = w.substring(0, w.length() - 2);
    }
    return w.endsWith("e") && w.length() > 4 ? w.substring(0, w.length() - 1) : w;
  }

  private static String single(String w) {
    int n = w.length();
    return n > 3 && w.charAt(n - 1) == w.charAt(n - 2) && "bdgmnprt".indexOf(w.charAt(n - 1)) >= 0
        ? w.substring(0, n - 1)
        : w;
  }
}
