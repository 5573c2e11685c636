package org.choir.knowledge;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Finds citation rings, after CIDRE (Kojaku, Livan, Masuda 2021): fields first; then a null model
 * in which each cites as its field does, in proportion to what it gives and others receive; edges
 * above it at a false-discovery rate of 1 % (Benjamini and Hochberg 1995); then nodes are peeled
 * off for which such edges are less than 15 % of what they give and of what they receive; what
 * hangs together is a ring.
 *
 * <p>A ring whose single edges are each too thin for that is looked for afterwards: among edges
 * that are merely unusual, the small groups whose citations together are too many, judged against
 * the number of all groups of that size.
 *
 * <p>A pure function of the edges; their order does not matter.
 */
public final class RingDetector {
  /** The share of edges found by chance among those found that is put up with. */
  private static final double FALSE_DISCOVERY = 0.01;

  /** Whoever neither gives nor receives this share inside the group is not of it. */
  private static final double SHARE_MIN = 0.15;

  /** A field is at least this large, so that no ring is a field of its own. */
  private static final int FIELD_MIN = 40;

  /** A couple of citations are no ring, however small a field is. */
  private static final double INSIDE_MIN = 6;

  /** An unusual edge: its probability by itself, and the least weight. */
  private static final double UNUSUAL = 0.01;

  private static final double UNUSUAL_WEIGHT_MIN = 2;

  /** A thin ring is small, and cites itself this many times more than expected. */
  private static final int THIN_MAX = 30;

  private static final double THIN_RATIO_MIN = 4;

  private final CitationNetwork network;
  private final int[] field;
  private final double[] fieldGiven;
  private final double[] fieldReceived;
  private final double[] between;
  private final int fields;
  private final double[] log;

  private RingDetector(CitationNetwork network) {
    this.network = network;
    this.field = Communities.of(network, Math.min(FIELD_MIN, Math.max(1, network.nodes() / 2)));
    this.fields = Arrays.stream(field).max().orElse(-1) + 1;
    this.fieldGiven = new double[fields];
    this.fieldReceived = new double[fields];
    this.between = new double[fields * fields];
    for (int e = 0; e < network.edges(); e++) {
      int g = field[network.source(e)];
      int h = field[network.target(e)];
      fieldGiven[g] += network.weight(e);
      fieldReceived[h] += network.weight(e);
      between[g * fields + h] += network.weight(e);
    }
    this.log = new double[network.edges()];
    for (int e = 0; e < log.length; e++) {
      log[e] = PoissonTail.log(network.weight(e), expected(network.source(e), network.target(e)));
    }
  }

  /** The rings among these citations, the most certain first. */
  public static List<Ring> rings(Collection<CitationEdge> edges) {
    CitationNetwork network = CitationNetwork.of(edges);
    return network.edges() == 0 ? List.of() : new RingDetector(network).find();
  }

  private List<Ring> find() {
    boolean[] excessive = excessive();
    List<List<Integer>> groups = connected(excessive, peeled(excessive, n -> true));
    List<Ring> rings = new ArrayList<>();
    boolean[] taken = new boolean[network.nodes()];
    for (List<Integer> group : groups) {
      Ring ring = ring(group, excessive, Math.log(groups.size()));
      if (ring.inside() >= INSIDE_MIN && ring.p() < FALSE_DISCOVERY) {
        rings.add(ring);
        group.forEach(i -> taken[i] = true);
      }
    }
    rings.addAll(thin(taken));
    rings.sort(
        Comparator.comparingDouble(Ring::p)
            .thenComparing(Comparator.comparingDouble(Ring::inside).reversed())
            .thenComparing(r -> r.members().getFirst()));
    return List.copyOf(rings);
  }

  /** Rings among the nodes not taken, each of whose edges by itself could be chance. */
  private List<Ring> thin(boolean[] taken) {
    boolean[] unusual = new boolean[network.edges()];
    for (int e = 0; e < unusual.length; e++) {
      unusual[e] = log[e] < Math.log(UNUSUAL) && network.weight(e) >= UNUSUAL_WEIGHT_MIN;
    }
    List<Ring> rings = new ArrayList<>();
    for (List<Integer> group : connected(unusual, peeled(unusual, i -> !taken[i]))) {
      List<Integer> core = core(group, unusual);
      Ring ring = ring(core, unusual, logGroups(core.size()));
      boolean each =
          ring.roles().stream().allMatch(r -> Math.max(r.gives(), r.receives()) >= SHARE_MIN);
      if (each
          && core.size() > 2
          && ring.inside() >= THIN_RATIO_MIN * ring.expected()
          && ring.p() < FALSE_DISCOVERY) {
        rings.add(ring);
      }
    }
    return rings;
  }

  /**
   * The part of a group that is least likely: nodes with the least unusual weight are taken off one
   * by one, and the best of what was left on the way is kept.
   */
  private List<Integer> core(List<Integer> group, boolean[] unusual) {
    boolean[] in = among(group);
    int[] edges =
        IntStream.range(0, network.edges())
            .filter(e -> unusual[e] && in[network.source(e)] && in[network.target(e)])
            .toArray();
    double[] weight = new double[network.nodes()];
    for (int e : edges) {
      weight[network.source(e)] += network.weight(e);
      weight[network.target(e)] += network.weight(e);
    }
    Set<Integer> left = new TreeSet<>(group);
    List<Integer> best = List.copyOf(group);
    double bestLog = Double.POSITIVE_INFINITY;
    while (left.size() > 2) {
      if (left.size() <= THIN_MAX) {
        List<Integer> now = List.copyOf(left);
        double nowLog = PoissonTail.log(inside(now), expectedInside(now)) + logGroups(now.size());
        if (nowLog < bestLog) {
          bestLog = nowLog;
          best = now;
        }
      }
      int least = Collections.min(left, Comparator.comparingDouble((Integer i) -> weight[i]));
      left.remove(least);
      in[least] = false;
      for (int e : edges) {
        if (network.source(e) == least || network.target(e) == least) {
          weight[network.source(e)] -= network.weight(e);
          weight[network.target(e)] -= network.weight(e);
        }
      }
    }
    return best;
  }

