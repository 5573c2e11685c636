package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.choir.model.bge.BgeEmbedder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The attacks on novelty, each on real prose: the comments of this project's own sources. */
class NoveltyTest {
  private static final long SEED = 20_261_121;
  private static final BgeEmbedder EMBEDDER = new BgeEmbedder();
  private static final List<String> ARTICLES = new ArrayList<>();
  private static Novelty novelty;

  @BeforeAll
  static void readsTheProjectsOwnComments() throws IOException {
    Path repository = Path.of(System.getProperty("choir.repository"));
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(repository)) {
      all.filter(f -> f.toString().contains("/src/main/") && f.toString().endsWith(".java"))
          .sorted()
          .forEach(files::add);
    }
    ProseGate prose = new ProseGate();
    int written = 0;
    for (Path file : files) {
      VisibleText article = VisibleText.of(comments(Files.readString(file)));
      if (article.words().size() >= 70) {
        written++;
        // Some files hold names rather than sentences.
        if (prose.problem(article, article.passages()).isEmpty()) {
          ARTICLES.add(article.text());
        }
      }
    }
    Collections.shuffle(ARTICLES, new Random(SEED));
    assertThat(ARTICLES).hasSizeGreaterThan(80).hasSizeGreaterThan(written * 8 / 10);
    novelty = new Novelty(EMBEDDER);
    // The last ten are what honest authors will submit.
    for (int i = 0; i < ARTICLES.size() - 10; i++) {
      novelty.add(new NoveltyArticle("a" + i, "ada", "choir", ARTICLES.get(i)));
    }
    novelty.learn();
  }

  /** The prose of a file's comments. */
  private static String comments(String java) {
    StringBuilder prose = new StringBuilder();
    Matcher comment = Pattern.compile("(?s)/\\*\\*(.*?)\\*/").matcher(java);
    while (comment.find()) {
      String text =
          comment
              .group(1)
              .replaceAll("(?m)^\\s*\\*", "")
              .replaceAll("\\{@\\w+ ([^}]*)}", "$1")
              .replaceAll("(?s)@(?:param|return|throws).*", "")
              .replaceAll("<[^>]*>|\\s+", " ");
      prose.append(text.strip()).append(' ');
    }
    return prose.toString();
  }

  @AfterAll
  static void closes() {
    EMBEDDER.close();
  }

  private static NoveltyScore judge(String text) {
    return novelty.judge(new NoveltyArticle("new", "bob", "choir", text));
  }

  /** Every fourth article in this disguise; none may pay. */
  private static void earnsNothing(UnaryOperator<String> attack, String... reasons) {
    for (int i = 0; i < ARTICLES.size() - 10; i += 4) {
      NoveltyScore score = judge(attack.apply(ARTICLES.get(i)));
      assertThat(score.score()).as("a%d, seed %d: %s", i, SEED, score.reason()).isLessThan(20);
      assertThat(score.code()).as("a%d, seed %d", i, SEED).isIn((Object[]) reasons);
    }
  }

  @Test
  void honestArticlesAreScored() {
    List<NoveltyScore> scores =
        ARTICLES.subList(ARTICLES.size() - 10, ARTICLES.size()).stream()
            .map(NoveltyTest::judge)
            .toList();
    assertThat(scores).filteredOn(s -> s.code().equals("compared")).hasSizeGreaterThan(5);
    assertThat(scores.stream().mapToInt(NoveltyScore::score).average().orElse(0))
        .as("%s", scores)
        .isGreaterThan(25);
    assertThat(scores).allSatisfy(s -> assertThat(s.nearest()).isNotEmpty());
  }

  @Test
  void exactDuplicate() {
    earnsNothing(text -> text, "copied");
    assertThat(judge(ARTICLES.getFirst()).score()).isZero();
  }

  @Test
  void sentencesShuffled() {
    Random random = new Random(SEED);
    earnsNothing(
        text -> {
          List<String> sentences =
              new ArrayList<>(Sentences.of(text).stream().map(s -> s.text()).toList());
          Collections.shuffle(sentences, random);
          return String.join(" ", sentences);
        },
        "copied");
  }

  @Test
  void paddedInFrontAndBehind() {
    String padding = String.join(" ", ARTICLES.subList(ARTICLES.size() - 10, ARTICLES.size()));
    earnsNothing(text -> text + padding, "copied");
    earnsNothing(text -> padding + text, "copied");
  }

  @Test
  void mosaic() {
    StringBuilder mosaic = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      Sentences.of(ARTICLES.get(3 * i)).stream()
          .limit(2)
          .forEach(s -> mosaic.append(s.text()).append(' '));
    }
    assertThat(judge(mosaic.toString()).code()).isEqualTo("copied");
  }

  @Test
  void wordSalad() {
    List<String> words =
        new ArrayList<>(ARTICLES.stream().flatMap(a -> VisibleText.words(a).stream()).toList());
    Random random = new Random(SEED);
    for (int n = 0; n < 10; n++) {
      Collections.shuffle(words, random);
      assertThat(judge(String.join(" ", words.subList(0, 250))).code())
          .as("seed %d", SEED)
          .isEqualTo("word_salad");
    }
  }

  @Test
  void lettersSwapped() {
    Random random = new Random(SEED);
    earnsNothing(
        text -> {
          char[] letters = text.toCharArray();
          for (int i = 0; i + 1 < letters.length; i++) {
            if (random.nextDouble() < 0.2
                && Character.isLetter(letters[i])
                && Character.isLetter(letters[i + 1])) {
              char swapped = letters[i];
              letters[i] = letters[i + 1];
              letters[i + 1] = swapped;
            }
          }
          return new String(letters);
        },
        "misspelt",
        "word_salad",
        "odd_passages",
        // A text whose letters are swapped may look like no language at all.
        "not_english");
  }

  @Test
  void rotatedAndRandomLetters() {
    earnsNothing(
        text ->
            text.toLowerCase(java.util.Locale.ROOT)
                .chars()
                .mapToObj(
                    c ->
                        String.valueOf(
                            c < 'a' || c > 'z' ? (char) c : (char) ('a' + (c - 'a' + 13) % 26)))
                .collect(Collectors.joining()),
        "misspelt");
    Random random = new Random(SEED);
    earnsNothing(
        text ->
            random
                .ints(600, 'a', 'z' + 8)
                .mapToObj(c -> c > 'z' ? " " : String.valueOf((char) c))
                .collect(Collectors.joining()),
        "misspelt",
        "not_english",
        "too_short");
  }

  @Test
  void homoglyphs() {
    earnsNothing(
        text -> text.replace('a', '\u0430').replace('e', '\u0435').replace('o', '\u043e'),
        "disguised");
  }

  @Test
  void charactersWithoutWidth() {
    earnsNothing(text -> text.replace("e", "e\u200b").replace("t", "\u2060t"), "copied");
  }

  @Test
  void hiddenText() {
    String padding = String.join(" ", ARTICLES.subList(ARTICLES.size() - 10, ARTICLES.size()));
    earnsNothing(text -> text + "<!-- " + padding + " -->", "copied");
    earnsNothing(text -> "<div style=\"color: #fff\">" + padding + "</div>" + text, "copied");
    earnsNothing(text -> "<p hidden>" + padding + "</p>" + text, "copied");
  }

  @Test
  void theSamePassageAgainAndAgain() {
    String passage =
        "A lighthouse keeper counts the ships that pass at night and writes their names into a"
            + " book which the harbour master reads in the morning before the tide turns. ";
    assertThat(judge(passage.repeat(20)).code()).isEqualTo("repeated");
  }

  @Test
  void twinsWhereTheFirstWaits() {
    String text = ARTICLES.getLast();
    Novelty pending = new Novelty(EMBEDDER);
    ARTICLES.subList(0, 40).forEach(a -> pending.add(new NoveltyArticle("k", "ada", "choir", a)));
    pending.learn();
    assertThat(pending.judge(new NoveltyArticle("x", "bob", "choir", text)).code())
        .isNotEqualTo("copied");
    pending.add(new NoveltyArticle("first", "eve", "choir", text));
    NoveltyScore second = pending.judge(new NoveltyArticle("x", "bob", "choir", text));
    assertThat(second.score()).isZero();
    assertThat(second.nearest().getFirst().article()).isEqualTo("first");
  }

  @Test
  void theFirstOfAFieldAndAnEmptyKnowledgeBasePayAfterAReview() {
    NoveltyScore first =
        novelty.judge(new NoveltyArticle("x", "bob", "beekeeping", ARTICLES.getLast()));
    assertThat(first.code()).isEqualTo("new_field");
    assertThat(first.review()).isTrue();
    NoveltyScore empty =
        new Novelty(EMBEDDER).judge(new NoveltyArticle("x", "bob", "choir", ARTICLES.getLast()));
    assertThat(empty.code()).isEqualTo("no_reference");
    assertThat(empty.review()).isTrue();
  }

  @Test
  void scoresFallAsAFieldFills() {
    NoveltyReference frozen = new NoveltyReference("choir", EMBEDDER.id(), quartiles());
    int before = 101;
    for (int known : new int[] {20, 45, ARTICLES.size() - 10}) {
      Novelty field = new Novelty(EMBEDDER);
      ARTICLES
          .subList(0, known)
          .forEach(a -> field.add(new NoveltyArticle("k", "ada", "choir", a)));
      field.use(frozen);
      int mean =
          (int)
              ARTICLES.subList(ARTICLES.size() - 10, ARTICLES.size()).stream()
                  .mapToInt(a -> field.judge(new NoveltyArticle("x", "bob", "choir", a)).score())
                  .average()
                  .orElse(0);
      assertThat(mean).isLessThan(before);
      before = mean;
    }
  }

  private static int[] quartiles() {
    int[] usual = new int[100];
    for (int i = 0; i < usual.length; i++) {
      usual[i] = 100_000 + 3_000 * i;
    }
    return usual;
  }

  @Test
  void aReferenceOfAnotherModelIsRefused() {
    assertThatThrownBy(() -> novelty.use(new NoveltyReference("choir", "other@1", new int[] {1})))
        .hasMessageContaining("other@1");
  }

  @Test
  void percentilesAreWholeNumbersFromTheReference() {
    NoveltyReference usual = new NoveltyReference("f", "m", new int[] {10, 20, 30, 40});
    assertThat(usual.percentile(5)).isZero();
    assertThat(usual.percentile(20)).isEqualTo(37);
    assertThat(usual.percentile(35)).isEqualTo(75);
    assertThat(usual.percentile(99)).isEqualTo(100);
  }
}
