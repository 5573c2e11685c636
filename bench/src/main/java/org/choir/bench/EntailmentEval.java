package org.choir.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.knowledge.Entailment;
import org.choir.model.bge.BgeEmbedder;

/**
 * {@code eval entailment FILE}: the support classifier's verdict on each line of a file of claims,
 * then a line with the counts, and how good it was where the file has labels. {@code
 * entailment-words} is the same without the embedding model: faster, and less good.
 */
final class EntailmentEval implements Evals.Eval {
  /** Claims assessed side by side; more would only wait for the embedder. */
  private static final int BATCH = 64;

  private final boolean meanings;

  private EntailmentEval(boolean meanings) {
    this.meanings = meanings;
  }

  static EntailmentEval comparingMeanings() {
    return new EntailmentEval(true);
  }

  static EntailmentEval comparingWords() {
    return new EntailmentEval(false);
  }

  @Override
  public void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Path file = Evals.required(files, "file");
    if (!meanings) {
      evaluate(Entailment.byWords(), file, out, progress);
      return;
    }
    try (BgeEmbedder embedder = new BgeEmbedder(Runtime.getRuntime().availableProcessors())) {
      evaluate(Entailment.with(embedder), file, out, progress);
    }
  }

  private static void evaluate(
      Entailment entailment, Path file, PrintStream out, PrintStream progress) {
    EntailmentScores scores = new EntailmentScores();
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
    try (ExecutorService workers = Executors.newFixedThreadPool(threads)) {
      List<EntailmentFile> batch = new ArrayList<>();
      Lines.each(
          file,
          (number, line) -> {
            String text = number == 1 ? line.replaceFirst("^\uFEFF", "") : line;
            batch.add(EntailmentFile.read(text, number));
            if (batch.size() == BATCH) {
              assess(entailment, batch, workers, scores, out);
              batch.clear();
            }
          });
      assess(entailment, batch, workers, scores, out);
    }
    out.println(Json.write(scores.toJson()));
    progress.println("entailment: " + scores);
  }

  private static void assess(
      Entailment entailment,
      List<EntailmentFile> batch,
      ExecutorService workers,
      EntailmentScores scores,
      PrintStream out) {
    List<Future<Entailment.Assessment>> assessed = new ArrayList<>();
    for (EntailmentFile one : batch) {
      assessed.add(workers.submit(() -> entailment.assess(one.claim(), one.evidence())));
    }
    for (int i = 0; i < batch.size(); i++) {
      EntailmentFile one = batch.get(i);
      Entailment.Assessment found;
      try {
        found = assessed.get(i).get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw ChoirException.retryable(
            "interrupted", "the evaluation was interrupted", "try again", e);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof ChoirException failure) {
          throw failure;
        }
        throw new IllegalStateException("claim " + one.id() + " could not be assessed", e);
      }
      ObjectNode json = Json.object();
      json.set("id", one.id());
      json.put("verdict", found.verdict().word());
      json.put("score", EntailmentScores.rounded(found.supported()));
      ArrayNode spans = json.putArray("spans");
      found
          .spans()
          .forEach(s -> spans.addObject().put("sentence", s.sentence()).put("quote", s.quote()));
      out.println(Json.write(json));
      if (one.label().isPresent()) {
        scores.add(found.verdict(), found.supported(), one.label().get());
      } else {
        scores.add(found.verdict(), found.supported());
      }
    }
  }
}
