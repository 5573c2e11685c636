package org.choir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.choir.core.ChoirException;
import org.choir.core.Json;

/**
 * The main job as a person meets it: the command itself, from its first millisecond to the report,
 * with a home of its own. The image and the jars are there; the first run also starts the server
 * and reads the documents.
 */
final class ResearchBench implements Benches.Bench {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress)
      throws IOException, InterruptedException {
    Path documents = IndexBench.documents(arguments);
    Path home = scratch.resolve("home");
    List<Figure> figures = new ArrayList<>();
    try {
      progress.println("research: first run, the server starts and reads " + documents);
      long start = System.nanoTime();
      choir(home, scratch, "help");
      double help = IndexBench.seconds(start);
      figures.add(new Figure("research", "yardstick: choir help", "", IndexBench.format(help), ""));
      research(
          home,
          scratch,
          documents,
          "How does autovacuum decide when to vacuum a table?",
          "first run",
          help,
          figures);
      progress.println("research: second run, the server is warm");
      research(
          home,
          scratch,
          documents,
          "How do I restore a database to a point in time?",
          "second run",
          help,
          figures);
      progress.println("research: the same question again, its vectors are kept");
      research(
          home,
          scratch,
          documents,
          "How do I restore a database to a point in time?",
          "same question again",
          help,
          figures);
    } finally {
      choir(home, scratch, "down");
    }
    return figures;
  }

  private static void research(
      Path home,
      Path scratch,
      Path documents,
      String question,
      String what,
      double yardstick,
      List<Figure> figures)
      throws IOException, InterruptedException {
    Instant start = Instant.now();
    String output =
        choir(home, scratch, "research", question, "--sources", documents.toString(), "--json");
    double total = Duration.between(start, Instant.now()).toMillis() / 1000.0;
    ObjectNode result = Json.parseObject(output.strip());
    double first =
        Duration.between(
                    start, firstAnswer(choir(home, scratch, "events", result.path("run").asText())))
                .toMillis()
            / 1000.0;
    String input = documents.getFileName() + ", quick";
    figures.add(
        new Figure(
            "research",
            what + ": to the first model step",
            input,
            IndexBench.format(first),
            IndexBench.ratio(first / yardstick)));
    figures.add(
        new Figure(
            "research",
            what + ": to the report",
            input,
            IndexBench.format(total),
            IndexBench.ratio(total / yardstick)));
  }

  private static Instant firstAnswer(String events) {
    for (String line : events.lines().toList()) {
      JsonNode event = Json.parse(line);
      if (line.contains("\"kind\":\"answered\"") && event.hasNonNull("at")) {
        return Instant.parse(event.path("at").asText());
      }
    }
    throw ChoirException.fatal(
        "no_answer", "the run has no model step", "look at: choir events RUN");
  }

  /** Runs the command itself, as a shell would, and returns what it printed on standard output. */
  private static String choir(Path home, Path scratch, String... words)
      throws IOException, InterruptedException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("choir.repository", "."), "choir").toString());
    line.addAll(List.of(words));
    Path out = scratch.resolve("out");
    Path err = scratch.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("CHOIR_HOME", home.toString());
    Process process = builder.start();
    if (!process.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
      process.destroy();
      throw ChoirException.fatal(
          "bench_deadline", "'" + words[0] + "' took longer than " + LONGEST, "look at " + home);
    }
    if (process.exitValue() != 0) {
      throw ChoirException.fatal(
          "bench_failed",
          "'"
              + words[0]
              + "' ended with "
              + process.exitValue()
              + ": "
              + Files.readString(err, StandardCharsets.UTF_8).strip(),
          "run it by hand");
    }
    return Files.readString(out, StandardCharsets.UTF_8);
  }
}
