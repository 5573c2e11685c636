package org.choir.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.knowledge.Retrieval;
import org.choir.knowledge.lucene.PassageLucene;
import org.choir.model.CachedEmbedder;
import org.choir.model.bge.BgeEmbedder;

/**
 * {@code eval retrieval --corpus F --queries F [--qrels F]}: the knowledge base's search over any
 * corpus; with judgements also nDCG@10 and recall@100, of the mix and of each signal alone.
 */
final class RetrievalEval implements Evals.Eval {
  private static final int RESULTS = 100;
  private static final int DEPTH = 10;
  private static final int AT_ONCE = 64;

  @Override
  public void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Path corpus = Evals.required(files, "corpus");
    Path queries = Evals.required(files, "queries");
    Map<String, Map<String, Integer>> judged =
        files.containsKey("qrels") ? judgements(files.get("qrels")) : Map.of();
    Path scratch = scratch();
    try (CachedEmbedder embedder =
            new CachedEmbedder(new BgeEmbedder(), cache, CachedEmbedder.DEFAULT_BYTES_MAX);
        PassageLucene index = PassageLucene.open(scratch)) {
      Retrieval retrieval = new Retrieval(index, index, embedder);
      int texts = read(corpus, retrieval, progress);
      retrieval.commit();
      answer(queries, retrieval, judged, texts, out);
    } finally {
      delete(scratch);
    }
  }

  private static int read(Path corpus, Retrieval retrieval, PrintStream progress) {
    List<Retrieval.Text> open = new ArrayList<>();
    int[] count = {0};
    Lines.objects(
        corpus,
        line -> {
          open.add(
              new Retrieval.Text(
                  Lines.text(line, "id"), line.path("title").asText(), Lines.text(line, "text")));
          if (open.size() == AT_ONCE) {
            retrieval.add(open);
            count[0] += open.size();
            open.clear();
            progress.println("retrieval: " + count[0] + " texts embedded");
          }
        });
    retrieval.add(open);
    return count[0] + open.size();
  }

  private static void answer(
      Path queries,
      Retrieval retrieval,
      Map<String, Map<String, Integer>> judged,
      int texts,
      PrintStream out) {
    double[] gain = new double[3];
    double[] recall = new double[3];
    int[] counted = {0, 0};
    Lines.objects(
        queries,
        line -> {
          String id = Lines.text(line, "id");
          Retrieval.Answer answer = retrieval.search(Lines.text(line, "text"), RESULTS);
          ObjectNode prediction = Json.object().put("query", id);
          ArrayNode results = prediction.putArray("results");
          answer
              .mixed()
              .forEach(r -> results.addObject().put("id", r.id()).put("score", r.score()));
          out.println(Json.write(prediction));
          counted[0]++;
          Map<String, Integer> relevant = judged.getOrDefault(id, Map.of());
          if (relevant.values().stream().anyMatch(grade -> grade > 0)) {
            counted[1]++;
            int signal = 0;
            for (List<Retrieval.Ranked> ranked :
                List.of(answer.mixed(), answer.byWords(), answer.byMeaning())) {
              List<String> ids = ranked.stream().map(Retrieval.Ranked::id).toList();
              gain[signal] += gain(ids, relevant);
              recall[signal++] += recall(ids, relevant);
            }
          }
        });
    ObjectNode summary =
        Json.object().put("summary", true).put("texts", texts).put("queries", counted[0]);
    if (counted[1] > 0) {
      summary.put("judged", counted[1]);
      summary.put("ndcg@10", gain[0] / counted[1]).put("recall@100", recall[0] / counted[1]);
      String[] names = {"", "words", "meaning"};
      for (int i = 1; i < names.length; i++) {
        summary
            .putObject(names[i])
            .put("ndcg@10", gain[i] / counted[1])
            .put("recall@100", recall[i] / counted[1]);
      }
    }
    out.println(Json.write(summary));
  }

  /** Normalised discounted cumulative gain of the first ten, with grades as gains. */
  static double gain(List<String> ids, Map<String, Integer> relevant) {
    double had = 0;
    for (int i = 0; i < Math.min(DEPTH, ids.size()); i++) {
      had += discounted(Math.max(0, relevant.getOrDefault(ids.get(i), 0)), i);
    }
    double ideal = 0;
    int at = 0;
    for (int grade :
        relevant.values().stream().sorted(Comparator.reverseOrder()).limit(DEPTH).toList()) {
      ideal += discounted(Math.max(0, grade), at++);
    }
    return ideal == 0 ? 0 : had / ideal;
  }

  private static double discounted(int grade, int rank) {
    return grade * Math.log(2) / Math.log(rank + 2);
  }

  static double recall(List<String> ids, Map<String, Integer> relevant) {
    long all = relevant.values().stream().filter(grade -> grade > 0).count();
    long met = ids.stream().limit(RESULTS).filter(id -> relevant.getOrDefault(id, 0) > 0).count();
    return all == 0 ? 0 : (double) met / all;
  }

  /** TREC's form: query, a word nobody reads, text, grade, parted by blanks. */
  private static Map<String, Map<String, Integer>> judgements(Path file) {
    Map<String, Map<String, Integer>> judged = new LinkedHashMap<>();
    Lines.each(
        file,
        (number, text) -> {
          String[] cells = text.strip().split("\\s+", -1);
          try {
            if (cells.length == 4) {
              judged
                  .computeIfAbsent(cells[0], query -> new HashMap<>())
                  .put(cells[2], Integer.parseInt(cells[3]));
              return;
            }
          } catch (NumberFormatException e) {
            throw ChoirException.usage(
                "bad_line",
                file + ", line " + number + ": the grade is no whole number",
                "write: QUERY 0 TEXT GRADE");
          }
          throw ChoirException.usage(
              "bad_line",
              file + ", line " + number + " has " + cells.length + " cells, not 4",
              "write: QUERY 0 TEXT GRADE");
        });
    return judged;
  }

  private static Path scratch() {
    try {
      return Files.createTempDirectory("choir-retrieval");
    } catch (IOException e) {
      throw new UncheckedIOException("no folder for the index", e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the index's folder cannot be deleted", e);
    }
  }
}
