package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.choir.core.ChoirException;

/**
 * Gradient-boosted regression trees under a softmax (Friedman 2001, with the second-order leaves of
 * Chen and Guestrin 2016), small and deterministic: the same examples give the same trees on every
 * machine. A feature may be held monotone for the first class, so that more of it never lowers (or
 * raises) that class's score, whatever the examples happen to say.
 */
final class BoostedTrees {
  private static final int BINS = 24;
  private static final int DEPTH = 3;
  private static final double SMOOTH = 6;
  private static final double WEIGHT_MIN = 12;

  private final int classes;
  private final double[] prior;

  /** One tree per class and round, one after another. */
  private final List<Node> trees;

  private final double rate;

  private record Node(int feature, double threshold, double value, Node[] sides) {
    double of(double[] x) {
      Node at = this;
      while (at.sides.length == 2) {
        at = at.sides[x[at.feature] <= at.threshold ? 0 : 1];
      }
      return at.value;
    }
  }

  private BoostedTrees(int classes, double[] prior, List<Node> trees, double rate) {
    this.classes = classes;
    this.prior = prior;
    this.trees = trees;
    this.rate = rate;
  }

  /** The probability of each class. */
  double[] of(double[] x) {
    double[] scores = prior.clone();
    for (int i = 0; i < trees.size(); i++) {
      scores[i % classes] += rate * trees.get(i).of(x);
    }
    return softmax(scores);
  }

  /** Probabilities from scores. */
  static double[] softmax(double[] scores) {
    double top = Arrays.stream(scores).max().orElse(0);
    double[] p = new double[scores.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(scores[i] - top);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }

  /**
   * Learns.
   *
   * @param x one row of features per example
   * @param y the class of each, from 0
   * @param weight of each
   * @param monotone per feature 1, -1 or 0, for class 0
   */
  static BoostedTrees learn(
      double[][] x,
      int[] y,
      double[] weight,
      int classes,
      int[] monotone,
      int rounds,
      double rate) {
    return new Learning(x, y, weight, classes, monotone).learn(rounds, rate);
  }

  private static final class Learning {
    private final double[][] edges;
    private final byte[][] bins;
    private final double[][] x;
    private final int[] y;
    private final double[] weight;
    private final int classes;
    private final int[] monotone;
    private final double[] gradient;
    private final double[] curvature;

    Learning(double[][] x, int[] y, double[] weight, int classes, int[] monotone) {
      this.x = x;
      this.y = y;
      this.weight = weight;
      this.classes = classes;
      this.monotone = monotone;
      this.gradient = new double[x.length];
      this.curvature = new double[x.length];
      int features = x[0].length;
      this.edges = new double[features][];
      this.bins = new byte[features][x.length];
      for (int f = 0; f < features; f++) {
        bin(f);
      }
    }

    private void bin(int f) {
      double[] sorted = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        sorted[i] = x[i][f];
      }
      Arrays.sort(sorted);
      double[] distinct = Arrays.stream(sorted).distinct().toArray();
      List<Double> cut = new ArrayList<>();
      for (int b = 1; b < BINS; b++) {
        double low =
            distinct.length <= BINS
                ? (b < distinct.length ? distinct[b - 1] : Double.NaN)
                : sorted[(int) ((long) b * sorted.length / BINS)];
        if (!Double.isNaN(low) && (cut.isEmpty() || low > cut.getLast())) {
          cut.add(low);
        }
      }
      edges[f] = cut.stream().mapToDouble(Double::doubleValue).toArray();
      for (int i = 0; i < x.length; i++) {
        int b = 0;
        while (b < edges[f].length && x[i][f] > edges[f][b]) {
          b++;
        }
        bins[f][i] = (byte) b;
      }
    }

    BoostedTrees learn(int rounds, double rate) {
      double[] prior = new double[classes];
      double[][] scores = new double[x.length][classes];
      List<Node> trees = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        double[][] p = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
          p[i] = softmax(scores[i]);
        }
        for (int k = 0; k < classes; k++) {
          for (int i = 0; i < x.length; i++) {
            gradient[i] = weight[i] * ((y[i] == k ? 1 : 0) - p[i][k]);
            curvature[i] = weight[i] * Math.max(1e-6, p[i][k] * (1 - p[i][k]));
          }
          int[] all = new int[x.length];
          Arrays.setAll(all, i -> i);
          Node tree = grow(all, DEPTH, k == 0, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
          trees.add(tree);
          for (int i = 0; i < x.length; i++) {
            scores[i][k] += rate * tree.of(x[i]);
          }
        }
      }
      return new BoostedTrees(classes, prior, trees, rate);
    }

    private static double leaf(double g, double h) {
      return g / (h + SMOOTH);
    }

