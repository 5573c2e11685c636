package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.knowledge.Entailment;
import org.choir.knowledge.EntailmentTraining;
import org.choir.model.WordEmbedder;
import org.choir.model.bge.BgeEmbedder;

/**
 * {@code eval train-entailment}: makes the training examples by rule, learns the support
 * classifier's weights and says how good they are on kinds of facts and on documents that training
 * did not see. The seed makes the examples and so the weights reproducible.
 */
public final class EntailmentTrain {
  private static final long SEED = 20_261_121L;

  /** Documents that Debian packages bring; whichever are there are used. */
  private static final List<Path> READ =
      List.of(
          Path.of("/usr/share/doc/postgresql-doc-15/html"),
          Path.of("/usr/share/doc/git-doc"),
          Path.of("/usr/share/doc/qemu-system-common"));

  /** Documents kept for measuring. */
  private static final List<Path> KEPT_DOCUMENTS =
      List.of(Path.of("/usr/share/doc/debian-policy"), Path.of("/usr/share/doc/valgrind/html"));

  /** Kinds of facts kept for measuring. */
  private static final Set<String> KEPT_FACTS =
      Set.of("facts:building", "facts:species", "facts:river");

  private static final int EACH_FACT = 420;
  private static final int EACH_FOLDER = 450;

  /** How much one hand-written development example counts against one made by rule. */
  private static final double WRITTEN = 12;

  private EntailmentTrain() {}

  /**
   * Trains.
   *
   * @param meanings whether meanings are compared
   * @param development hand-written examples that are learnt from as well
   * @param measured labelled files that are only measured
   * @param out where the weights go
   */
  public static void run(
      boolean meanings,
      List<Path> development,
      List<Path> measured,
      Path out,
      PrintStream progress) {
    Random random = new Random(SEED);
    List<EntailmentExample> all = new ArrayList<>();
    EntailmentMutations mutations = new EntailmentMutations(random);
    try {
      all.addAll(new EntailmentFacts(random).examples(EACH_FACT));
      for (Path folder : Stream.concat(READ.stream(), KEPT_DOCUMENTS.stream()).toList()) {
        if (Files.isDirectory(folder)) {
          all.addAll(mutations.examples(folder, EACH_FOLDER));
        }
      }
      Collections.shuffle(all, random);
      Predicate<EntailmentExample> kept =
          e ->
              KEPT_FACTS.contains(e.origin())
                  || KEPT_DOCUMENTS.stream().anyMatch(d -> e.origin().equals("docs:" + d));
      try (BgeEmbedder embedder = new BgeEmbedder(Runtime.getRuntime().availableProcessors())) {
        Optional<WordEmbedder> model = meanings ? Optional.of(embedder) : Optional.empty();
        EntailmentTraining training = new EntailmentTraining(model);
        List<EntailmentExample> learnt = all.stream().filter(kept.negate()).toList();
        long start = System.nanoTime();
        training.addAll(
            learnt.stream()
                .map(e -> new EntailmentTraining.Example(e.claim(), e.evidence(), e.label(), 1))
                .toList());
        int written = 0;
        for (Path file : development) {
          for (EntailmentFile one : read(file)) {
            if (one.label().isPresent()) {
              training.addAll(
                  List.of(
                      new EntailmentTraining.Example(
                          one.claim(), one.evidence(), one.label().get(), WRITTEN)));
              written++;
            }
          }
        }
        progress.printf(
            "%d examples by rule, %d written, measured in %.0f s%n",
            learnt.size(), written, (System.nanoTime() - start) / 1e9);
        String weights =
            training.learn(
                List.of(
                    "Weights of the support classifier; made by: choir eval train-entailment",
                    "first line: features; then classes and rate; then one tree a line"));
        Files.writeString(out, weights);
        Entailment entailment = training.trained(model, weights);
        report(
            entailment,
            all.stream().filter(kept).filter(e -> e.origin().startsWith("facts")).toList(),
            "kept facts",
            progress);
        report(
            entailment,
            all.stream().filter(kept).filter(e -> e.origin().startsWith("docs")).toList(),
            "kept documents",
            progress);
        for (Path file : measured) {
          List<EntailmentExample> examples = new ArrayList<>();
          for (EntailmentFile one : read(file)) {
            one.label()
                .ifPresent(
                    l -> examples.add(new EntailmentExample(one.claim(), one.evidence(), l, "")));
          }
          report(entailment, examples, file.getFileName().toString(), progress);
        }
      }
    } catch (IOException e) {
      throw ChoirException.fatal(
          "training_failed",
          "a file cannot be read or written: " + e.getMessage(),
          "look at the paths",
          e);
    }
  }

  private static List<EntailmentFile> read(Path file) throws IOException {
    List<EntailmentFile> all = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      if (!line.isBlank()) {
        all.add(EntailmentFile.read(line, all.size() + 1));
      }
    }
    return all;
  }

  private static void report(
      Entailment entailment, List<EntailmentExample> examples, String name, PrintStream progress) {
    EntailmentScores scores = new EntailmentScores();
    try (ExecutorService workers = Executors.newFixedThreadPool(2)) {
      for (EntailmentExample example : examples) {
        workers.submit(
            () -> {
              Entailment.Assessment found = entailment.assess(example.claim(), example.evidence());
              synchronized (scores) {
                scores.add(found.verdict(), found.supported(), example.label());
              }
            });
      }
      workers.shutdown();
      if (!workers.awaitTermination(1, TimeUnit.HOURS)) {
        throw new IllegalStateException("the measuring did not end within an hour");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    progress.println(name + ": " + scores);
  }
}
