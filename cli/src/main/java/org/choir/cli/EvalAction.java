package org.choir.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.choir.bench.EntailmentEval;
import org.choir.bench.EntailmentTrain;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code choir eval}: how good something is, on any file in its format. */
@Command(
    name = "eval",
    description =
        "Measure quality on a file of examples; predictions as JSON lines, then a summary.",
    subcommands = {EvalAction.Entailment.class, EvalAction.TrainEntailment.class},
    footer = {
      "",
      "Examples:",
      "  ./choir eval entailment claims.jsonl",
    })
final class EvalAction extends Action {
  EvalAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    say("choose what to measure: entailment (see: choir help eval)");
    return 2;
  }

  @Command(
      name = "entailment",
      description =
          "Verdicts on {\"id\",\"claim\",\"evidence\":[sentence,...],\"label\"?}, without a language"
              + " model.")
  static final class Entailment extends Action {
    @Parameters(paramLabel = "FILE", description = "Claims with evidence, JSON lines.")
    String file = "";

    @Option(
        names = "--words-only",
        description = "Compare words alone, without the local embedding model (much faster).")
    boolean wordsOnly;

    Entailment(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      // Libraries greet at INFO; a file of predictions is no place for it.
      Logger.getLogger("").setLevel(Level.WARNING);
      EntailmentEval.run(context.absolute(file), !wordsOnly, context.out());
      return 0;
    }
  }

  @Command(
      name = "train-entailment",
      description = "Train the support classifier from examples made by rule, and measure it.")
  static final class TrainEntailment extends Action {
    @Option(names = "--words-only", description = "The classifier that compares words alone.")
    boolean wordsOnly;

    @Option(
        names = "--learn",
        paramLabel = "FILE",
        description = "Labelled claims to learn from too.")
    List<String> learn = new ArrayList<>();

    @Option(
        names = "--measure",
        paramLabel = "FILE",
        description = "Labelled claims to measure on.")
    List<String> measure = new ArrayList<>();

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "For the weights.")
    String out = "";

    TrainEntailment(Context context) {
      super(context);
    }

    @Override
    public Integer call() {
      Logger.getLogger("").setLevel(Level.WARNING);
      EntailmentTrain.run(
          !wordsOnly, paths(learn), paths(measure), context.absolute(out), context.out());
      return 0;
    }

    private List<Path> paths(List<String> files) {
      return files.stream().map(context::absolute).toList();
    }
  }
}
