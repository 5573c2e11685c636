package org.choir.knowledge;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which articles share runs of five words with a text. Word runs see copying that a mean over
 * embeddings does not: sentences in another order, one article inside another, pieces of many.
 */
final class CopiedText {
  private static final int RUN = 5;

  /** An article with fewer runs is too short to be contained in another by anything but chance. */
  private static final int RUNS_MIN = 20;

  private final Map<Long, int[]> articles = new HashMap<>();
  private final List<Integer> sizes = new ArrayList<>();

  /** Adds an article's words; it has the next number, from 0. */
  void add(List<String> words) {
    int number = sizes.size();
    Set<Long> runs = runs(words);
    for (long run : runs) {
      articles.merge(run, new int[] {number}, CopiedText::joined);
    }
    sizes.add(runs.size());
  }

  /**
   * What a text shares with the articles.
   *
   * @param share of its runs that some article has, 0 to 1
   * @param contained the largest share of one article's runs that the text has
   * @param article the number of that article, or of the one with most shared runs
   */
  record Shared(double share, double contained, int article) {}

  /**
   * What a text shares with all articles but one.
   *
   * @param except the number of an article that does not count, or -1
   */
  Optional<Shared> shared(List<String> words, int except) {
    Set<Long> runs = runs(words);
    Map<Integer, Integer> hits = new HashMap<>();
    int found = 0;
    for (long run : runs) {
      boolean other = false;
      for (int article : articles.getOrDefault(run, new int[0])) {
        if (article != except) {
          hits.merge(article, 1, Integer::sum);
          other = true;
        }
      }
      found += other ? 1 : 0;
    }
    if (found == 0) {
      return Optional.empty();
    }
    int most = -1;
    double contained = 0;
    for (Map.Entry<Integer, Integer> hit : hits.entrySet()) {
      int size = sizes.get(hit.getKey());
      contained = size < RUNS_MIN ? contained : Math.max(contained, (double) hit.getValue() / size);
      boolean more = most < 0 || hit.getValue() > hits.getOrDefault(most, 0);
      most = more ? hit.getKey() : most;
    }
    return Optional.of(new Shared((double) found / runs.size(), contained, most));
  }

  private static int[] joined(int[] one, int[] other) {
    if (one[one.length - 1] == other[0]) {
      return one;
    }
    int[] both = new int[one.length + 1];
    System.arraycopy(one, 0, both, 0, one.length);
    both[one.length] = other[0];
    return both;
  }

  private static Set<Long> runs(List<String> words) {
    Set<Long> runs = new HashSet<>();
    List<String> folded = words.stream().map(w -> w.toLowerCase(Locale.ROOT)).toList();
    for (int i = 0; i + RUN <= folded.size(); i++) {
      long hash = 1125899906842597L;
      for (String word : folded.subList(i, i + RUN)) {
        for (int c = 0; c < word.length(); c++) {
          hash = 31 * hash + word.charAt(c);
        }
        hash = 31 * hash + ' ';
      }
      runs.add(hash);
    }
    return runs;
  }
}
