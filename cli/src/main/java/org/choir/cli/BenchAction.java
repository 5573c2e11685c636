package org.choir.cli;

import java.util.ArrayList;
import java.util.List;
import org.choir.bench.Benches;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code choir bench}. */
@Command(
    name = "bench",
    description = "Measure; figures stand beside a yardstick of the same run.",
    footer = {"", "Examples:", "  choir bench all", "  choir bench steps --json"})
final class BenchAction extends Action {
  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "A benchmark (default: all), then what it takes.")
  List<String> arguments = List.of();

  BenchAction(Context context) {
    super(context);
  }

  @Override
  public Integer call() {
    List<String> line = new ArrayList<>(arguments);
    if (json) {
      line.add("--json");
    }
    Benches.run(line, context.out(), context.err());
    return 0;
  }
}
