package org.choir.knowledge;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A wider lexicon than the rules' own: words that may stand for each other, and that exclude each
 * other. It is only ever evidence among other evidence for the classifier, never a verdict.
 */
final class Thesaurus {
  private static final Map<String, Set<Integer>> GROUPS = new HashMap<>();
  private static final Map<String, Set<String>> OPPOSITES = new HashMap<>();

  static {
    int number = 0;
    for (String line : lines("synonyms.txt")) {
      for (String word : line.split(" ", -1)) {
        for (String form : List.of(Lexicon.stem(word), Lexicon.concept(word))) {
          GROUPS.computeIfAbsent(form, k -> new HashSet<>()).add(number);
        }
      }
      number++;
    }
    for (String line : lines("antonyms.txt")) {
      String[] pair = line.split(" ", -1);
      for (String one : List.of(Lexicon.stem(pair[0]), Lexicon.concept(pair[0]))) {
        for (String other : List.of(Lexicon.stem(pair[1]), Lexicon.concept(pair[1]))) {
          OPPOSITES.computeIfAbsent(one, k -> new HashSet<>()).add(other);
          OPPOSITES.computeIfAbsent(other, k -> new HashSet<>()).add(one);
        }
      }
    }
  }

  private Thesaurus() {}

  static List<String> lines(String name) {
    try (InputStream in = Thesaurus.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not beside the class");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#") && !line.isBlank())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether two concepts may mean the same. */
  static boolean alike(String one, String other) {
    Set<Integer> mine = GROUPS.getOrDefault(one, Set.of());
    return !mine.isEmpty()
        && GROUPS.getOrDefault(other, Set.of()).stream().anyMatch(mine::contains);
  }

  /** Whether two concepts exclude each other. */
  static boolean opposed(String one, String other) {
    return OPPOSITES.getOrDefault(one, Set.of()).contains(other)
        || Lexicon.opposites(one).contains(other);
  }
}
