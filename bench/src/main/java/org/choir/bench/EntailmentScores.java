package org.choir.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.choir.core.Json;
import org.choir.knowledge.ClaimVerdict;

/** Counts of an evaluation: confusion, balanced accuracy, area under the ROC curve. */
final class EntailmentScores {
  private final Map<String, Map<String, Integer>> confusion = new TreeMap<>();
  private final Map<String, Integer> verdicts = new TreeMap<>();
  private final List<Double> positive = new ArrayList<>();
  private final List<Double> negative = new ArrayList<>();
  private int claims;
  private int labelled;
  private double squares;

  void add(ClaimVerdict verdict, double score) {
    claims++;
    verdicts.merge(verdict.word(), 1, Integer::sum);
  }

  /** As {@link #add(ClaimVerdict, double)}, with what a person says of it. */
  void add(ClaimVerdict verdict, double score, ClaimVerdict label) {
    add(verdict, score);
    labelled++;
    confusion
        .computeIfAbsent(label.word(), k -> new TreeMap<>())
        .merge(verdict.word(), 1, Integer::sum);
    boolean supported = label == ClaimVerdict.SUPPORTED;
    (supported ? positive : negative).add(score);
    squares += (score - (supported ? 1 : 0)) * (score - (supported ? 1 : 0));
  }

  /** The mean share of each label's claims that got that label. */
  double balancedAccuracy() {
    return confusion.entrySet().stream()
        .mapToDouble(
            row -> {
              int all = row.getValue().values().stream().mapToInt(Integer::intValue).sum();
              return (double) row.getValue().getOrDefault(row.getKey(), 0) / all;
            })
        .average()
        .orElse(0);
  }

  /** The same for supported against the rest. */
  double balancedAccuracyOfSupport() {
    double right = 0;
    double rest = 0;
    int restAll = 0;
    int rightAll = 0;
    for (Map.Entry<String, Map<String, Integer>> row : confusion.entrySet()) {
      int all = row.getValue().values().stream().mapToInt(Integer::intValue).sum();
      int called = row.getValue().getOrDefault("supported", 0);
      if (row.getKey().equals("supported")) {
        right += called;
        rightAll += all;
      } else {
        rest += all - called;
        restAll += all;
      }
    }
    return rightAll == 0 || restAll == 0 ? 0 : (right / rightAll + rest / restAll) / 2;
  }

  /** How often a supported claim scores above another; ties count half. */
  double auroc() {
    if (positive.isEmpty() || negative.isEmpty()) {
      return 0;
    }
    double[] sorted = negative.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double wins = 0;
    for (double score : positive) {
      wins += (below(sorted, score, false) + below(sorted, score, true)) / 2.0;
    }
    return wins / ((double) positive.size() * negative.size());
  }

  private static int below(double[] sorted, double score, boolean equalToo) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < score || (equalToo && sorted[middle] == score)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  double brier() {
    return labelled == 0 ? 0 : squares / labelled;
  }

  ObjectNode toJson() {
    ObjectNode json = Json.object().put("summary", true).put("claims", claims);
    ObjectNode counts = json.putObject("counts");
    verdicts.forEach(counts::put);
    if (labelled > 0) {
      json.put("labelled", labelled)
          .put("balanced_accuracy", rounded(balancedAccuracy()))
          .put("balanced_accuracy_supported", rounded(balancedAccuracyOfSupport()))
          .put("auroc", rounded(auroc()))
          .put("brier", rounded(brier()));
      ObjectNode rows = json.putObject("confusion");
      confusion.forEach((label, row) -> row.forEach(rows.withObjectProperty(label)::put));
    }
    return json;
  }

  static double rounded(double value) {
    return Math.rint(value * 1e4) / 1e4;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d claims: balanced accuracy %.3f (supported against the rest %.3f), AUROC %.3f, Brier %.3f, %s",
        claims,
        balancedAccuracy(),
        balancedAccuracyOfSupport(),
        auroc(),
        brier(),
        confusion);
  }
}
