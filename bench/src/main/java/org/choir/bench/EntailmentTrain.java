package org.choir.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.knowledge.Entailment;
import org.choir.knowledge.EntailmentTraining;
import org.choir.model.WordEmbedder;
import org.choir.model.bge.BgeEmbedder;

/**
 * {@code eval train-entailment FOLDER --out FOLDER}: makes the training examples by rule, learns
 * the support classifier's weights and says how good they are on kinds of facts and on documents
 * that training did not see. The seed makes the examples and so the weights reproducible.
 */
final class EntailmentTrain implements Evals.Eval {
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

  /** How the names of files end that are learnt from; every other file is only measured. */
  private static final String DEVELOPMENT = "-development.jsonl";

  /** Evidence of at most so many sentences is no page. */
  private static final int BRIEF = 3;

  private static final int PAGE_LEAST = 8;

  private static final int EACH_FACT = 300;
  private static final int EACH_FOLDER = 320;

  /** How much one hand-written development example counts against one made by rule. */
  private static final double WRITTEN = 10;

  @Override
  public void run(Map<String, Path> files, Path cache, PrintStream out, PrintStream progress) {
    Path folder = Evals.required(files, "file");
    Path target = Evals.required(files, "out");
    List<Path> labelled = labelled(folder);
    try (BgeEmbedder embedder = new BgeEmbedder(Runtime.getRuntime().availableProcessors())) {
      List<EntailmentExample> all = examples(progress);
      train(Optional.empty(), all, labelled, target.resolve("entailment-words.txt"), out, progress);
      train(
          Optional.of(embedder),
          all,
          labelled,
          target.resolve("entailment-meanings.txt"),
          out,
          progress);
    } catch (IOException e) {
      throw ChoirException.fatal(
          "training_failed",
          "a file cannot be read or written: " + e.getMessage(),
          "look at the paths",
          e);
    }
  }

  /** The labelled files of a folder, in the order of their names. */
  private static List<Path> labelled(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".jsonl")).sorted().toList();
    } catch (IOException e) {
      throw ChoirException.usage(
          "no_such_file",
          folder + " is not a folder that can be read",
          "name a folder with NAME-development.jsonl and NAME-test.jsonl");
    }
  }

  private static List<EntailmentExample> examples(PrintStream progress) throws IOException {
    Random random = new Random(SEED);
    EntailmentMutations mutations = new EntailmentMutations(random);
    List<EntailmentExample> all = new ArrayList<>(new EntailmentFacts(random).examples(EACH_FACT));
    for (Path folder : Stream.concat(READ.stream(), KEPT_DOCUMENTS.stream()).toList()) {
      if (Files.isDirectory(folder)) {
        all.addAll(mutations.examples(folder, EACH_FOLDER));
      } else {
        progress.println("without " + folder + ", which is not installed");
      }
    }
    Collections.shuffle(all, random);
    return all;
  }

  private static boolean kept(EntailmentExample example) {
    return KEPT_FACTS.contains(example.origin())
        || KEPT_DOCUMENTS.stream().anyMatch(d -> example.origin().equals("docs:" + d));
  }

  private static void train(
      Optional<WordEmbedder> model,
      List<EntailmentExample> all,
      List<Path> labelled,
      Path target,
      PrintStream out,
      PrintStream progress)
      throws IOException {
    EntailmentTraining training = new EntailmentTraining(model);
    training.addAll(
        all.stream()
            .filter(e -> !kept(e))
            .map(e -> new EntailmentTraining.Example(e.claim(), e.evidence(), e.label(), 1))
            .toList());
    int byRule = training.size();
    List<EntailmentExample> written = new ArrayList<>();
    for (Path file : labelled) {
      if (file.toString().endsWith(DEVELOPMENT)) {
        written.addAll(read(file));
      }
    }
    training.addAll(weighed(written, WRITTEN));
    training.addAll(weighed(onPages(written), WRITTEN / 2));
    progress.printf(
        "%s: %d examples by rule, %d written%n",
        target.getFileName(), byRule, training.size() - byRule);
    String weights =
        training.learn(
            List.of(
                "Weights of the support classifier; made by: choir eval train-entailment",
                "first line: features; then means, deviations and coefficients; then the trees"));
    Files.writeString(target, weights);
    Entailment entailment = training.trained(model, weights);
    String name = target.getFileName().toString();
    report(entailment, keptOf(all, "facts"), name + " on kept facts", out, progress);
    report(entailment, keptOf(all, "docs"), name + " on kept documents", out, progress);
    for (Path file : labelled) {
      report(entailment, read(file), name + " on " + file.getFileName(), out, progress);
    }
  }

  private static List<EntailmentTraining.Example> weighed(
      List<EntailmentExample> examples, double weight) {
    return examples.stream()
        .map(e -> new EntailmentTraining.Example(e.claim(), e.evidence(), e.label(), weight))
        .toList();
  }

  /** Those with a sentence or two as evidence once more, the evidence among other sentences. */
  private static List<EntailmentExample> onPages(List<EntailmentExample> written) {
    Random random = new Random(SEED);
    List<EntailmentExample> brief =
        written.stream().filter(e -> e.evidence().size() <= BRIEF).toList();
    List<String> sentences = brief.stream().flatMap(e -> e.evidence().stream()).distinct().toList();
    List<EntailmentExample> made = new ArrayList<>();
    for (EntailmentExample example : brief) {
      List<String> page = new ArrayList<>();
      for (int i = PAGE_LEAST + random.nextInt(PAGE_LEAST * 5); i > 0; i--) {
        String sentence = sentences.get(random.nextInt(sentences.size()));
        if (!example.evidence().contains(sentence)) {
          page.add(sentence);
        }
      }
      page.addAll(random.nextInt(page.size() + 1), example.evidence());
      made.add(new EntailmentExample(example.claim(), page, example.label(), "written"));
    }
    return made;
  }

  private static List<EntailmentExample> keptOf(List<EntailmentExample> all, String origin) {
    return all.stream()
        .filter(EntailmentTrain::kept)
        .filter(e -> e.origin().startsWith(origin))
        .toList();
  }

  private static List<EntailmentExample> read(Path file) {
    List<EntailmentExample> all = new ArrayList<>();
    Lines.each(
        file,
        (number, line) -> {
          EntailmentFile one = EntailmentFile.read(line, number);
          one.label()
              .ifPresent(
                  l -> all.add(new EntailmentExample(one.claim(), one.evidence(), l, "written")));
        });
    return all;
  }

  private static void report(
      Entailment entailment,
      List<EntailmentExample> examples,
      String name,
      PrintStream out,
      PrintStream progress) {
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
    out.println(Json.write(scores.toJson().put("measured", name)));
  }
}
