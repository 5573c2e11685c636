package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.choir.model.Embedder;

/** Everything earlier that an article is compared with, by an exact scan. Not thread-safe. */
final class NoveltyCorpus {
  private static final int NEAREST_SHOWN = 3;

  /** So many of the likest articles tell whether an article is on its field's subjects. */
  private static final int ON_SUBJECT = 5;

  private static final int MILLION = 1_000_000;

  private final Embedder embedder;
  private final CopiedText copied = new CopiedText();
  private final List<Article> articles = new ArrayList<>();

  /**
   * An article, its passages' vectors and the direction of their sum. Its words and passages are
   * cut from the visible text again where they are wanted: kept, they would outweigh the vectors.
   */
  private record Article(
      String id, String field, String text, float[][] vectors, float[] subject) {}

  /** The likest earlier passage; article -1 where there is none. */
  record Likest(int article, int passage, double distance) {}

  NoveltyCorpus(Embedder embedder) {
    this.embedder = embedder;
  }

  void add(NoveltyArticle article) {
    VisibleText text = VisibleText.of(article.text());
    float[][] vectors = vectors(text.passages());
    copied.add(text.words());
    articles.add(new Article(article.id(), field(article), text.text(), vectors, subject(vectors)));
  }

  int size() {
    return articles.size();
  }

  String id(int article) {
    return articles.get(article).id();
  }

  String field(int article) {
    return articles.get(article).field();
  }

  /** A field's name as fields are compared. */
  static String field(NoveltyArticle article) {
    return article.field().strip().toLowerCase(Locale.ROOT);
  }

  float[][] vectors(List<String> passages) {
    return embedder.passages(passages).toArray(float[][]::new);
  }

  float[][] vectors(int article) {
    return articles.get(article).vectors();
  }

  float[] subjectOf(int article) {
    return articles.get(article).subject();
  }

  /** What a text shares with all articles. */
  Optional<CopiedText.Shared> shared(VisibleText text) {
    return copied.shared(text.words(), -1);
  }

  /** What an article shares with the others. */
  Optional<CopiedText.Shared> shared(int article) {
    return copied.shared(VisibleText.words(articles.get(article).text()), article);
  }

  /** The likest earlier passage of each, in the order of the passages. */
  Likest[] likest(float[][] vectors, int except) {
    Likest[] likest = new Likest[vectors.length];
    Arrays.fill(likest, new Likest(-1, -1, 1));
    for (int a = 0; a < articles.size(); a++) {
      float[][] theirs = a == except ? new float[0][] : articles.get(a).vectors();
      for (int v = 0; v < vectors.length; v++) {
        for (int t = 0; t < theirs.length; t++) {
          double distance = 1 - dot(vectors[v], theirs[t]);
          if (distance < likest[v].distance()) {
            likest[v] = new Likest(a, t, Math.max(0, distance));
          }
        }
      }
    }
    return likest;
  }

  /** The first quartile of the distances, in millionths. */
  static int statistic(Likest[] likest) {
    double[] distances = Arrays.stream(likest).mapToDouble(Likest::distance).sorted().toArray();
    return distances.length == 0
        ? 0
        : (int) Math.round(MILLION * distances[(distances.length - 1) / 4]);
  }

  /** The mean distance to the articles of a field (any, if empty) whose subjects are likest. */
  double offSubject(float[] subject, String field, int except) {
    return IntStream.range(0, articles.size())
        .filter(i -> i != except && (field.isEmpty() || articles.get(i).field().equals(field)))
        .mapToDouble(i -> 1 - dot(subject, articles.get(i).subject()))
        .sorted()
        .limit(ON_SUBJECT)
        .average()
        .orElse(0);
  }

  /** The direction of the sum of these vectors. */
  static float[] subject(float[][] vectors) {
    float[] sum = new float[vectors.length == 0 ? 0 : vectors[0].length];
    for (float[] vector : vectors) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += vector[i];
      }
    }
    double norm = Math.sqrt(dot(sum, sum));
    for (int i = 0; i < sum.length && norm > 0; i++) {
      sum[i] = (float) (sum[i] / norm);
    }
    return sum;
  }

  /** Passages beside their likest ones, the likest first, one for each earlier article. */
  List<NoveltyScore.Pair> nearest(List<String> passages, Likest[] likest) {
    Set<Integer> seen = new HashSet<>();
    return IntStream.range(0, likest.length)
        .filter(i -> likest[i].article() >= 0)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> likest[i].distance()))
        .filter(i -> seen.add(likest[i].article()))
        .limit(NEAREST_SHOWN)
        .map(i -> pair(passages.get(i), likest[i]))
        .toList();
  }

  private NoveltyScore.Pair pair(String passage, Likest likest) {
    Article theirs = articles.get(likest.article());
    String text = VisibleText.passages(theirs.text()).get(likest.passage());
    return new NoveltyScore.Pair(passage, theirs.id(), text, likest.distance());
  }

  /** Four sums side by side, so that the processor need not wait for one before the next. */
  private static double dot(float[] a, float[] b) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      s0 += a[i] * b[i];
    }
    return (double) (s0 + s1) + (s2 + s3);
  }
}
