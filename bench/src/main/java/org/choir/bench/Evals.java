package org.choir.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.ChoirException;

/**
 * The measurements over files of JSON lines. Each prints one line per prediction and one with
 * {@code "summary":true} last; unknown fields of the input are ignored.
 */
public final class Evals {
  private static final Map<String, Eval> BY_NAME = new LinkedHashMap<>();

  static {
    BY_NAME.put("entailment", EntailmentEval.comparingMeanings());
    BY_NAME.put("entailment-words", EntailmentEval.comparingWords());
    BY_NAME.put("train-entailment", new EntailmentTrain());
    BY_NAME.put("novelty", new NoveltyEval());
    BY_NAME.put("retrieval", new RetrievalEval());
    BY_NAME.put("rings", new RingsEval());
  }

  private Evals() {}

  /** One measurement. */
  interface Eval {
    /**
     * Measures.
     *
     * @param files by their option's name, the positional one under "file"
     * @param cache a folder for vectors that are kept between measurements
     * @param out one JSON document per line
     * @param progress for people
     */
    void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress);
  }

  /** The names that {@link #run} knows. */
  public static List<String> names() {
    return List.copyOf(BY_NAME.keySet());
  }

  /**
   * Runs one measurement.
   *
   * @throws ChoirException {@code no_such_eval}, {@code missing_file}, {@code no_such_file}, {@code
   *     bad_line}
   */
  public static void run(
      String name, Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Eval eval = BY_NAME.get(name);
    if (eval == null) {
      throw ChoirException.usage(
          "no_such_eval",
          "there is no measurement '" + name + "'",
          "choose one of: " + String.join(", ", names()));
    }
    eval.run(files, cache, out, progress);
  }

  /** The file of an option; missing is an error that names it. */
  static Path required(Map<String, Path> files, String option) {
    Path file = files.get(option);
    if (file == null) {
      String wanted = option.equals("file") ? "FILE" : "--" + option + " FILE";
      throw ChoirException.usage(
          "missing_file", "this measurement needs " + wanted, "see: choir help eval");
    }
    return file;
  }
}
