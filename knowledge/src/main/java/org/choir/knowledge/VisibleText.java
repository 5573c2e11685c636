package org.choir.knowledge;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words of an article that a reader sees, and its passages. What is hidden (HTML comments,
 * elements that are not shown, characters without width) is left out, so that it can neither fill
 * an article nor break the likeness to another; letters of other scripts that look like Latin ones
 * are folded for comparison and counted.
 *
 * @param text without what is hidden
 * @param words as written, letters and digits
 * @param disguised how many words mix Latin letters with look-alikes of another script
 */
record VisibleText(String text, List<String> words, int disguised) {
  /** Words of a passage; a sentence is not cut, so it may be somewhat longer. */
  private static final int PASSAGE_WORDS = 40;

  /** A rest of the text below this joins the passage before it. */
  private static final int REST_WORDS = 15;

  private static final Pattern HIDDEN =
      Pattern.compile(
          "(?s)<!--.*?(?:-->|$)|<(script|style|template|noscript)\\b.*?(?:</\\1\\s*>|$)"
              + "|<(\\w+)\\b[^>]*(?:\\shidden\\b|(?:display\\s*:\\s*none|visibility\\s*:\\s*hidden"
              + "|font-size\\s*:\\s*0|opacity\\s*:\\s*0|color\\s*:\\s*(?:white|#fff(?:fff)?)\\b))[^>]*>"
              + ".*?(?:</\\2\\s*>|$)",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern TAG = Pattern.compile("</?[a-zA-Z][^<>]{0,400}>");
  private static final Pattern WITHOUT_WIDTH =
      Pattern.compile("[\\p{Cf}\\u034F\\u115F\\u1160\\u17B4\\u17B5\\u3164\\uFFA0&&[^\\n\\t]]");
  private static final Pattern WORD =
      Pattern.compile("[\\p{L}\\p{M}\\p{N}]+(?:['’-][\\p{L}\\p{N}]+)*");

  /** Cyrillic and Greek letters that are drawn as Latin ones. */
  private static final String LOOK_ALIKES =
      "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u04bb\u04cf"
          + "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0405"
          + "\u0408\u03b1\u03bf\u03bd\u03c1\u03c4\u03b9\u03ba\u03c5\u0391\u0392\u0395\u0396"
          + "\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7";

  /** What they are drawn as, in the same order. */
  private static final String DRAWN_AS = "aeopcxyijsdhlABEKMHOPCTXISJaovptikuABEZHIKMNOPTYX";

  VisibleText {
    words = List.copyOf(words);
  }

  static VisibleText of(String written) {
    String shown = TAG.matcher(HIDDEN.matcher(written).replaceAll(" ")).replaceAll(" ");
    String plain =
        WITHOUT_WIDTH.matcher(Normalizer.normalize(shown, Normalizer.Form.NFKC)).replaceAll("");
    StringBuilder text = new StringBuilder(plain.length());
    List<String> words = new ArrayList<>();
    int disguised = 0;
    int end = 0;
    Matcher matcher = WORD.matcher(plain);
    while (matcher.find()) {
      String word = matcher.group();
      String folded = folded(word);
      boolean latin = word.chars().anyMatch(c -> c < 0x250 && Character.isLetter(c));
      if (latin && !folded.equals(word)) {
        disguised++;
        word = folded;
      }
      text.append(plain, end, matcher.start()).append(word);
      end = matcher.end();
      words.add(word);
    }
    return new VisibleText(text.append(plain, end, plain.length()).toString(), words, disguised);
  }

  private static String folded(String word) {
    StringBuilder out = new StringBuilder(word.length());
    for (int i = 0; i < word.length(); i++) {
      int at = LOOK_ALIKES.indexOf(word.charAt(i));
      out.append(at >= 0 ? DRAWN_AS.charAt(at) : word.charAt(i));
    }
    return out.toString();
  }

  /** The words of a text in lower case, as they are compared. */
  static List<String> words(String text) {
    return WORD.matcher(text.toLowerCase(Locale.ROOT)).results().map(r -> r.group()).toList();
  }

  /** Passages of whole sentences, about 40 words each; a sentence beyond 80 words is cut. */
  List<String> passages() {
    return passages(text);
  }

  /** The passages of a text in which nothing is hidden any more. */
  static List<String> passages(String text) {
    List<String> passages = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    int count = 0;
    for (Sentences.Sentence sentence : Sentences.of(text)) {
      for (String piece : pieces(sentence.text())) {
        open.append(open.isEmpty() ? "" : " ").append(piece);
        count += words(piece).size();
        if (count >= PASSAGE_WORDS) {
          passages.add(open.toString());
          open.setLength(0);
          count = 0;
        }
      }
    }
    if (count >= REST_WORDS || (passages.isEmpty() && count > 0)) {
      passages.add(open.toString());
    } else if (count > 0) {
      passages.add(passages.removeLast() + " " + open);
    }
    return passages;
  }

  private static List<String> pieces(String sentence) {
    String[] words = sentence.strip().split("\\s+");
    List<String> pieces = new ArrayList<>();
    for (int i = 0; i < words.length; i += 2 * PASSAGE_WORDS) {
      pieces.add(
          String.join(
              " ", List.of(words).subList(i, Math.min(words.length, i + 2 * PASSAGE_WORDS))));
    }
    return pieces;
  }
}
