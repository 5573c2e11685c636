package org.choir.knowledge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.choir.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gate on short texts: pages written by hand, from which no bound was chosen. */
class ProseGateTest {
  private static final long SEED = 20_261_121;
  private static final List<String> PAGES =
      List.of("pages-development.jsonl", "pages-test.jsonl", "written-pages-development.jsonl");

  private final ProseGate gate = new ProseGate();
  private final Random random = new Random(SEED);

  /** Pieces of so many words or a little more, whole sentences each, without a page's menus. */
  private static List<String> articles(int words) throws IOException {
    Set<String> sentences = new LinkedHashSet<>();
    for (String name : PAGES) {
      Path file = Path.of("src/test/resources/entailment").resolve(name);
      for (String line : Files.readAllLines(file)) {
        Json.parse(line)
            .path("evidence")
            .forEach(
                s -> {
                  if (s.asText().endsWith(".") && VisibleText.words(s.asText()).size() >= 6) {
                    sentences.add(s.asText());
                  }
                });
      }
    }
    List<String> articles = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String sentence : sentences) {
      open.append(sentence).append(' ');
      if (VisibleText.words(open.toString()).size() >= words) {
        articles.add(open.toString());
        open.setLength(0);
      }
    }
    return articles;
  }

  private Optional<String> problem(String text) {
    VisibleText visible = VisibleText.of(text);
    return gate.problem(visible, visible.passages());
  }

  private double passing(int words, UnaryOperator<String> disguise) throws IOException {
    List<String> articles = articles(words);
    assertThat(articles).hasSizeGreaterThan(15);
    long passing = articles.stream().map(disguise).filter(t -> problem(t).isEmpty()).count();
    return (double) passing / articles.size();
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 80, 120})
  void honestShortTextsPass(int words) throws IOException {
    assertThat(passing(words, text -> text)).isGreaterThan(0.92);
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 120, 200})
  void swappedReplacedAndRandomLettersDoNot(int words) throws IOException {
    assertThat(passing(words, text -> swapped(text, 0.15))).as("seed %d", SEED).isZero();
    assertThat(passing(words, text -> swapped(text, 0.10))).as("seed %d", SEED).isLessThan(0.05);
    assertThat(passing(words, text -> replaced(text, 0.15))).as("seed %d", SEED).isZero();
    assertThat(passing(words, text -> replaced(text, 1))).as("seed %d", SEED).isZero();
    assertThat(passing(words, ProseGateTest::rotated)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 120, 200})
  void wordsInARandomOrderDoNot(int words) throws IOException {
    assertThat(
            passing(
                words,
                text -> {
                  List<String> all = new ArrayList<>(List.of(text.split("\\s+")));
                  Collections.shuffle(all, random);
                  return String.join(" ", all);
                }))
        .as("seed %d", SEED)
        .isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {60, 120, 200})
  void lettersOfOtherScriptsDoNot(int words) throws IOException {
    assertThat(passing(words, text -> text.replace('e', '\u0435'))).isZero();
  }

  @Test
  void aNameThatATextIsAboutDoesNotMakeItMisspelt() throws IOException {
    assertThat(
            passing(
                60,
                text -> {
                  List<String> all = new ArrayList<>(List.of(text.split("\\s+")));
                  all.replaceAll(
                      w -> w.equals("The") ? "Krzyzwkow's" : w.equals("It") ? "Krzyzwkow" : w);
                  return String.join(" ", all);
                }))
        .isGreaterThan(0.9);
  }

  private String swapped(String text, double share) {
    char[] letters = text.toCharArray();
    for (int i = 0; i + 1 < letters.length; i++) {
      if (random.nextDouble() < share
          && Character.isLetter(letters[i])
          && Character.isLetter(letters[i + 1])) {
        char swapped = letters[i];
        letters[i] = letters[i + 1];
        letters[i + 1] = swapped;
      }
    }
    return new String(letters);
  }

  private String replaced(String text, double share) {
    return text.toLowerCase(Locale.ROOT)
        .chars()
        .map(
            c -> c >= 'a' && c <= 'z' && random.nextDouble() < share ? 'a' + random.nextInt(26) : c)
        .mapToObj(c -> String.valueOf((char) c))
        .collect(Collectors.joining());
  }

  private static String rotated(String text) {
    return text.toLowerCase(Locale.ROOT)
        .chars()
        .map(c -> c >= 'a' && c <= 'z' ? 'a' + (c - 'a' + 13) % 26 : c)
        .mapToObj(c -> String.valueOf((char) c))
        .collect(Collectors.joining());
  }
}
