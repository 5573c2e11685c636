package org.choir.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.choir.bench.Benches;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "bench",
    description = "Measure, as ratios to a yardstick in the same run.",
    footer = {
      "",
      "Examples:",
      "  ./choir bench steps              steps per second of the agent loop",
      "  ./choir bench index [FOLDER]     reading and searching documents",
      "  ./choir bench research [FOLDER]  the main job, as a person meets it",
      "  ./choir bench sandbox [--full]   what a VM costs; --full: 50 and 100 at once",
      "  ./choir bench audit [--full]     the audit log; --full: with ten million events",
      "  ./choir bench knowledge [--full] search, novelty, claims; --full: a million vectors",
      "  ./choir bench ledger             transfers through one account, statements, the check",
      "  ./choir bench all --json"
    })
final class BenchAction extends Action {
  @Parameters(
      index = "0",
      paramLabel = "NAME",
      arity = "0..1",
      description =
          "steps, index, research, sandbox, audit, knowledge, ledger or all (the default).")
  String name = "all";

  @Parameters(index = "1..*", paramLabel = "FOLDER", description = "Documents to measure with.")
  List<String> arguments = List.of();

  @Option(names = "--full", description = "Also what takes minutes.")
  boolean full;

  BenchAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    List<String> words = new ArrayList<>();
    words.add(name);
    arguments.forEach(folder -> words.add(context.absolute(folder).toString()));
    if (full) {
      words.add("--full");
    }
    if (json) {
      words.add("--json");
    }
    // Libraries greet at INFO; a table of figures is no place for it.
    Logger.getLogger("").setLevel(Level.WARNING);
    Benches.run(words, context.out(), context.err());
    return 0;
  }
}