    private Node grow(int[] rows, int depth, boolean first, double low, double high) {
      double g = 0;
      double h = 0;
      for (int row : rows) {
        g += gradient[row];
        h += curvature[row];
      }
      double value = Math.clamp(leaf(g, h), low, high);
      Node leaf = new Node(0, 0, value, new Node[0]);
      if (depth == 0) {
        return leaf;
      }
      double bestGain = 1e-3;
      int bestFeature = -1;
      int bestBin = -1;
      for (int f = 0; f < edges.length; f++) {
        int n = edges[f].length;
        if (n == 0) {
          continue;
        }
        double[] gs = new double[n + 1];
        double[] hs = new double[n + 1];
        double[] ws = new double[n + 1];
        double all = 0;
        for (int row : rows) {
          int b = bins[f][row];
          gs[b] += gradient[row];
          hs[b] += curvature[row];
          ws[b] += weight[row];
          all += weight[row];
        }
        double gl = 0;
        double hl = 0;
        double wl = 0;
        for (int b = 0; b < n; b++) {
          gl += gs[b];
          hl += hs[b];
          wl += ws[b];
          if (wl < WEIGHT_MIN || all - wl < WEIGHT_MIN) {
            continue;
          }
          double left = leaf(gl, hl);
          double right = leaf(g - gl, h - hl);
          boolean against = first && monotone[f] != 0 && (right - left) * monotone[f] < 0;
          double gain =
              gl * gl / (hl + SMOOTH)
                  + (g - gl) * (g - gl) / (h - hl + SMOOTH)
                  - g * g / (h + SMOOTH);
          if (!against && gain > bestGain) {
            bestGain = gain;
            bestFeature = f;
            bestBin = b;
          }
        }
      }
      if (bestFeature < 0) {
        return leaf;
      }
      return split(rows, depth, first, low, high, bestFeature, bestBin);
    }

    private Node split(
        int[] rows, int depth, boolean first, double low, double high, int feature, int bin) {
      int[] left = Arrays.stream(rows).filter(row -> bins[feature][row] <= bin).toArray();
      int[] right = Arrays.stream(rows).filter(row -> bins[feature][row] > bin).toArray();
      double middle = (value(left) + value(right)) / 2;
      int way = first ? monotone[feature] : 0;
      // The children of a monotone split keep to their sides of its middle.
      Node[] sides = {
        grow(
            left,
            depth - 1,
            first,
            way < 0 ? clamp(middle, low, high) : low,
            way > 0 ? clamp(middle, low, high) : high),
        grow(
            right,
            depth - 1,
            first,
            way > 0 ? clamp(middle, low, high) : low,
            way < 0 ? clamp(middle, low, high) : high)
      };
      return new Node(feature, edges[feature][bin], 0, sides);
    }

    private static double clamp(double value, double low, double high) {
      return Math.max(low, Math.min(high, value));
    }

    private double value(int[] rows) {
      double g = 0;
      double h = 0;
      for (int row : rows) {
        g += gradient[row];
        h += curvature[row];
      }
      return leaf(g, h);
    }
  }

  /** The trees as lines of text: a head line, then one tree a line, nodes in prefix order. */
  String write() {
    StringBuilder out = new StringBuilder();
    out.append(classes).append(' ').append(rate).append('\n');
    for (Node tree : trees) {
      write(tree, out);
      out.setCharAt(out.length() - 1, '\n');
    }
    return out.toString();
  }

  private static void write(Node node, StringBuilder out) {
    if (node.sides.length == 0) {
      out.append("l ").append(String.format(Locale.ROOT, "%.5f", node.value)).append(' ');
    } else {
      out.append(node.feature).append(' ');
      out.append(String.format(Locale.ROOT, "%.5f", node.threshold)).append(' ');
      write(node.sides[0], out);
      write(node.sides[1], out);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws ChoirException {@code bad_weights} if it is not that
   */
  static BoostedTrees read(List<String> lines) {
    try {
      String[] head = lines.getFirst().split(" ", -1);
      int classes = Integer.parseInt(head[0]);
      List<Node> trees = new ArrayList<>();
      for (String line : lines.subList(1, lines.size())) {
        String[] parts = line.split(" ", -1);
        int[] at = {0};
        trees.add(read(parts, at));
      }
      return new BoostedTrees(classes, new double[classes], trees, Double.parseDouble(head[1]));
    } catch (NumberFormatException
        | IndexOutOfBoundsException
        | java.util.NoSuchElementException e) {
      throw ChoirException.fatal(
          "bad_weights", "the classifier's weights cannot be read", "train them again", e);
    }
  }

  private static Node read(String[] parts, int[] at) {
    String first = parts[at[0]++];
    double number = Double.parseDouble(parts[at[0]++]);
    return first.equals("l")
        ? new Node(0, 0, number, new Node[0])
        : new Node(
            Integer.parseInt(first), number, 0, new Node[] {read(parts, at), read(parts, at)});
  }
}
