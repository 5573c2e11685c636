package org.choir.vibewriter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.choir.knowledge.Sentences;
import org.choir.model.Embedder;

/**
 * Chooses the sentences of found passages that answer a question rather than mention its words.
 *
 * <p>A sentence's score mixes how close it is in meaning to the question, how close its passage is,
 * the share of the question's content words it (or its passage) has, the passage's rank, and the
 * words that mark an answer of the wanted kind. Sentences that cannot stand alone (they begin with
 * "This" or "However") bring the one before them, or are left out. What repeats an earlier choice
 * is left out.
 */
final class AnswerSentences {
  /**
   * A sentence below this is a mention, not an answer; from reading the choices for 20 questions
   * over two manuals.
   */
  static final double WEAK = 0.45;

  /**
   * Beside a good answer a much weaker one is noise: what scores below this share of the best is
   * left out.
   */
  private static final double BESIDE_THE_BEST = 0.5;

  /** Two sentences whose folded words overlap by this share say the same. */
  private static final double SAME = 0.6;

  /**
   * Cosines of unrelated and of answering text lie about here for the bge-small model; between them
   * the scale is linear.
   */
  private static final double COSINE_UNRELATED = 0.55;

  private static final double COSINE_ANSWER = 0.85;

  private static final Pattern LEANS_ON_THE_ONE_BEFORE =
      Pattern.compile(
          "(?:this|that|these|those|it|its|they|them|their|such|he|she|his|her|here|there(?:fore|by|fore)?|however|thus|hence|also|in addition|additionally|furthermore"
              + "|moreover|otherwise|instead|similarly|likewise|consequently|as a result|in fact|in contrast|indeed|of course|nevertheless|nonetheless|meanwhile|alternatively|by contrast|(?:when|while|with|if|after|before|for|by|using) (?:using |doing )?(?:this|these|that|those)|for (?:example|instance)|in (?:this|that|such|both|either|other)"
              + "|on the other hand|then|but|and|or|so|yet|both|neither|the (?:latter|former|second|third|other|same|above|following)|another|again|if so|if not|doing so"
              + "|because of this|after that|at this point|to do (?:so|this|that)|note (?:also )?that (?:this|these|it))\\b.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /**
   * A bare pronoun as the subject of one of the first clauses: "To ensure that this does not
   * happen, ...".
   */
  private static final Pattern POINTS_BACK =
      Pattern.compile(
          "(?:\\S+ ){0,14}(?:this|these|those|it|they)\\s+(?:is|are|was|were|does|do|did|can|cannot|may|might|will|would|should|must|has|have|happens?|means|implies|causes|makes|allows|works)\\b.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** Something named before as part of the subject: "The results of these scans are ...". */
  private static final Pattern NAMES_WHAT_CAME_BEFORE =
      Pattern.compile(
          "(?:\\S+ ){0,5}(?:of|in|for|with|by|to|on|from|all|each of) (?:these|those|this|such)\\s+\\w+.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** A purpose without a main clause: "To update the statistics used by the planner." */
  private static final Pattern PURPOSE_ALONE = Pattern.compile("To [a-z][^,:;]*[.!]");

  /** What plain-text formats leave in a sentence: list labels, anchors, continued items. */
  private static final Pattern MARKUP =
      Pattern.compile(":: |\\[\\[|[.:] \\+ |\\|===|<<|^[-=~^]{4,}");

  private static final Pattern SAYS_WHAT_ITS_HEADING_DOES =
      Pattern.compile(
          "(?:(?:If|When) (?:set|enabled|disabled|true|false|specified|on|off)\\b.*|(?!This |His |Its |Always |Sometimes |Various |Previous |Is |Has |Was |As |Us |Thus |Yes )[A-Z][a-z]{2,}(?:s|es|ies) (?:the|a|an|whether|how|that|if|all|any|one|which|what|when|where|to|or|only|each|on|up|information|data|names?|values?)\\b.*)",
          Pattern.DOTALL);

  private static final Pattern ABOUT_THE_TEXT =
      Pattern.compile(
          ".*\\b(?:this (?:section|chapter|appendix|page|document|manual|table|guide)|the (?:following|next|previous) (?:section|chapter|table|example|sections)"
              + "|(?:described|discussed|explained|illustrated|covered|shown|listed) (?:below|above|in (?:section|chapter|the))|the (?:earlier|above|previous) example|see (?:section|chapter|also|the)|refer to (?:section|chapter|the))\\b.*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  /** All it says is where to read on: "For conflicting lock modes, see Table 13.2." */
  private static final Pattern POINTS_ELSEWHERE =
      Pattern.compile(
          "\\(?(?:For [^.;]{3,80}, (?:please )?(?:see|refer to)|See|Refer to)\\b.*",
          Pattern.DOTALL);

  private static final Set<String> SAYS_WHAT_IT_IS =
      Set.of(
          "is",
          "are",
          "means",
          "refers",
          "allows",
          "provides",
          "consists",
          "represents",
          "defines",
          "describes",
          "lets",
          "enables");

  private final Embedder embedder;

  AnswerSentences(Embedder embedder) {
    this.embedder = embedder;
  }

  private record Candidate(
      FoundPassage passage, int rank, int position, String text, double score, Set<String> terms) {}

  /**
   * The best sentences, in groups by passage, the best passage first, in the order of the text
   * within one.
   *
   * @param words about how many words in all
   */
  List<Finding> choose(
      SubQuestion question, String mainQuestion, List<FoundPassage> passages, int words) {
    Map<String, List<Candidate>> byPassage = candidates(question, mainQuestion, passages);
    double best =
        byPassage.values().stream()
            .flatMap(List::stream)
            .mapToDouble(Candidate::score)
            .max()
            .orElse(0);
    List<Candidate> ranked =
        byPassage.values().stream()
            .flatMap(List::stream)
            .filter(c -> c.score() >= Math.max(WEAK, BESIDE_THE_BEST * best))
            .sorted(
                Comparator.comparingDouble(Candidate::score)
                    .reversed()
                    .thenComparing(Candidate::text))
            .toList();
    List<Candidate> chosen = new ArrayList<>();
    int used = 0;
    for (Candidate candidate : ranked) {
      if (used >= words) {
        break;
      }
      for (Candidate c :
          withWhatItLeansOn(
              candidate, byPassage.getOrDefault(candidate.passage().key(), List.of()))) {
        if (chosen.stream().noneMatch(o -> repeats(o.terms(), c.terms()))) {
          chosen.add(c);
          used += Terms.words(c.text()).size();
        }
      }
    }
    return grouped(chosen);
  }

  /** Whether two sentences, given by their folded words, say the same. */
  static boolean repeats(Set<String> one, Set<String> other) {
    Set<String> common = new HashSet<>(one);
    common.retainAll(other);
    int smaller = Math.min(one.size(), other.size());
    int union = one.size() + other.size() - common.size();
    return smaller > 0
        && ((double) common.size() / union >= SAME
            || (smaller >= 5 && common.size() >= 0.85 * smaller));
  }

  private Map<String, List<Candidate>> candidates(
      SubQuestion question, String mainQuestion, List<FoundPassage> passages) {
    float[] wanted = embedder.query(question.text());
    float[] main = embedder.query(mainQuestion);
    Set<String> asked = Terms.of(question.topic());
    Map<String, Double> rarity = rarity(asked, passages);
    Map<String, List<Candidate>> byPassage = new HashMap<>();
    for (int rank = 0; rank < passages.size(); rank++) {
      FoundPassage passage = passages.get(rank);
      List<String> sentences =
          Sentences.of(passage.text()).stream().map(s -> oneLine(s.text())).toList();
      if (sentences.isEmpty() || byPassage.containsKey(passage.key())) {
        continue;
      }
      float[] whole =
          embedder
              .passages(List.of(passage.title() + ". " + passage.section() + ". " + passage.text()))
              .getFirst();
      double context = Math.max(closeness(wanted, whole), closeness(main, whole));
      Set<String> around =
          Terms.of(passage.title() + " " + passage.section() + " " + passage.text());
      List<float[]> vectors = embedder.passages(sentences);
      List<Candidate> list = new ArrayList<>();
      for (int i = 0; i < sentences.size(); i++) {
        String sentence = sentences.get(i);
        Set<String> terms = Terms.of(sentence);
        double meaning =
            0.7 * closeness(wanted, vectors.get(i)) + 0.3 * closeness(main, vectors.get(i));
        double lexical = 0.6 * share(asked, terms, rarity) + 0.4 * share(asked, around, rarity);
        double order = 1.0 / (1 + 0.2 * rank);
        double answer = Math.max(cue(question.cues(), sentence), defines(asked, sentence));
        double score =
            0.42 * meaning + 0.18 * context + 0.25 * lexical + 0.05 * order + 0.1 * answer;
        // Background that nobody asked for must be on the subject and of the wanted kind.
        if (!question.asked() && (answer == 0 || lexical < 0.5)) {
          score *= 0.7;
        }
        list.add(
            new Candidate(
                passage, rank, i, sentence, usable(sentence) ? score * form(sentence) : 0, terms));
      }
      byPassage.put(passage.key(), list);
    }
    return byPassage;
  }

  /** A sentence that leans on the one before it brings that one along, or nothing at all. */
  private static List<Candidate> withWhatItLeansOn(Candidate candidate, List<Candidate> passage) {
    if (standsAlone(candidate.text())) {
      return List.of(candidate);
    }
    if (candidate.position() == 0) {
      return List.of();
    }
    int at = candidate.position() - 1;
    while (at > 0 && POINTS_ELSEWHERE.matcher(passage.get(at).text()).matches()) {
      at--; // an aside; the thread goes on around it
    }
    Candidate before = passage.get(at);
    boolean stands = usable(before.text()) && standsAlone(before.text());
    return stands ? List.of(before, candidate) : List.of();
  }

  /**
   * Whether a sentence begins with what its subject, the heading above, does: "Specifies the size".
   */
  static boolean speaksOfItsHeading(String sentence) {
    return SAYS_WHAT_ITS_HEADING_DOES.matcher(sentence).matches();
  }

  /** Whether a sentence can be read without the one before it. */
  static boolean standsAlone(String sentence) {
    String opening = sentence.replaceFirst("^[(\\[“\"'‘]+", "");
    return !LEANS_ON_THE_ONE_BEFORE.matcher(opening).matches()
        && !NAMES_WHAT_CAME_BEFORE.matcher(opening).matches()
        && !POINTS_BACK.matcher(opening).matches();
  }

  private static List<Finding> grouped(List<Candidate> chosen) {
    Map<Integer, List<Candidate>> byRank = new TreeMap<>();
    chosen.forEach(c -> byRank.computeIfAbsent(c.rank(), r -> new ArrayList<>()).add(c));
    List<List<Candidate>> groups = new ArrayList<>(byRank.values());
    groups.sort(
        Comparator.comparingDouble(
                (List<Candidate> g) -> g.stream().mapToDouble(Candidate::score).max().orElse(0))
            .reversed());
    List<Finding> findings = new ArrayList<>();
    for (List<Candidate> group : groups) {
      group.sort(Comparator.comparingInt(Candidate::position));
      for (Candidate c : group) {
        FoundPassage p = c.passage();
        findings.add(
            new Finding(
                p.key(), p.title(), p.section(), c.position(), c.text(), Math.min(1, c.score())));
      }
    }
    return findings;
  }

  /**
   * Whether a sentence can be quoted at all: prose of a readable length that ends as a sentence
   * does.
   */
  static boolean usable(String sentence) {
    int words = sentence.split(" ").length;
    if (words < 6 || words > 70 || !sentence.matches("(?s).*[.!][”\"’')\\]]*$")) {
      return false;
    }
    if (MARKUP.matcher(sentence).find()
        || PURPOSE_ALONE.matcher(sentence).matches()
        || POINTS_ELSEWHERE.matcher(sentence).matches()) {
      return false;
    }
    int first = sentence.codePointAt(0);
    String opening = sentence.split(" ", 2)[0];
    boolean identifier = opening.matches(".*[_0-9./<>()\\-].*|.*[a-z][A-Z].*");
    if (!Character.isUpperCase(first)
        && !Character.isDigit(first)
        && !identifier
        && "“\"'`(".indexOf(first) < 0) {
      return false;
    }
    long letters = sentence.codePoints().filter(c -> Character.isLetter(c) || c == ' ').count();
    return letters >= 0.8 * sentence.codePointCount(0, sentence.length())
        && balanced(sentence, '(', ')')
        && balanced(sentence, '[', ']')
        && balanced(sentence, '“', '”');
  }

  /**
   * Between 0 and 1: full for a plain statement, less for a pointer to another place, a remark or a
   * very long one.
   */
  private static double form(String sentence) {
    String lower = sentence.toLowerCase(Locale.ROOT);
    double form = ABOUT_THE_TEXT.matcher(sentence).matches() ? 0.75 : 1;
    if (lower.startsWith("for more ") || lower.startsWith("for details")) {
      form *= 0.5;
    }
    return sentence.split(" ").length > 45 ? form * 0.9 : form;
  }

  private static double cue(Set<String> cues, String sentence) {
    if (cues.isEmpty()) {
      return 0.5;
    }
    long hits =
        Terms.words(sentence).stream().map(Terms::stem).distinct().filter(cues::contains).count();
    return Math.min(1, hits / 2.0);
  }

  /** 1 if the sentence begins with the subject and says what it is. */
  private static double defines(Set<String> subject, String sentence) {
    List<String> words = Terms.words(sentence);
    int verb = -1;
    for (int i = 0; i < Math.min(9, words.size()) && verb < 0; i++) {
      verb = SAYS_WHAT_IT_IS.contains(words.get(i)) ? i : -1;
    }
    return verb > 0
            && subject.containsAll(Terms.of(String.join(" ", words.subList(0, verb))))
            && !Terms.of(String.join(" ", words.subList(0, verb))).isEmpty()
        ? 1
        : 0;
  }

  private static double share(Set<String> asked, Set<String> present, Map<String, Double> rarity) {
    double all = 0;
    double hit = 0;
    for (String term : asked) {
      double weight = rarity.getOrDefault(term, 1.0);
      all += weight;
      hit += present.contains(term) ? weight : 0;
    }
    return all == 0 ? 0 : hit / all;
  }

  /** The rarer a question's word among the found passages, the more it tells. */
  private static Map<String, Double> rarity(Set<String> asked, List<FoundPassage> passages) {
    List<Set<String>> texts =
        passages.stream()
            .map(p -> Terms.of(p.title() + " " + p.section() + " " + p.text()))
            .toList();
    Map<String, Double> rarity = new HashMap<>();
    for (String term : asked) {
      long having = texts.stream().filter(t -> t.contains(term)).count();
      rarity.put(term, Math.log(1 + (texts.size() + 1.0) / (having + 0.5)));
    }
    return rarity;
  }

  static double closeness(float[] a, float[] b) {
    double dot = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
    }
    return Math.clamp((dot - COSINE_UNRELATED) / (COSINE_ANSWER - COSINE_UNRELATED), 0, 1);
  }

  private static boolean balanced(String text, char open, char close) {
    return text.chars().filter(c -> c == open).count()
        == text.chars().filter(c -> c == close).count();
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }
}
