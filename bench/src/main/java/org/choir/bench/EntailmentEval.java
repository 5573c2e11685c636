package org.choir.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
 * then a line with the counts, and how good it was where the file has labels.
 */
public final class EntailmentEval {
  /** Claims assessed side by side; more would only wait for the embedder. */
  private static final int BATCH = 64;

  private final Entailment entailment;
  private final EntailmentScores scores = new EntailmentScores();

  EntailmentEval(Entailment entailment) {
    this.entailment = entailment;
  }

  /**
   * Evaluates a file.
   *
   * @param meanings whether meanings are compared with the local embedding model, or words alone
   * @throws ChoirException {@code no_such_file}, {@code bad_json}, {@code bad_example}, {@code
   *     bad_label}
   */
  public static void run(Path file, boolean meanings, PrintStream out) {
    if (!Files.isRegularFile(file)) {
      throw ChoirException.usage(
          "no_such_file", "there is no file " + file, "name a file of JSON lines");
    }
    if (!meanings) {
      new EntailmentEval(Entailment.byWords()).evaluate(file, out);
      return;
    }
    try (BgeEmbedder embedder = new BgeEmbedder(Runtime.getRuntime().availableProcessors())) {
      new EntailmentEval(Entailment.with(embedder)).evaluate(file, out);
    }
  }

  EntailmentScores evaluate(Path file, PrintStream out) {
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors());
    try (ExecutorService workers = Executors.newFixedThreadPool(threads);
        BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      List<EntailmentFile> batch = new ArrayList<>();
      int number = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (!line.isBlank()) {
          batch.add(
              EntailmentFile.read(number == 1 ? line.replaceFirst("^\uFEFF", "") : line, number));
        }
        if (batch.size() == BATCH) {
          assess(batch, workers, out);
          batch.clear();
        }
      }
      assess(batch, workers, out);
    } catch (IOException e) {
      throw ChoirException.fatal(
          "unreadable_file",
          file + " cannot be read: " + e.getMessage(),
          "is it text in UTF-8?",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ChoirException.retryable(
          "interrupted", "the evaluation was interrupted", "try again", e);
    }
    out.println(Json.write(scores.toJson()));
    return scores;
  }

  private void assess(List<EntailmentFile> batch, ExecutorService workers, PrintStream out)
      throws InterruptedException {
    List<Future<Entailment.Assessment>> assessed = new ArrayList<>();
    for (EntailmentFile one : batch) {
      assessed.add(workers.submit(() -> entailment.assess(one.claim(), one.evidence())));
    }
    for (int i = 0; i < batch.size(); i++) {
      EntailmentFile one = batch.get(i);
      Entailment.Assessment found;
      try {
        found = assessed.get(i).get();
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
