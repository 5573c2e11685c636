package org.choir.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.Json;
import org.choir.economy.RewardCurve;
import org.choir.knowledge.Novelty;
import org.choir.knowledge.NoveltyArticle;
import org.choir.knowledge.NoveltyScore;
import org.choir.model.CachedEmbedder;
import org.choir.model.Embedder;
import org.choir.model.bge.BgeEmbedder;

/**
 * {@code eval novelty --corpus F --submissions F}: each submission against the corpus alone. The
 * references are learnt from the corpus first.
 */
final class NoveltyEval implements Evals.Eval {
  private static final int PROGRESS_EVERY = 100;

  @Override
  public void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Path corpus = Evals.required(files, "corpus");
    Path submissions = Evals.required(files, "submissions");
    try (Embedder embedder =
        new CachedEmbedder(new BgeEmbedder(), cache, CachedEmbedder.DEFAULT_BYTES_MAX)) {
      Novelty novelty = new Novelty(embedder);
      Lines.objects(
          corpus,
          object -> {
            novelty.add(article(object));
            if (novelty.size() % PROGRESS_EVERY == 0) {
              progress.println("novelty: " + novelty.size() + " articles of the corpus read");
            }
          });
      progress.println("novelty: learning what is usual from " + novelty.size() + " articles");
      double heldOut = novelty.learn();
      Counts counts = new Counts();
      Lines.objects(
          submissions,
          object -> {
            NoveltyArticle article = article(object);
            NoveltyScore score = novelty.judge(article);
            counts.add(score);
            out.println(Json.write(line(article.id(), score)));
            if (counts.all % PROGRESS_EVERY == 0) {
              progress.println("novelty: " + counts.all + " submissions judged");
            }
          });
      out.println(Json.write(counts.summary(novelty.size(), heldOut, embedder.id())));
    }
  }

  private static NoveltyArticle article(ObjectNode object) {
    return new NoveltyArticle(
        Lines.text(object, "id"),
        object.path("author").asText(),
        object.path("field").asText(),
        Lines.text(object, "text"));
  }

  private static long chip(NoveltyScore score) {
    return score.review() ? 0 : RewardCurve.chip(score.score());
  }

  private static ObjectNode line(String id, NoveltyScore score) {
    ObjectNode line =
        Json.object()
            .put("id", id)
            .put("score", score.score())
            .put("chip", chip(score))
            .put("reason", score.reason());
    ArrayNode nearest = line.putArray("nearest");
    score.nearest().forEach(pair -> nearest.add(pair.article()));
    return line;
  }

  /** What the summary tells. */
  private static final class Counts {
    private final Map<String, Integer> reasons = new TreeMap<>();
    private final List<Integer> scores = new ArrayList<>();
    private int all;
    private long chip;

    void add(NoveltyScore score) {
      all++;
      chip += NoveltyEval.chip(score);
      scores.add(score.score());
      reasons.merge(score.code(), 1, Integer::sum);
    }

    ObjectNode summary(int corpus, double heldOut, String model) {
      ObjectNode summary =
          Json.object()
              .put("summary", true)
              .put("corpus", corpus)
              .put("submissions", all)
              .put("model", model)
              .put("heldOutMeanPercentile", Math.round(heldOut))
              .put("meanScore", scores.stream().mapToInt(Integer::intValue).average().orElse(0))
              .put("meanChip", all == 0 ? 0 : (double) chip / all);
      ObjectNode byReason = summary.putObject("reasons");
      reasons.forEach(byReason::put);
      return summary;
    }
  }
}
