package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.IntFunction;
import org.choir.knowledge.IndexRow;
import org.choir.knowledge.PassageIndex;
import org.choir.knowledge.lucene.PassageLucene;
import org.choir.model.bge.BgeEmbedder;

/**
 * The index of passages: 10,000 passages of a real manual, embedded here, and generated clustered
 * vectors. The yardstick of a search is the exact scan of the same vectors by one thread, which is
 * also the oracle for recall.
 */
final class PassageBench {
  private static final int REAL = 10_000;
  private static final int GENERATED = 100_000;
  private static final int GENERATED_FULL = 1_000_000;
  private static final int DIMENSIONS = 384;
  private static final int QUERIES = 200;
  private static final int WARM = 50;
  private static final int TOP = 10;
  private static final int ROWS_PER_ARTICLE = 10;
  private static final int WORDS = 24;
  private static final String MODEL = "bench@1";
  private static final long SEED = 11;

  private final Path scratch;
  private final PrintStream progress;
  private final List<Figure> figures = new ArrayList<>();

  PassageBench(Path scratch, PrintStream progress) {
    this.scratch = scratch;
    this.progress = progress;
  }

  List<Figure> run(boolean full) throws IOException {
    real();
    generated(GENERATED);
    if (full) {
      generated(GENERATED_FULL);
    }
    return figures;
  }

  private void add(String what, String input, String value, String ratio) {
    figures.add(new Figure("knowledge", what, input, value, ratio));
    progress.println("knowledge: " + what + ", " + input + ": " + value + " " + ratio);
  }

  private void real() throws IOException {
    List<String> texts = ManualPassages.of(IndexBench.MANUAL, WORDS, REAL + QUERIES);
    int count = texts.size() - QUERIES;
    String input = count + " real passages";
    progress.println("knowledge: embedding " + texts.size() + " passages");
    float[][] vectors;
    try (BgeEmbedder embedder = new BgeEmbedder()) {
      long start = System.nanoTime();
      vectors = embedder.passages(texts).toArray(float[][]::new);
      add(
          "embedding, local model",
          input + " of " + WORDS + " words",
          rate(texts.size() / IndexBench.seconds(start)),
          "");
    }
    float[][] indexed = Arrays.copyOf(vectors, count);
    float[][] asked = Arrays.copyOfRange(vectors, count, vectors.length);
    try (PassageLucene index = PassageLucene.open(scratch.resolve("real"))) {
      fill(index, indexed, texts::get, input);
      measure(index, indexed, asked, input);
      double[] words = new double[QUERIES];
      for (int i = 0; i < QUERIES; i++) {
        long start = System.nanoTime();
        index.words(texts.get(count + i), PassageIndex.Filter.ALL, 200);
        words[i] = IndexBench.seconds(start) * 1e3;
      }
      add("search by words, 200 of", input, p50p99(words), "");
    }
  }

  private void generated(int count) {
    String input = String.format(Locale.ROOT, "%,d generated, clustered vectors", count);
    progress.println("knowledge: " + input);
    ClusteredVectors source = new ClusteredVectors(SEED, DIMENSIONS);
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = source.next();
    }
    float[][] asked = new float[QUERIES][];
    for (int i = 0; i < QUERIES; i++) {
      asked[i] = source.next();
    }
    try (PassageLucene index = PassageLucene.open(scratch.resolve("generated-" + count))) {
      fill(index, vectors, i -> "", input);
      measure(index, vectors, asked, input);
    }
  }

  private void fill(
      PassageLucene index, float[][] vectors, IntFunction<String> text, String input) {
    long start = System.nanoTime();
    for (int from = 0; from < vectors.length; from += ROWS_PER_ARTICLE) {
      List<IndexRow> rows = new ArrayList<>(ROWS_PER_ARTICLE);
      for (int i = from; i < Math.min(vectors.length, from + ROWS_PER_ARTICLE); i++) {
        rows.add(
            new IndexRow(
                Integer.toString(i),
                "a" + from,
                1,
                "field" + i % 7,
                "author" + i % 1_000,
                i,
                "",
                "",
                "line=1",
                text.apply(i),
                MODEL,
                vectors[i]));
      }
      index.put("a" + from, rows);
      if (from % 50_000 == 0 && from > 0) {
        progress.println("knowledge: " + from + " indexed");
      }
    }
    index.commit();
    add("index, words and vectors", input, rate(vectors.length / IndexBench.seconds(start)), "");
  }

  private void measure(PassageLucene index, float[][] vectors, float[][] asked, String input) {
    double[] exact = new double[QUERIES];
    double[] found = new double[QUERIES];
    long met = 0;
    for (int i = 0; i < WARM; i++) {
      index.nearest(asked[i], MODEL, PassageIndex.Filter.ALL, TOP);
    }
    for (int i = 0; i < QUERIES; i++) {
      long start = System.nanoTime();
      Set<String> nearest = exact(vectors, asked[i]);
      exact[i] = IndexBench.seconds(start) * 1e3;
      start = System.nanoTime();
      List<PassageIndex.Hit> hits = index.nearest(asked[i], MODEL, PassageIndex.Filter.ALL, TOP);
      found[i] = IndexBench.seconds(start) * 1e3;
      met += hits.stream().filter(h -> nearest.contains(h.key())).count();
    }
    double share = (double) met / ((long) QUERIES * TOP);
    add("yardstick: exact scan, one core", input, p50p99(exact), "");
    add(
        "nearest 10, recall@10 " + String.format(Locale.ROOT, "%.3f", share),
        input,
        p50p99(found),
        IndexBench.ratio(p50(exact) / p50(found)) + " faster");
  }

  private static Set<String> exact(float[][] vectors, float[] asked) {
    record Near(int at, float dot) {}
    PriorityQueue<Near> best = new PriorityQueue<>(Comparator.comparingDouble(Near::dot));
    for (int i = 0; i < vectors.length; i++) {
      float dot = ClusteredVectors.dot(vectors[i], asked);
      if (best.size() < TOP || dot > best.element().dot()) {
        best.add(new Near(i, dot));
        if (best.size() > TOP) {
          best.remove();
        }
      }
    }
    Set<String> keys = new HashSet<>();
    best.forEach(n -> keys.add(Integer.toString(n.at())));
    return keys;
  }

  private static double p50(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  static String p50p99(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT, "p50 %.2f ms, p99 %.2f ms", p50(values), sorted[(int) (sorted.length * 0.99)]);
  }

  private static String rate(double rate) {
    return String.format(Locale.ROOT, "%,.0f/s", rate);
  }
}
