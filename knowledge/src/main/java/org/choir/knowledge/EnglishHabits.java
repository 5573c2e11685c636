package org.choir.knowledge;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * How English is built, apart from what it says: which letters follow each other, and which kinds
 * of words. Two small tables of counts, learnt from documentation by {@link #learn}; the shipped
 * ones and the way to make them are described in docs/novelty.md.
 *
 * <p>Kinds of words are the function words themselves, and for all others their ending. So the
 * table knows grammar, not topics: text on anything new passes, the words of any text in a random
 * order do not.
 */
final class EnglishHabits {
  private static final String RESOURCE = "english-habits.bin";
  private static final int LETTERS = 27; // a to z, and the edge of a word
  private static final double SMOOTHING = 0.5;
  private static final int RARE_ONE_IN = 1_100;

  private static final List<String> FUNCTION_WORDS =
      List.of(
          ("the of and to in is a that for it as was with be by on not this are or from at which you an have if can will has"
                  + " its when been were their also may but other such more one than all no these only any use used each into"
                  + " must then same so some there they we our do does did how what where who because between through during"
                  + " before after above below under over both either neither most many much few less least very just even"
                  + " still yet however therefore thus while until since though although unless whether about against among"
                  + " within without per via like as my your his her them him she he i us me should would could might shall"
                  + " cannot being had having had two three first second new own another every always never often usually")
              .split(" "));

  private static final List<String> ENDINGS =
      List.of(
          "ation", "ment", "ness", "ance", "ence", "able", "ible", "ally", "ing", "ion", "ity",
          "ive", "ous", "ful", "ical", "ies", "ed", "ly", "er", "al", "ic", "es", "s", "y", "e",
          "n", "t", "r", "d");

  private static final Map<String, Integer> KINDS = new HashMap<>();

  static {
    FUNCTION_WORDS.forEach(word -> KINDS.putIfAbsent(word, KINDS.size()));
  }

  private static final int ENDING_FIRST = KINDS.size();
  private static final int OTHER = ENDING_FIRST + ENDINGS.size();
  private static final int NUMBER = OTHER + 1;
  private static final int KINDS_ALL = NUMBER + 1;

  private final int[] trigrams;
  private final int[] pairs;
  private final double[] context;
  private final double[] first;
  private final double[] second;
  private final double total;

  private EnglishHabits(int[] trigrams, int[] pairs) {
    this.trigrams = trigrams;
    this.pairs = pairs;
    this.context = new double[LETTERS * LETTERS];
    for (int i = 0; i < trigrams.length; i++) {
      context[i / LETTERS] += trigrams[i];
    }
    this.first = new double[KINDS_ALL];
    this.second = new double[KINDS_ALL];
    double sum = 0;
    for (int i = 0; i < pairs.length; i++) {
      first[i / KINDS_ALL] += pairs[i];
      second[i % KINDS_ALL] += pairs[i];
      sum += pairs[i];
    }
    this.total = sum;
  }

  /** The tables that come with this program. */
  static EnglishHabits shipped() {
    try (InputStream in = EnglishHabits.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks its resource " + RESOURCE);
      }
      DataInputStream data = new DataInputStream(new GZIPInputStream(in));
      int[] trigrams = new int[LETTERS * LETTERS * LETTERS];
      int[] pairs = new int[KINDS_ALL * KINDS_ALL];
      for (int[] table : List.of(trigrams, pairs)) {
        for (int i = 0; i < table.length; i++) {
          table[i] = data.readInt();
        }
      }
      return new EnglishHabits(trigrams, pairs);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Counts the habits of these texts. */
  static EnglishHabits learn(Iterable<String> texts) {
    int[] trigrams = new int[LETTERS * LETTERS * LETTERS];
    int[] pairs = new int[KINDS_ALL * KINDS_ALL];
    for (String text : texts) {
      for (Sentences.Sentence sentence : Sentences.of(text)) {
        List<String> words = VisibleText.words(sentence.text());
        for (int i = 0; i < words.size(); i++) {
          letters(words.get(i), t -> trigrams[t]++);
          if (i > 0) {
            pairs[kind(words.get(i - 1)) * KINDS_ALL + kind(words.get(i))]++;
          }
        }
      }
    }
    return new EnglishHabits(trigrams, pairs);
  }

  /** Writes the tables as {@link #shipped} reads them; the stream is closed. */
  void write(OutputStream out) throws IOException {
    try (DataOutputStream data = new DataOutputStream(new GZIPOutputStream(out))) {
      for (int[] table : List.of(trigrams, pairs)) {
        for (int count : table) {
          data.writeInt(count);
        }
      }
    }
  }

  /**
   * How many letters of a text's different words are where English hardly has them.
   *
   * @param rare letters that follow the two before them once in {@value #RARE_ONE_IN} times or less
   * @param all letters and ends of words looked at
   */
  record Spelling(int rare, int all) {}

  /**
   * The spelling of the words of Latin letters. Each word counts once, so that a name which a text
   * is about weighs no more than any other, and letters mixed up at random, which make another word
   * each time, weigh in full.
   */
  Spelling spelling(List<String> words) {
    int[] count = new int[2];
    words.stream()
        .map(word -> word.toLowerCase(Locale.ROOT))
        .distinct()
        .forEach(
            word ->
                letters(
                    word,
                    t -> {
                      double p =
                          (trigrams[t] + SMOOTHING) / (context[t / LETTERS] + SMOOTHING * LETTERS);
                      count[0] += p * RARE_ONE_IN <= 1 ? 1 : 0;
                      count[1]++;
                    }));
    return new Spelling(count[0], count[1]);
  }

  /**
   * How English the order of words is: the mean logarithm of how much likelier a kind of word is
   * after the kind before it than anywhere. About 0 or less for words in a random order.
   */
  double order(List<String> words) {
    int[] kinds = kinds(words);
    double sum = 0;
    for (int i = 1; i < kinds.length; i++) {
      sum += likelier(kinds[i - 1], kinds[i]);
    }
    return kinds.length < 2 ? 0 : sum / (kinds.length - 1);
  }

  /**
   * By how much the order of words is more English than a random order of the same words: the
   * difference of {@link #order} from its mean over all orders, in standard deviations of one pair.
   * About 0 for a random order, whatever the words and the subject; 0 if all words are alike.
   */
  double orderAboveChance(List<String> words) {
    int[] count = new int[KINDS_ALL];
    for (int kind : kinds(words)) {
      count[kind]++;
    }
    double sum = 0;
    double squares = 0;
    for (int a = 0; a < KINDS_ALL; a++) {
      for (int b = 0; b < KINDS_ALL && count[a] > 0; b++) {
        double pairs = (double) count[a] * (a == b ? count[b] - 1 : count[b]);
        double value = pairs == 0 ? 0 : likelier(a, b);
        sum += pairs * value;
        squares += pairs * value * value;
      }
    }
    double pairs = words.size() * (words.size() - 1.0);
    double deviation = Math.sqrt(squares / pairs - (sum / pairs) * (sum / pairs));
    return deviation > 0 ? (order(words) - sum / pairs) / deviation : 0;
  }

  private double likelier(int before, int kind) {
    double after =
        (pairs[before * KINDS_ALL + kind] + SMOOTHING) / (first[before] + SMOOTHING * KINDS_ALL);
    double anywhere = (second[kind] + SMOOTHING) / (total + SMOOTHING * KINDS_ALL);
    return Math.log(after / anywhere);
  }

  private static int[] kinds(List<String> words) {
    return words.stream().mapToInt(w -> kind(w.toLowerCase(Locale.ROOT))).toArray();
  }

  private static int kind(String word) {
    Integer known = KINDS.get(word);
    if (known != null) {
      return known;
    }
    if (Character.isDigit(word.charAt(0))) {
      return NUMBER;
    }
    for (int i = 0; i < ENDINGS.size(); i++) {
      if (word.length() > ENDINGS.get(i).length() + 1 && word.endsWith(ENDINGS.get(i))) {
        return ENDING_FIRST + i;
      }
    }
    return OTHER;
  }

  private static void letters(String word, java.util.function.IntConsumer trigram) {
    List<Integer> path = new ArrayList<>(word.length() + 3);
    path.add(0);
    path.add(0);
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c < 'a' || c > 'z') {
        return; // a name with digits, a word of another script: not a matter of English spelling
      }
      path.add(c - 'a' + 1);
    }
    path.add(0);
    for (int i = 2; i < path.size(); i++) {
      trigram.accept((path.get(i - 2) * LETTERS + path.get(i - 1)) * LETTERS + path.get(i));
    }
  }
}
