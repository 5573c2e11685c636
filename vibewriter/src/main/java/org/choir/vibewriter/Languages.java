package org.choir.vibewriter;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The language of a question, which is too short for statistics of letters: by its script, else by
 * the small words that a question can hardly do without.
 */
final class Languages {
  private static final Map<Character.UnicodeScript, String> SCRIPTS =
      Map.of(
          Character.UnicodeScript.CYRILLIC, "ru",
          Character.UnicodeScript.GREEK, "el",
          Character.UnicodeScript.HAN, "zh",
          Character.UnicodeScript.HIRAGANA, "ja",
          Character.UnicodeScript.KATAKANA, "ja",
          Character.UnicodeScript.HANGUL, "ko",
          Character.UnicodeScript.ARABIC, "ar",
          Character.UnicodeScript.HEBREW, "he",
          Character.UnicodeScript.DEVANAGARI, "hi",
          Character.UnicodeScript.THAI, "th");

  /** In the order in which a tie is decided. */
  private static final Map<String, Set<String>> SMALL_WORDS = new LinkedHashMap<>();

  static {
    put(
        "en",
        "what who when where why how which whose the is are was were do does did can could should would will of to and or with from for it its this that between after before there if not have has be an on at by into about");
    put(
        "de",
        "was wer wann wo warum wieso wie welche welcher welches der die das ist sind war waren ein eine einen einem einer und oder mit von für nicht auf bei nach vor zwischen wenn wird werden kann können hat haben zu zum zur im den dem des es sich gibt man aus");
    put(
        "fr",
        "que qui quand où pourquoi comment quel quelle quels quelles le la les est sont était un une des du de et ou avec pour ne pas dans sur par entre après avant si peut peuvent on il elle ce cette qu'est-ce au aux se");
    put(
        "es",
        "qué quién cuándo dónde por cómo cuál cuáles el la los las es son era un una unos y o con para no en sobre entre después antes si puede pueden se del al lo su hay de");
    put(
        "it",
        "che chi quando dove perché come quale quali il lo la i gli le è sono era un uno una e o con per non in su tra fra dopo prima se può possono si del della dei delle di cosa nel al");
    put(
        "pt",
        "que quem quando onde como qual quais o a os as é são era um uma e ou com para não em sobre entre depois antes se pode podem do da dos das no na de por há");
    put(
        "nl",
        "wat wie wanneer waar waarom hoe welke welk de het een is zijn was waren en of met van voor niet op bij na tussen als wordt worden kan kunnen heeft hebben naar er dat die in uit");
    put(
        "pl",
        "co kto kiedy gdzie dlaczego jak jaki jaka jakie który która które jest są był i lub z dla nie w na przez między po przed jeśli może się do od czy to");
    put(
        "sv",
        "vad vem när var varför hur vilken vilket vilka är den det en ett och eller med från för inte på vid efter före mellan om kan har att av i som till");
  }

  private static final Pattern BETWEEN_WORDS = Pattern.compile("[^\\p{L}'’-]+");

  private Languages() {}

  private static void put(String language, String words) {
    SMALL_WORDS.put(language, Set.of(words.split(" ")));
  }

  /** An ISO 639-1 code, or {@code und} where nothing tells. */
  static String ofQuestion(String question) {
    String byScript = byScript(question);
    return byScript.isEmpty() ? byWords(question) : byScript;
  }

  /** The script of most letters, unless that is Latin; kana decide for Japanese beside Han. */
  private static String byScript(String question) {
    Map<String, Integer> counts = new HashMap<>();
    question
        .codePoints()
        .filter(Character::isLetter)
        .forEach(
            c ->
                counts.merge(
                    SCRIPTS.getOrDefault(Character.UnicodeScript.of(c), ""), 1, Integer::sum));
    String most =
        counts.entrySet().stream()
            .max(
                Map.Entry.<String, Integer>comparingByValue()
                    .thenComparing(Map.Entry.comparingByKey()))
            .map(Map.Entry::getKey)
            .orElse("");
    return most.equals("zh") && counts.containsKey("ja") ? "ja" : most;
  }

  private static String byWords(String question) {
    String[] words = BETWEEN_WORDS.split(question.toLowerCase(Locale.ROOT), -1);
    String best = "und";
    long most = 0;
    for (Map.Entry<String, Set<String>> language : SMALL_WORDS.entrySet()) {
      long count = 0;
      for (String word : words) {
        count += language.getValue().contains(word) ? 1 : 0;
      }
      if (count > most) {
        most = count;
        best = language.getKey();
      }
    }
    return best;
  }

  /** Whether a text in it is checked by rules that are made for another language. */
  static boolean isForeign(String code) {
    return !code.equals("en") && !code.equals("und") && !code.isEmpty();
  }

  /** For example {@code German 2, French 1}; empty if none is foreign. */
  static String foreign(Stream<String> codes) {
    return codes
        .filter(Languages::isForeign)
        .collect(Collectors.groupingBy(Languages::name, TreeMap::new, Collectors.counting()))
        .entrySet()
        .stream()
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }

  /** The language's English name, for example {@code German}. */
  static String name(String code) {
    return Locale.of(code).getDisplayLanguage(Locale.ENGLISH);
  }
}
