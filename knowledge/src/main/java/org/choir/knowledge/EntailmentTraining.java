package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.model.WordEmbedder;

/**
 * Trains the classifier of {@link Entailment} from labelled examples. The same examples in the same
 * order give the same weights.
 */
public final class EntailmentTraining {
  private static final int ROUNDS = 80;
  private static final double RATE = 0.1;

  /** More of these never makes a claim less supported, whatever the examples say. */
  private static final Set<String> RISING =
      Set.of(
          "coverage",
          "coverageSingle",
          "coverageAll",
          "coverageRare",
          "rulesCoverage",
          "numbersFollow",
          "softMean",
          "softLeast",
          "softLow",
          "softAllMean",
          "softAllLow",
          "similar",
          "similarSingle",
          "run",
          "clauseCoverage",
          "pointsAlong");

  /** More of these never makes a claim more supported. */
  private static final Set<String> FALLING =
      Set.of(
          "missing",
          "missingMost",
          "namesMissing",
          "namesNowhere",
          "numbersDenied",
          "numbersNearDenied",
          "numbersAbsent",
          "numbersAbsentAll",
          "opposites",
          "opposite",
          "negation",
          "superlative",
          "otherNames",
          "turnedActive",
          "quantifier",
          "modality",
          "hedgeDropped",
          "bound",
          "condition",
          "part",
          "inversions",
          "pointsAgainst",
          "exchanged",
          "otherDoer",
          "salad");

  private final Entailment measuring;
  private final List<double[]> rows = new ArrayList<>();
  private final List<Integer> labels = new ArrayList<>();
  private final List<Double> weights = new ArrayList<>();
  private List<String> names = List.of();

  /** With the meanings of words if there is an embedder. */
  public EntailmentTraining(Optional<WordEmbedder> embedder) {
    this.measuring = Entailment.of(embedder, "none\n0\n1\n0 0\n0 0\n0 0\n3 0.1\n");
  }

  /**
   * A labelled example.
   *
   * @param label supported, contradicted or, for anything else, unsupported
   * @param weight 1 for an ordinary one
   */
  public record Example(String claim, List<String> evidence, ClaimVerdict label, double weight) {
    public Example {
      evidence = List.copyOf(evidence);
    }
  }

  /** Adds examples; one without a word in common with its evidence teaches nothing. */
  public void addAll(List<Example> examples) {
    List<Optional<PairFeatures.Measured>> all =
        examples.parallelStream().map(e -> measuring.measure(e.claim(), e.evidence())).toList();
    for (int i = 0; i < examples.size(); i++) {
      Example example = examples.get(i);
      if (all.get(i).isPresent()) {
        names = all.get(i).get().names();
        rows.add(all.get(i).get().row());
        labels.add(
            example.label() == ClaimVerdict.SUPPORTED
                ? 0
                : example.label() == ClaimVerdict.CONTRADICTED ? 1 : 2);
        weights.add(example.weight());
      }
    }
  }

  /** How many examples teach something. */
  public int size() {
    return rows.size();
  }

  /** The weights as the text of a file that {@link Entailment} reads. */
  public String learn(List<String> remarks) {
    int[] monotone =
        names.stream()
            .mapToInt(n -> RISING.contains(n) ? 1 : FALLING.contains(n) ? -1 : 0)
            .toArray();
    double[][] x = rows.toArray(double[][]::new);
    int[] y = labels.stream().mapToInt(Integer::intValue).toArray();
    double[] weight = weights.stream().mapToDouble(Double::doubleValue).toArray();
    LinearSoftmax linear = LinearSoftmax.learn(x, y, weight, Entailment.CLASSES);
    BoostedTrees trees =
        BoostedTrees.learn(x, y, weight, Entailment.CLASSES, monotone, ROUNDS, RATE);
    StringBuilder text = new StringBuilder();
    remarks.forEach(r -> text.append("# ").append(r).append('\n'));
    return text.append(String.join(" ", names))
        .append('\n')
        .append(linear.write())
        .append(trees.write())
        .toString();
  }

  /** A classifier of weights that were just learnt. */
  public Entailment trained(Optional<WordEmbedder> embedder, String weights) {
    return Entailment.of(embedder, weights);
  }

  /** What the classifier sees of one pair, for whoever examines it. */
  public Map<String, Double> features(String claim, List<String> evidence) {
    return measuring.measure(claim, evidence).map(PairFeatures.Measured::values).orElse(Map.of());
  }
}
