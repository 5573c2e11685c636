package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/** The benchmarks by name, and their output. */
public final class Benches {
  /** Measure also what takes minutes. */
  static final String FULL = "--full";

  private static final Map<String, Bench> BY_NAME = new LinkedHashMap<>();

  static {
    BY_NAME.put("steps", new StepsBench());
    BY_NAME.put("index", new IndexBench());
    BY_NAME.put("research", new ResearchBench());
    BY_NAME.put("sandbox", new SandboxBench());
    BY_NAME.put("audit", new AuditBench());
    BY_NAME.put("knowledge", new KnowledgeBench());
    BY_NAME.put("ledger", new LedgerBench());
  }

  private Benches() {}

  /** One benchmark. */
  interface Bench {
    /**
     * Measures.
     *
     * @param scratch an empty folder that is removed afterwards
     * @param arguments what stands after the name
     * @param progress for one line per phase
     */
    List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
        throws IOException, InterruptedException;
  }

  /** The names that {@link #run} knows. */
  public static List<String> names() {
    return List.copyOf(BY_NAME.keySet());
  }

  /**
   * Runs one benchmark, or all of them with {@code all}, and prints a table, or a JSON document
   * with {@code --json}.
   *
   * @param arguments the name, then what the benchmark takes (a folder of documents for {@code
   *     index} and {@code research}); {@code --full} for what takes minutes
   * @throws ChoirException {@code no_such_bench}
   */
  public static void run(List<String> arguments, PrintStream out, PrintStream progress) {
    List<String> rest = new ArrayList<>(arguments);
    boolean json = rest.remove("--json");
    boolean full = rest.remove(FULL);
    String name = rest.isEmpty() ? "all" : rest.removeFirst();
    List<Bench> wanted = name.equals("all") ? List.copyOf(BY_NAME.values()) : wanted(name);
    List<Figure> figures = new ArrayList<>();
    for (Bench bench : wanted) {
      boolean counted =
          bench instanceof SandboxBench
              || bench instanceof AuditBench
              || bench instanceof KnowledgeBench
              || bench instanceof LedgerBench;
      List<String> own = counted ? (full ? List.of(FULL) : List.of()) : rest;
      figures.addAll(measure(bench, own, progress));
    }
    if (json) {
      var array = Json.array();
      figures.forEach(f -> array.add(f.toJson()));
      out.println(Json.pretty(array));
    } else {
      table(figures, out);
    }
  }

  private static List<Bench> wanted(String name) {
    Bench bench = BY_NAME.get(name);
    if (bench == null) {
      throw ChoirException.usage(
          "no_such_bench",
          "there is no benchmark '" + name + "'",
          "choose one of: all, " + String.join(", ", names()));
    }
    return List.of(bench);
  }

  private static List<Figure> measure(Bench bench, List<String> arguments, PrintStream progress) {
    try {
      Path scratch = Files.createTempDirectory("choir-bench");
      try {
        return bench.run(scratch, arguments, progress);
      } finally {
        remove(scratch);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static void table(List<Figure> figures, PrintStream out) {
    int what = width(figures.stream().map(Figure::what), "what");
    int input = width(figures.stream().map(Figure::input), "input");
    int value = width(figures.stream().map(Figure::value), "value");
    String row = "%-9s %-" + what + "s  %-" + input + "s  %" + value + "s  %s%n";
    out.printf(row, "bench", "what", "input", "value", "ratio");
    figures.forEach(f -> out.printf(row, f.bench(), f.what(), f.input(), f.value(), f.ratio()));
  }

  private static int width(Stream<String> texts, String title) {
    return Math.max(title.length(), texts.mapToInt(String::length).max().orElse(0));
  }
}
