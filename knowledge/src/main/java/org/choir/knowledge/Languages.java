package org.choir.knowledge;

import java.lang.Character.UnicodeScript;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Guesses the language of a text: by its script, and for Latin and Cyrillic letters by its most
 * frequent small words. A guess for telling a reader, not for choosing how to search.
 */
final class Languages {
  static final String UNKNOWN = "und";
  private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{N}_]+");
  private static final int SAMPLE_CHARS = 20_000;
  private static final int WORDS_MIN = 8;
  private static final int KINDS_MIN = 4;
  private static final double SHARE_MIN = 0.12;
  private static final double LEAD_MIN = 1.15;

  private static final Map<String, Set<String>> PROFILES = new LinkedHashMap<>();
  private static final Set<String> FUNCTION_WORDS = new HashSet<>();

  static {
    profile(
        "en",
        "the of and to in is that for it as was with be by on not this are or from at which you an have if can will has its when been were their");
    profile(
        "de",
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über wenn oder");
    profile(
        "fr",
        "de la le et les des en un une du est que dans qui par pour au il sur pas ne se ce plus sont avec ou son aux mais cette ces être elle nous vous leur");
    profile(
        "es",
        "de la que el en y a los del se las por un para con no una su al es lo como más pero sus le ha este sí porque esta son entre está cuando muy sin sobre");
    profile(
        "it",
        "di che e la il un a per in una è non si da del con le i della dei sono nel alla più anche come gli al ma ha se lo delle questo o essere");
    profile(
        "pt",
        "de que o e a do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está são");
    profile(
        "nl",
        "de van het een en in is dat op te zijn met voor niet aan er om ook als dan maar bij of uit nog naar worden door wordt heeft deze dit kan werd die");
    profile(
        "sv",
        "och att det i en på är som för av med till den har de inte om ett han men var jag från så kan när eller vi ska efter under också");
    profile(
        "da",
        "og i at det er en til af på for med den de der ikke som har et om var han kan blev vi efter også eller så men fra skal");
    profile(
        "nb",
        "og i det på som er en til å han av for at med var de ikke den har om et men vi kan etter også eller så fra skal ble");
    profile(
        "fi",
        "ja on ei se että oli hän mutta ovat kun niin myös tai joka sen voi kuin jos mukaan olla vain sitä ole ovat tämä");
    profile(
        "pl",
        "i w na z do się nie że jest o to przez dla po od jak ale za oraz być ze są który które może tym tego jego lub czy przy");
    profile(
        "cs",
        "a v se na je že s z do o i to k ve pro za by ale si po jako od podle jsou které který nebo však jeho při být");
    profile(
        "hu",
        "a az és hogy nem is egy van ez meg de ha csak mint el vagy már volt ki kell még fel minden azt ezt lehet");
    profile(
        "ro",
        "de și în a la cu pe un nu o din că este pentru mai care se să sau prin au fi ca fost ale lui sunt această");
    profile(
        "tr",
        "ve bir bu da de için ile olarak çok daha olan gibi kadar ne var sonra ise en ya değil olduğu her ancak");
    profile(
        "ru",
        "и в не на что с по как а к из у за от это о для же то но был его так бы или все при если может");
    profile(
        "uk",
        "і в не на що з та до як це за від у по а для є про або його був але при якщо може які");
    profile("bg", "на и в за от се да с е по не са че като до или при това ще който би");
    PROFILES.values().forEach(FUNCTION_WORDS::addAll);
  }

  private Languages() {}

  private static void profile(String language, String words) {
    PROFILES.put(language, new HashSet<>(Set.of(distinct(words))));
  }

  private static String[] distinct(String words) {
    return new HashSet<>(List.of(words.split(" "))).toArray(String[]::new);
  }

  /** An ISO 639-1 code, or {@value #UNKNOWN} for too little text or no clear winner. */
  static String guess(String text) {
    String sample = sample(text);
    Map<UnicodeScript, Integer> scripts = new EnumMap<>(UnicodeScript.class);
    sample
        .codePoints()
        .filter(Character::isLetter)
        .forEach(point -> scripts.merge(UnicodeScript.of(point), 1, Integer::sum));
    int letters = scripts.values().stream().mapToInt(Integer::intValue).sum();
    if (letters == 0) {
      return UNKNOWN;
    }
    int kana =
        scripts.getOrDefault(UnicodeScript.HIRAGANA, 0)
            + scripts.getOrDefault(UnicodeScript.KATAKANA, 0);
    if (kana * 10 > letters) {
      return "ja";
    }
    for (Map.Entry<UnicodeScript, Integer> script : scripts.entrySet()) {
      if (script.getValue() * 2 > letters) {
        return switch (script.getKey()) {
          case HAN -> "zh";
          case HANGUL -> "ko";
          case GREEK -> "el";
          case ARABIC -> "ar";
          case HEBREW -> "he";
          case THAI -> "th";
          case DEVANAGARI -> "hi";
          case LATIN, CYRILLIC -> byWords(sample);
          default -> UNKNOWN;
        };
      }
    }
    return UNKNOWN;
  }

  private static String byWords(String sample) {
    Map<String, Integer> hits = new HashMap<>();
    Map<String, Set<String>> kinds = new HashMap<>();
    int words = 0;
    for (String word : words(sample)) {
      if (word.isEmpty()) {
        continue;
      }
      words++;
      PROFILES.forEach(
          (language, profile) -> {
            if (profile.contains(word)) {
              hits.merge(language, 1, Integer::sum);
              kinds.computeIfAbsent(language, l -> new HashSet<>()).add(word);
            }
          });
    }
    String best = UNKNOWN;
    int most = 0;
    int second = 0;
    for (String language : PROFILES.keySet()) {
      int count = hits.getOrDefault(language, 0);
      if (count > most) {
        second = most;
        most = count;
        best = language;
      } else {
        second = Math.max(second, count);
      }
    }
    boolean varied = kinds.getOrDefault(best, Set.of()).size() >= KINDS_MIN;
    boolean clear =
        varied && words >= WORDS_MIN && most >= words * SHARE_MIN && most >= second * LEAD_MIN;
    return clear ? best : UNKNOWN;
  }

  private static List<String> words(String text) {
    return List.of(NO_WORD.split(text.toLowerCase(Locale.ROOT), -1));
  }

  /** From the middle, where a book is past its title pages. */
  private static String sample(String text) {
    if (text.length() <= SAMPLE_CHARS) {
      return text;
    }
    int start = (text.length() - SAMPLE_CHARS) / 2;
    return text.substring(start, start + SAMPLE_CHARS);
  }

  /** Whether words are parted by blanks, so that they can be counted. */
  static boolean spaced(String text) {
    long ideographs =
        text.codePoints()
            .filter(
                point ->
                    Character.isIdeographic(point) || UnicodeScript.of(point) == UnicodeScript.THAI)
            .count();
    return ideographs * 4 < text.length();
  }

  /** The share of words that are small words of any language known here, 0 to 1. */
  static double functionWordShare(String text) {
    int words = 0;
    int small = 0;
    for (String word : words(text)) {
      if (!word.isEmpty()) {
        words++;
        small += FUNCTION_WORDS.contains(word) ? 1 : 0;
      }
    }
    return words == 0 ? 0 : (double) small / words;
  }
}
