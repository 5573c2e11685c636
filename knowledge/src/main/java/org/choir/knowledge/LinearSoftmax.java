package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.choir.core.ChoirException;

/**
 * Multinomial logistic regression over standardised features, learnt by gradient descent with
 * momentum. It errs otherwise than trees do, so that the mean of both is better than either.
 * Deterministic.
 */
final class LinearSoftmax {
  /** How many lines {@link #write} gives for so many classes. */
  static int lines(int classes) {
    return classes + 2;
  }

  private static final int STEPS = 300;
  private static final double STEP = 0.3;
  private static final double MOMENTUM = 0.9;
  private static final double PENALTY = 0.01;

  /** Features further out than so many deviations are as if they were there. */
  private static final double FAR = 4;

  private final double[] means;
  private final double[] deviations;

  /** One row per class: a coefficient per feature, and the constant. */
  private final double[][] coefficients;

  private LinearSoftmax(double[] means, double[] deviations, double[][] coefficients) {
    this.means = means;
    this.deviations = deviations;
    this.coefficients = coefficients;
  }

  /** Learns as {@link BoostedTrees#learn} does, from the same arguments. */
  static LinearSoftmax learn(double[][] x, int[] y, double[] weight, int classes) {
    int features = x[0].length;
    double all = Arrays.stream(weight).sum();
    double[] means = new double[features];
    double[] deviations = new double[features];
    for (int f = 0; f < features; f++) {
      for (int i = 0; i < x.length; i++) {
        means[f] += weight[i] / all * x[i][f];
      }
      for (int i = 0; i < x.length; i++) {
        deviations[f] += weight[i] / all * (x[i][f] - means[f]) * (x[i][f] - means[f]);
      }
      deviations[f] = rounded(Math.sqrt(deviations[f]) + 1e-4);
      means[f] = rounded(means[f]);
    }
    LinearSoftmax model = new LinearSoftmax(means, deviations, new double[classes][features + 1]);
    double[][] scaled = Arrays.stream(x).map(model::scaled).toArray(double[][]::new);
    double[][] speed = new double[classes][features + 1];
    for (int step = 0; step < STEPS; step++) {
      model.step(scaled, y, weight, all, speed);
    }
    for (double[] row : model.coefficients) {
      Arrays.setAll(row, j -> rounded(row[j]));
    }
    return model;
  }

  private void step(double[][] x, int[] y, double[] weight, double all, double[][] speed) {
    int last = means.length;
    double[][] gradient = new double[coefficients.length][last + 1];
    for (int i = 0; i < x.length; i++) {
      double[] p = ofScaled(x[i]);
      for (int c = 0; c < p.length; c++) {
        double error = weight[i] / all * (p[c] - (y[i] == c ? 1 : 0));
        for (int f = 0; f <= last; f++) {
          gradient[c][f] += error * x[i][f];
        }
      }
    }
    for (int c = 0; c < coefficients.length; c++) {
      for (int f = 0; f <= last; f++) {
        double slope = gradient[c][f] + (f < last ? PENALTY * coefficients[c][f] : 0);
        speed[c][f] = MOMENTUM * speed[c][f] - STEP * slope;
        coefficients[c][f] += speed[c][f];
      }
    }
  }

  /** The probability of each class. */
  double[] of(double[] x) {
    return ofScaled(scaled(x));
  }

  private double[] scaled(double[] x) {
    double[] scaled = new double[means.length + 1];
    for (int f = 0; f < means.length; f++) {
      scaled[f] = Math.clamp((x[f] - means[f]) / deviations[f], -FAR, FAR);
    }
    scaled[means.length] = 1;
    return scaled;
  }

  private double[] ofScaled(double[] x) {
    double[] scores = new double[coefficients.length];
    for (int c = 0; c < scores.length; c++) {
      for (int f = 0; f < x.length; f++) {
        scores[c] += coefficients[c][f] * x[f];
      }
    }
    return BoostedTrees.softmax(scores);
  }

  private static double rounded(double value) {
    return Math.rint(value * 1e5) / 1e5;
  }

  /** Means, deviations, and a line of coefficients per class. */
  String write() {
    return line(means)
        + line(deviations)
        + Arrays.stream(coefficients).map(LinearSoftmax::line).collect(Collectors.joining());
  }

  private static String line(double[] values) {
    return Arrays.stream(values)
            .mapToObj(v -> String.format(Locale.ROOT, "%.5f", v))
            .collect(Collectors.joining(" "))
        + "\n";
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws ChoirException {@code bad_weights}
   */
  static LinearSoftmax read(List<String> lines) {
    List<double[]> rows = new ArrayList<>();
    try {
      for (String line : lines) {
        rows.add(Arrays.stream(line.split(" ", -1)).mapToDouble(Double::parseDouble).toArray());
      }
    } catch (NumberFormatException e) {
      throw ChoirException.fatal(
          "bad_weights", "a weight is no number: " + e.getMessage(), "train again", e);
    }
    int features = rows.getFirst().length;
    boolean fits =
        rows.get(1).length == features
            && IntStream.range(2, rows.size()).allMatch(c -> rows.get(c).length == features + 1);
    if (!fits) {
      throw ChoirException.fatal(
          "bad_weights", "the lines of weights differ in length", "train again", null);
    }
    return new LinearSoftmax(
        rows.get(0), rows.get(1), rows.subList(2, rows.size()).toArray(double[][]::new));
  }
}
