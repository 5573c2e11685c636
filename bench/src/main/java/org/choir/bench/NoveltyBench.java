package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.choir.knowledge.Novelty;
import org.choir.knowledge.NoveltyArticle;
import org.choir.model.Embedder;

/**
 * Novelty of one article of a thousand words among so many passages, without its embedding: the
 * texts are made of a real manual's pieces, the vectors are generated and clustered.
 */
final class NoveltyBench {
  private static final int PASSAGE_WORDS = 40;
  private static final int ARTICLE_PASSAGES = 25;
  private static final int SMALL = 10_000;
  private static final int FULL = 100_000;
  private static final int JUDGED = 5;
  private static final long SEED = 5;

  private final PrintStream progress;

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
    List<Figure> figures = new ArrayList<>();
    double yardstick = judged(pieces, SMALL / 10);
    figures.add(figure(SMALL / 10, yardstick, "yardstick: "));
    double small = judged(pieces, SMALL);
    figures.add(ratio(figure(SMALL, small, ""), small / yardstick));
    if (full) {
      double large = judged(pieces, FULL);
      figures.add(ratio(figure(FULL, large, ""), large / yardstick));
    }
    return figures;
  }

  private double judged(List<String> pieces, int passages) {
    progress.println("knowledge: novelty among " + passages + " passages");
    Random random = new Random(SEED);
    Novelty novelty = new Novelty(new Generated());
    for (int i = 0; i < passages / ARTICLE_PASSAGES; i++) {
      novelty.add(article(i, pieces, random));
    }
    novelty.learn();
    double best = Double.MAX_VALUE;
    for (int i = 0; i < JUDGED; i++) {
      NoveltyArticle article = article(-1 - i, pieces, random);
      long start = System.nanoTime();
      novelty.judge(article);
      best = Math.min(best, IndexBench.seconds(start));
    }
    return best;
  }

  private static NoveltyArticle article(int number, List<String> pieces, Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < ARTICLE_PASSAGES; i++) {
      text.append(pieces.get(random.nextInt(pieces.size()))).append(".\n\n");
    }
    return new NoveltyArticle("n" + number, "author" + number, "bench", text.toString());
  }

  private static Figure figure(int passages, double seconds, String before) {
    return new Figure(
        "knowledge",
        before + "novelty of one article, not its embedding",
        String.format(Locale.ROOT, "among %,d passages, generated vectors", passages),
        String.format(Locale.ROOT, "%.1f ms", seconds * 1e3),
        "");
  }

  private static Figure ratio(Figure figure, double ratio) {
    return new Figure(
        figure.bench(), figure.what(), figure.input(), figure.value(), IndexBench.ratio(ratio));
  }
}
