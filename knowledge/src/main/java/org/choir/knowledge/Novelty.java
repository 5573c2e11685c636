package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import org.choir.core.Digest;
import org.choir.model.Embedder;

/**
 * Judges how new an article is against everything earlier: published articles and those that wait,
 * of other authors and of the own one alike.
 *
 * <p>The text is cut into passages of about 40 words. Each has a distance to the likest earlier
 * passage; the article's statistic is the first quartile of these, so that a few new passages do
 * not carry many old ones. The score is the percentile of the statistic among what articles of the
 * field had. Before that come gates, each with its reason: what is no prose, what is copied and
 * what is only rephrased earns nothing; what is off the field's subjects, or the first of its
 * field, pays only after a review. The measured limits are in docs/novelty.md. Not thread-safe.
 */
public final class Novelty {
  /**
   * Honest articles share few runs of five words. Where a field's own articles share more, what 98
   * of 100 of them share is put up with, within these bounds; measured, see docs/novelty.md.
   */
  private static final double COPIED_SHARE_LOW = 0.10;

  private static final double COPIED_SHARE_HIGH = 0.25;
  private static final double CONTAINED_LOW = 0.35;
  private static final double CONTAINED_HIGH = 0.60;
  private static final double HONEST = 0.98;

  /** A passage at this distance says the same; that many of them make an article a copy. */
  private static final double SAME_DISTANCE = 0.04;

  private static final double SAME_SHARE_MAX = 0.30;

  private final Embedder embedder;
  private final NoveltyCorpus corpus;
  private final ProseGate prose = new ProseGate();
  private final Map<String, NoveltyReference> references = new HashMap<>();
  private final Map<String, Double> offSubjectMax = new HashMap<>();
  private double copiedShareMax = COPIED_SHARE_LOW;
  private double containedMax = CONTAINED_LOW;

  public Novelty(Embedder embedder) {
    this.embedder = embedder;
    this.corpus = new NoveltyCorpus(embedder);
  }

  /** Adds an article to what later ones are judged against. */
  public void add(NoveltyArticle article) {
    corpus.add(article);
  }

  /** How many articles there are. */
  public int size() {
    return corpus.size();
  }

  /**
   * Learns what is usual in each field from the articles added so far, each against all others, and
   * freezes it. About half of them, by their ids' digests, are held out where there are enough.
   *
   * @return the mean percentile of the held-out articles: near 50 if the reference fits
   */
  public double learn() {
    boolean split = corpus.size() >= 2 * NoveltyReference.ARTICLES_MIN;
    int[] statistic = new int[corpus.size()];
    List<Integer> learnt = new ArrayList<>();
    List<Integer> heldOut = new ArrayList<>();
    Map<String, List<Integer>> byField = new HashMap<>(Map.of(NoveltyReference.GENERAL, learnt));
    for (int i = 0; i < corpus.size(); i++) {
      statistic[i] = NoveltyCorpus.statistic(corpus.likest(corpus.vectors(i), i));
      if (split && Digest.of(corpus.id(i)).hex().charAt(0) % 2 == 1) {
        heldOut.add(i);
      } else {
        learnt.add(i);
        byField.computeIfAbsent(corpus.field(i), f -> new ArrayList<>()).add(i);
      }
    }
    byField.forEach((field, members) -> learn(field, members, statistic));
    copiedShareMax = bounded(learnt, CopiedText.Shared::share, COPIED_SHARE_LOW, COPIED_SHARE_HIGH);
    containedMax = bounded(learnt, CopiedText.Shared::contained, CONTAINED_LOW, CONTAINED_HIGH);
    return heldOut.stream()
        .flatMap(i -> reference(corpus.field(i)).map(r -> r.percentile(statistic[i])).stream())
        .mapToInt(Integer::intValue)
        .average()
        .orElse(50);
  }

  private void learn(String field, List<Integer> members, int[] statistic) {
    if (members.size() < NoveltyReference.ARTICLES_MIN) {
      return;
    }
    use(
        new NoveltyReference(
            field, embedder.id(), members.stream().mapToInt(i -> statistic[i]).toArray()));
    String among = field.equals(NoveltyReference.GENERAL) ? "" : field;
    offSubjectMax.put(
        field,
        honest(
            members.stream().mapToDouble(i -> corpus.offSubject(corpus.subjectOf(i), among, i))));
  }

