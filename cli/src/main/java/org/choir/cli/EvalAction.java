package org.choir.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.choir.bench.Evals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir eval}. */
@Command(
    name = "eval",
    description = "Measure how good a rule is, over a file of JSON lines.",
    footer = {
      "",
      "One line per prediction, then one with \"summary\":true. Unknown fields are ignored.",
      "",
      "Examples:",
      "  choir eval entailment claims.jsonl",
      "  choir eval novelty --corpus articles.jsonl --submissions new.jsonl",
      "  choir eval retrieval --corpus texts.jsonl --queries queries.jsonl --qrels qrels.txt",
      "  choir eval rings citations.csv"
    })
final class EvalAction extends Action {
  @Parameters(
      index = "0",
      paramLabel = "NAME",
      description =
          "entailment, entailment-words, novelty, retrieval, rings; train-entailment learns anew.")
  String name = "";

  @Parameters(index = "1", paramLabel = "FILE", arity = "0..1", description = "What to measure.")
  String file = "";

  @Option(names = "--corpus", paramLabel = "FILE", description = "What there is already.")
  String corpus = "";

  @Option(names = "--submissions", paramLabel = "FILE", description = "What is to be judged.")
  String submissions = "";

  @Option(names = "--queries", paramLabel = "FILE", description = "What is asked.")
  String queries = "";

  @Option(names = "--qrels", paramLabel = "FILE", description = "TREC judgements.")
  String qrels = "";

  @Option(names = "--out", paramLabel = "FOLDER", description = "For weights that are learnt.")
  String target = "";

  EvalAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    Logger.getLogger("").setLevel(Level.WARNING);
    Map<String, Path> files = new LinkedHashMap<>();
    put(files, "file", file);
    put(files, "corpus", corpus);
    put(files, "submissions", submissions);
    put(files, "queries", queries);
    put(files, "qrels", qrels);
    put(files, "out", target);
    Evals.run(
        name, files, context.home().part("cache").resolve("eval"), context.out(), context.err());
    return 0;
  }

  private void put(Map<String, Path> files, String option, String value) {
    if (!value.isEmpty()) {
      files.put(option, context.absolute(value));
    }
  }
}
