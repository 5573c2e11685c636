package org.choir.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.choir.core.Digest;
import org.choir.knowledge.Claim;
import org.choir.knowledge.ClaimVerifier;
import org.choir.knowledge.Draft;
import org.choir.knowledge.Entailment;
import org.choir.knowledge.Evidence;
import org.choir.knowledge.EvidenceBook;
import org.choir.model.bge.BgeEmbedder;

/**
 * Claims judged per second: by the rules that guard reports, by the classifier over words, and by
 * the classifier over meanings; with a few sentences and with a page as evidence. The yardstick is
 * the rules with a few sentences. Claims and evidence are generated and every one is new, so that
 * no cache answers.
 */
final class VerifyBench implements Benches.Bench {
  private static final long SEED = 7;
  private static final int WARM = 60;

  @Override
  public List<Figure> run(Path scratch, List<String> arguments, PrintStream progress) {
    List<EntailmentExample> all = new EntailmentFacts(new Random(SEED)).examples(160);
    List<EntailmentExample> few = all.stream().filter(e -> e.evidence().size() <= 4).toList();
    List<EntailmentExample> pages = new ArrayList<>();
    for (int i = 0; i + 60 < few.size(); i += 2) {
      List<String> sentences = new ArrayList<>();
      for (EntailmentExample other : few.subList(i, i + 60)) {
        sentences.addAll(other.evidence());
      }
      pages.add(new EntailmentExample(few.get(i).claim(), sentences, few.get(i).label(), "page"));
    }
    String some = "1-4 sentences";
    String page = pages.getFirst().evidence().size() + " sentences";
    List<Figure> figures = new ArrayList<>();
    progress.println("verify: rules");
    double yardstick = rules(few);
    figures.add(new Figure("knowledge", "yardstick: rules of reports", some, rate(yardstick), ""));
    double rulesPage = rules(pages);
    figures.add(figure("rules of reports", page, rulesPage, yardstick));
    progress.println("verify: classifier over words");
    Entailment words = Entailment.byWords();
    figures.add(figure("verification claims per second, words", some, each(words, few), yardstick));
    figures.add(
        figure("verification claims per second, words", page, each(words, pages), yardstick));
    progress.println("verify: classifier over meanings");
    try (BgeEmbedder embedder = new BgeEmbedder()) {
      Entailment meanings = Entailment.with(embedder);
      List<EntailmentExample> sample = few.subList(0, Math.min(600, few.size()));
      figures.add(
          figure(
              "verification claims per second, meanings", some, each(meanings, sample), yardstick));
      List<EntailmentExample> long0 = pages.subList(0, Math.min(200, pages.size()));
      figures.add(
          figure(
              "verification claims per second, meanings", page, each(meanings, long0), yardstick));
    }
    return figures;
  }

  private static Figure figure(String what, String input, double rate, double yardstick) {
    return new Figure("knowledge", what, input, rate(rate), IndexBench.ratio(rate / yardstick));
  }

  private static String rate(double rate) {
    return String.format(Locale.ROOT, "%.0f/s", rate);
  }

  private static double each(Entailment entailment, List<EntailmentExample> examples) {
    examples.subList(0, WARM).forEach(e -> entailment.assess(e.claim(), e.evidence()));
    List<EntailmentExample> rest = examples.subList(WARM, examples.size());
    long start = System.nanoTime();
    rest.forEach(e -> entailment.assess(e.claim(), e.evidence()));
    return rest.size() / IndexBench.seconds(start);
  }

  private static double rules(List<EntailmentExample> examples) {
    ClaimVerifier verifier = ClaimVerifier.byRules();
    long start = 0;
    for (int i = 0; i < examples.size(); i++) {
      start = i == WARM ? System.nanoTime() : start;
      String text = String.join("\n\n", examples.get(i).evidence());
      Evidence evidence = new Evidence("s1", Digest.of(text), "", "", "", "", 0, text);
      Claim claim = Draft.of(examples.get(i).claim() + " [@s1]").claims().getFirst();
      verifier.verify(claim, EvidenceBook.of(List.of(evidence)));
    }
    return (examples.size() - WARM) / IndexBench.seconds(start);
  }
}
