package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.choir.knowledge.Novelty;
import org.choir.knowledge.NoveltyArticle;
import org.choir.knowledge.NoveltyReference;
import org.choir.knowledge.NoveltyScore;
import org.choir.model.Embedder;
import org.choir.model.bge.BgeEmbedder;

/**
 * Novelty of one article of a thousand words: among 10,000 passages that the local model embedded,
 * its own embedding included, and among more with generated, clustered vectors. All texts are made
 * of a real manual's pieces. The reference is a made-up one, since learning it is not what is
 * measured.
 */
final class NoveltyBench {
  private static final int PASSAGE_WORDS = 40;
  private static final int ARTICLE_PASSAGES = 25;
  private static final int YARDSTICK = 1_000;
  private static final int REAL = 10_000;
  private static final int[] GENERATED = {10_000, 100_000};
  private static final int GENERATED_FULL = 1_000_000;
  private static final int JUDGED = 5;
  private static final long SEED = 5;
  private static final String FIELD = "bench";
  private static final String SCAN = "novelty of one article, not its embedding";

  private final PrintStream progress;
  private final List<Figure> figures = new ArrayList<>();

  NoveltyBench(PrintStream progress) {
    this.progress = progress;
  }

  /** The vectors of a generator, whatever the text. */
  private static final class Generated implements Embedder {
    private final ClusteredVectors vectors = new ClusteredVectors(SEED, 384);

    @Override
    public String id() {
      return "generated@1";
    }

    @Override
    public int dimensions() {
      return 384;
    }

    @Override
    public List<float[]> passages(List<String> texts) {
      List<float[]> made = new ArrayList<>(texts.size());
      texts.forEach(t -> made.add(vectors.next()));
      return made;
    }

    @Override
    public float[] query(String text) {
      return vectors.next();
    }
  }

  List<Figure> run(boolean full) throws IOException {
    List<String> pieces = ManualPassages.of(IndexBench.MANUAL, PASSAGE_WORDS, Integer.MAX_VALUE);
    double yardstick = judged(new Generated(), pieces, YARDSTICK);
    add("yardstick: " + SCAN, YARDSTICK, "generated vectors", yardstick, "");
    for (int passages : GENERATED) {
      generated(pieces, passages, yardstick);
    }
    if (full) {
      generated(pieces, GENERATED_FULL, yardstick);
    }
    try (BgeEmbedder embedder = new BgeEmbedder()) {
      double real = judged(embedder, pieces, REAL);
      add(
          "novelty of one article, its embedding too",
          REAL,
          "real passages",
          real,
          IndexBench.ratio(real / yardstick));
    }
    return figures;
  }

  private void generated(List<String> pieces, int passages, double yardstick) {
    double seconds = judged(new Generated(), pieces, passages);
    add(SCAN, passages, "generated vectors", seconds, IndexBench.ratio(seconds / yardstick));
  }

  /** The fastest of some judgements, in seconds. */
  private double judged(Embedder embedder, List<String> pieces, int passages) {
    progress.println("knowledge: novelty among " + passages + " passages, " + embedder.id());
    Random random = new Random(SEED);
    Novelty novelty = new Novelty(embedder);
    novelty.use(new NoveltyReference(FIELD, embedder.id(), new int[] {100_000, 200_000, 300_000}));
    for (int i = 0; i < passages / ARTICLE_PASSAGES; i++) {
      novelty.add(article(i, pieces, random));
    }
    double best = Double.MAX_VALUE;
    for (int i = 0; i < JUDGED; i++) {
      NoveltyArticle article = article(-1 - i, pieces, random);
      long start = System.nanoTime();
      NoveltyScore score = novelty.judge(article);
      best = Math.min(best, IndexBench.seconds(start));
      if (score.nearest().isEmpty()) {
        throw new IllegalStateException("nothing was compared: " + score.reason());
      }
    }
    return best;
  }

  private static NoveltyArticle article(int number, List<String> pieces, Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < ARTICLE_PASSAGES; i++) {
      text.append(pieces.get(random.nextInt(pieces.size()))).append(".\n\n");
    }
    return new NoveltyArticle("n" + number, "author" + number, FIELD, text.toString());
  }

  private void add(String what, int passages, String kind, double seconds, String ratio) {
    String input = String.format(Locale.ROOT, "among %,d passages, %s", passages, kind);
    String value = String.format(Locale.ROOT, "%.1f ms", seconds * 1e3);
    figures.add(new Figure("knowledge", what, input, value, ratio));
    progress.println("knowledge: " + what + ", " + input + ": " + value + " " + ratio);
  }
}
