package org.choir.knowledge;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The fields of a citation network: groups whose members cite each other more than chance has it,
 * by the Louvain method (Blondel et al. 2008) on the undirected weights. Deterministic: nodes are
 * visited in their order, ties go to the group with the lower number.
 *
 * <p>A group below the least size is joined to the group it exchanges most with. A ring must not
 * become a field of its own, in which its own habits would be what is expected.
 */
final class Communities {
  private static final int PASSES_MAX = 50;
  private static final int LEVELS_MAX = 20;
  private static final double GAIN_MIN = 1e-12;

  /** An undirected graph as adjacency lists in flat arrays; self-loops hold what was merged. */
  private record Level(int[] start, int[] neighbour, double[] weight, double[] loop) {
    int nodes() {
      return loop.length;
    }

    double strength(int node) {
      double sum = loop[node];
      for (int k = start[node]; k < start[node + 1]; k++) {
        sum += weight[k];
      }
      return sum;
    }
  }

  private Communities() {}

  /** The group of each node, numbered from 0 without gaps. */
  static int[] of(CitationNetwork network, int sizeMin) {
    Level level = undirected(network);
    int[] group = IntStream.range(0, network.nodes()).toArray();
    for (int depth = 0; depth < LEVELS_MAX; depth++) {
      int[] local = move(level);
      int groups = number(local);
      if (groups == level.nodes()) {
        break;
      }
      for (int i = 0; i < group.length; i++) {
        group[i] = local[group[i]];
      }
      level = merged(level, local, groups);
    }
    number(group);
    return joined(network, group, sizeMin);
  }

  private static Level undirected(CitationNetwork network) {
    int n = network.nodes();
    int[] from = new int[2 * network.edges()];
    int[] to = new int[from.length];
    double[] weight = new double[from.length];
    for (int e = 0; e < network.edges(); e++) {
      from[2 * e] = to[2 * e + 1] = network.source(e);
      to[2 * e] = from[2 * e + 1] = network.target(e);
      weight[2 * e] = weight[2 * e + 1] = network.weight(e);
    }
    return level(n, from, to, weight, new double[n]);
  }

  private static Level level(int n, int[] from, int[] to, double[] weight, double[] loop) {
    int[] start = new int[n + 1];
    for (int f : from) {
      start[f + 1]++;
    }
    for (int i = 0; i < n; i++) {
      start[i + 1] += start[i];
    }
    int[] next = Arrays.copyOf(start, n);
    int[] neighbour = new int[from.length];
    double[] weights = new double[from.length];
    for (int k = 0; k < from.length; k++) {
      int place = next[from[k]]++;
      neighbour[place] = to[k];
      weights[place] = weight[k];
    }
    return new Level(start, neighbour, weights, loop);
  }

  /** Moves each node to the neighbouring group that gains most, until nothing gains. */
  private static int[] move(Level level) {
    int n = level.nodes();
    int[] group = IntStream.range(0, n).toArray();
    double[] strength = new double[n];
    double total = 0;
    for (int i = 0; i < n; i++) {
      strength[i] = level.strength(i);
      total += strength[i];
    }
    if (total == 0) {
      return group;
    }
    double[] groupStrength = strength.clone();
    double[] shared = new double[n];
    int[] touched = new int[n];
    for (int pass = 0; pass < PASSES_MAX; pass++) {
      boolean moved = false;
      for (int i = 0; i < n; i++) {
        int count = 0;
        for (int k = level.start()[i]; k < level.start()[i + 1]; k++) {
          int g = group[level.neighbour()[k]];
          if (shared[g] == 0) {
            touched[count++] = g;
          }
          shared[g] += level.weight()[k];
        }
        int own = group[i];
        groupStrength[own] -= strength[i];
        int best = own;
        double bestGain = shared[own] - groupStrength[own] * strength[i] / total;
        for (int c = 0; c < count; c++) {
          int g = touched[c];
          double gain = shared[g] - groupStrength[g] * strength[i] / total;
          if (gain > bestGain + GAIN_MIN || (gain > bestGain - GAIN_MIN && g < best && g != own)) {
            best = g;
            bestGain = Math.max(gain, bestGain);
          }
        }
        for (int c = 0; c < count; c++) {
          shared[touched[c]] = 0;
        }
        groupStrength[best] += strength[i];
        moved |= best != own;
        group[i] = best;
      }
      if (!moved) {
        break;
      }
    }
    return group;
  }

  private static Level merged(Level level, int[] group, int groups) {
    double[] loop = new double[groups];
    int edges = 0;
    int[] from = new int[level.neighbour().length];
    int[] to = new int[from.length];
    double[] weight = new double[from.length];
    for (int i = 0; i < level.nodes(); i++) {
      loop[group[i]] += level.loop()[i];
      for (int k = level.start()[i]; k < level.start()[i + 1]; k++) {
        int g = group[i];
        int h = group[level.neighbour()[k]];
        if (g == h) {
          loop[g] += level.weight()[k];
        } else {
          from[edges] = g;
          to[edges] = h;
          weight[edges++] = level.weight()[k];
        }
      }
    }
    return level(
        groups,
        Arrays.copyOf(from, edges),
        Arrays.copyOf(to, edges),
        Arrays.copyOf(weight, edges),
        loop);
  }

  /** Numbers groups from 0 in the order in which they first appear; the count of them. */
  private static int number(int[] group) {
    int[] names = new int[Arrays.stream(group).max().orElse(-1) + 1];
    Arrays.fill(names, -1);
    int next = 0;
    for (int i = 0; i < group.length; i++) {
      if (names[group[i]] < 0) {
        names[group[i]] = next++;
      }
      group[i] = names[group[i]];
    }
    return next;
  }

  private static int[] joined(CitationNetwork network, int[] group, int sizeMin) {
    while (true) {
      int groups = number(group);
      int[] size = new int[groups];
      for (int g : group) {
        size[g]++;
      }
      int small = -1;
      for (int g = 0; g < groups; g++) {
        small = size[g] < sizeMin && (small < 0 || size[g] < size[small]) ? g : small;
      }
      if (small < 0 || groups == 1) {
        return group;
      }
      double[] exchanged = new double[groups];
      for (int e = 0; e < network.edges(); e++) {
        int g = group[network.source(e)];
        int h = group[network.target(e)];
        if (g == small && h != small) {
          exchanged[h] += network.weight(e);
        } else if (h == small && g != small) {
          exchanged[g] += network.weight(e);
        }
      }
      int into = small == 0 ? 1 : 0;
      for (int g = 0; g < groups; g++) {
        if (g != small && exchanged[g] > exchanged[into]) {
          into = g;
        }
      }
      for (int i = 0; i < group.length; i++) {
        if (group[i] == small) {
          group[i] = into;
        }
      }
    }
  }
}