  private double bounded(
      List<Integer> articles,
      java.util.function.ToDoubleFunction<CopiedText.Shared> what,
      double low,
      double high) {
    if (articles.size() < NoveltyReference.ARTICLES_MIN) {
      return low;
    }
    return Math.clamp(
        honest(
            articles.stream()
                .mapToDouble(i -> corpus.shared(i).map(what::applyAsDouble).orElse(0.0))),
        low,
        high);
  }

  /** What 98 of 100 do not exceed. */
  private static double honest(DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    return sorted[(int) Math.min(sorted.length - 1, Math.floor(HONEST * sorted.length))];
  }

  /**
   * Uses a frozen reference.
   *
   * @throws IllegalArgumentException if it was learnt with another model
   */
  public void use(NoveltyReference reference) {
    if (!reference.model().equals(embedder.id())) {
      throw new IllegalArgumentException(
          "a reference of " + reference.model() + " cannot judge vectors of " + embedder.id());
    }
    references.put(reference.field(), reference);
  }

  private Optional<NoveltyReference> reference(String field) {
    return Optional.ofNullable(references.get(field))
        .or(() -> Optional.ofNullable(references.get(NoveltyReference.GENERAL)));
  }

  /** Judges an article that is not among those added. */
  public NoveltyScore judge(NoveltyArticle article) {
    VisibleText text = VisibleText.of(article.text());
    List<String> passages = text.passages();
    Optional<String> problem = prose.problem(text, passages);
    if (problem.isPresent()) {
      return new NoveltyScore(0, problem.get(), false, List.of());
    }
    float[][] vectors = corpus.vectors(passages);
    NoveltyCorpus.Likest[] likest = corpus.likest(vectors, -1);
    List<NoveltyScore.Pair> nearest = corpus.nearest(passages, likest);
    Optional<String> copy = copy(text, likest);
    if (copy.isPresent()) {
      return new NoveltyScore(0, copy.get(), false, nearest);
    }
    String field = NoveltyCorpus.field(article);
    Optional<NoveltyReference> reference = reference(field);
    if (reference.isEmpty()) {
      return new NoveltyScore(
          100,
          "no_reference: there are too few articles to compare with; pays after a review",
          true,
          nearest);
    }
    return compared(field, reference.get(), NoveltyCorpus.statistic(likest), vectors, nearest);
  }

  private NoveltyScore compared(
      String field,
      NoveltyReference usual,
      int statistic,
      float[][] vectors,
      List<NoveltyScore.Pair> nearest) {
    int score = usual.percentile(statistic);
    boolean own = usual.field().equals(field);
    String against =
        own
            ? "the field " + field
            : "all fields (" + field + " is too small for a reference of its own)";
    if (!own && !known(field)) {
      return new NoveltyScore(
          score,
          "new_field: nothing was published in " + field + " yet; pays after a review",
          true,
          nearest);
    }
    double off = corpus.offSubject(NoveltyCorpus.subject(vectors), own ? field : "", -1);
    if (statistic > usual.largest() || off > offSubjectMax.getOrDefault(usual.field(), 2.0)) {
      return new NoveltyScore(
          score,
          "outside: farther from the subjects of "
              + against
              + " than its articles are; pays after a review",
          true,
          nearest);
    }
    return new NoveltyScore(
        score, "compared: newer than " + score + " of 100 articles of " + against, false, nearest);
  }

  private boolean known(String field) {
    for (int i = 0; i < corpus.size(); i++) {
      if (corpus.field(i).equals(field)) {
        return true;
      }
    }
    return false;
  }

  /** Why a text is a copy; empty if it is none. */
  private Optional<String> copy(VisibleText text, NoveltyCorpus.Likest[] likest) {
    Optional<CopiedText.Shared> shared = corpus.shared(text);
    if (shared.isPresent()) {
      CopiedText.Shared s = shared.get();
      String id = corpus.id(s.article());
      if (s.share() > copiedShareMax) {
        return Optional.of(
            "copied: "
                + percent(s.share())
                + " of its word runs stand in earlier articles, most in "
                + id);
      }
      if (s.contained() > containedMax) {
        return Optional.of(
            "copied: it contains " + percent(s.contained()) + " of an earlier article");
      }
    }
    long same = Arrays.stream(likest).filter(l -> l.distance() < SAME_DISTANCE).count();
    if (same > SAME_SHARE_MAX * likest.length) {
      return Optional.of(
          "rephrased: " + same + " of " + likest.length + " passages say what earlier ones say");
    }
    return Optional.empty();
  }

  private static String percent(double share) {
    return Math.round(100 * share) + " %";
  }
}