  /** The logarithm of how many groups of this size there are, of all sizes one among n. */
  private double logGroups(int size) {
    int n = network.nodes();
    return PoissonTail.logGamma(n + 1.0)
        - PoissonTail.logGamma(size + 1.0)
        - PoissonTail.logGamma(n - size + 1.0)
        + Math.log(n);
  }

  /** What the null model expects between two nodes. */
  private double expected(int from, int to) {
    int g = field[from];
    int h = field[to];
    double out = fieldGiven[g] == 0 ? 0 : network.given(from) / fieldGiven[g];
    double in = fieldReceived[h] == 0 ? 0 : network.received(to) / fieldReceived[h];
    return between[g * fields + h] * out * in;
  }

  private boolean[] excessive() {
    int edges = network.edges();
    double[] sorted = log.clone();
    Arrays.sort(sorted);
    double limit = Double.NEGATIVE_INFINITY;
    boolean any = false;
    for (int k = 0; k < edges; k++) {
      if (sorted[k] <= Math.log(FALSE_DISCOVERY * (k + 1) / edges)) {
        limit = sorted[k];
        any = true;
      }
    }
    boolean[] excessive = new boolean[edges];
    for (int e = 0; any && e < edges; e++) {
      excessive[e] = log[e] <= limit;
    }
    return excessive;
  }

  /** The nodes that stay when those with too small a share inside are taken off one by one. */
  private boolean[] peeled(boolean[] excessive, IntPredicate candidate) {
    boolean[] in = new boolean[network.nodes()];
    for (int e = 0; e < network.edges(); e++) {
      if (excessive[e]) {
        in[network.source(e)] |= candidate.test(network.source(e));
        in[network.target(e)] |= candidate.test(network.target(e));
      }
    }
    while (true) {
      double[] gives = new double[network.nodes()];
      double[] receives = new double[network.nodes()];
      shares(excessive, in, gives, receives);
      boolean changed = false;
      for (int i = 0; i < in.length; i++) {
        if (in[i] && Math.max(gives[i], receives[i]) < SHARE_MIN) {
          in[i] = false;
          changed = true;
        }
      }
      if (!changed) {
        return in;
      }
    }
  }

  private void shares(boolean[] excessive, boolean[] in, double[] gives, double[] receives) {
    for (int e = 0; e < network.edges(); e++) {
      int from = network.source(e);
      int to = network.target(e);
      if (excessive[e] && in[from] && in[to]) {
        gives[from] += network.weight(e) / network.given(from);
        receives[to] += network.weight(e) / network.received(to);
      }
    }
  }

  private List<List<Integer>> connected(boolean[] excessive, boolean[] in) {
    List<List<Integer>> near = new ArrayList<>();
    IntStream.range(0, network.nodes()).forEach(i -> near.add(new ArrayList<>()));
    for (int e = 0; e < network.edges(); e++) {
      if (excessive[e] && in[network.source(e)] && in[network.target(e)]) {
        near.get(network.source(e)).add(network.target(e));
        near.get(network.target(e)).add(network.source(e));
      }
    }
    List<List<Integer>> groups = new ArrayList<>();
    boolean[] seen = new boolean[network.nodes()];
    for (int i = 0; i < seen.length; i++) {
      if (!seen[i] && !near.get(i).isEmpty()) {
        List<Integer> group = new ArrayList<>();
        ArrayDeque<Integer> open = new ArrayDeque<>(List.of(i));
        seen[i] = true;
        while (!open.isEmpty()) {
          int node = open.remove();
          group.add(node);
          for (int next : near.get(node)) {
            if (!seen[next]) {
              seen[next] = true;
              open.add(next);
            }
          }
        }
        group.sort(null);
        groups.add(group);
      }
    }
    return groups;
  }

  private Ring ring(List<Integer> group, boolean[] excessive, double logLooked) {
    double inside = inside(group);
    double expected = expectedInside(group);
    double[] gives = new double[network.nodes()];
    double[] receives = new double[network.nodes()];
    shares(excessive, among(group), gives, receives);
    List<Ring.Role> roles =
        group.stream().map(i -> new Ring.Role(network.name(i), gives[i], receives[i])).toList();
    double p = Math.exp(Math.min(0, logLooked + PoissonTail.log(inside, expected)));
    return new Ring(group.stream().map(network::name).toList(), p, inside, expected, roles);
  }

  private double inside(List<Integer> group) {
    boolean[] in = among(group);
    double inside = 0;
    for (int e = 0; e < network.edges(); e++) {
      inside += in[network.source(e)] && in[network.target(e)] ? network.weight(e) : 0;
    }
    return inside;
  }

  private double expectedInside(List<Integer> group) {
    double expected = 0;
    for (int from : group) {
      for (int to : group) {
        expected += from == to ? 0 : expected(from, to);
      }
    }
    return expected;
  }

  private boolean[] among(List<Integer> group) {
    boolean[] in = new boolean[network.nodes()];
    group.forEach(i -> in[i] = true);
    return in;
  }
}
