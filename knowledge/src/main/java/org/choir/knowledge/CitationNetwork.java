package org.choir.knowledge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A directed, weighted graph in flat arrays: nodes in the order of their names, edges in the order
 * of their ends, parallel edges summed, self-citations left out. The same edges in any order make
 * the same network.
 */
final class CitationNetwork {
  private final List<String> names;
  private final int[] source;
  private final int[] target;
  private final double[] weight;
  private final double[] given;
  private final double[] received;

  private CitationNetwork(List<String> names, int[] source, int[] target, double[] weight) {
    this.names = names;
    this.source = source;
    this.target = target;
    this.weight = weight;
    this.given = new double[names.size()];
    this.received = new double[names.size()];
    for (int e = 0; e < weight.length; e++) {
      given[source[e]] += weight[e];
      received[target[e]] += weight[e];
    }
  }

  static CitationNetwork of(Collection<CitationEdge> edges) {
    TreeSet<String> all = new TreeSet<>();
    for (CitationEdge edge : edges) {
      all.add(edge.source());
      all.add(edge.target());
    }
    List<String> names = List.copyOf(all);
    Map<String, Integer> numbers = LinkedHashMap.newLinkedHashMap(names.size());
    names.forEach(name -> numbers.put(name, numbers.size()));
    record Ends(long key, double weight) {}
    List<Ends> ends = new ArrayList<>(edges.size());
    for (CitationEdge edge : edges) {
      if (!edge.source().equals(edge.target())) {
        long from = numbers.getOrDefault(edge.source(), -1);
        long to = numbers.getOrDefault(edge.target(), -1);
        ends.add(new Ends(from << 32 | to, edge.weight()));
      }
    }
    // By weight too, since a sum of doubles depends on its order.
    ends.sort(
        (a, b) ->
            a.key() != b.key()
                ? Long.compare(a.key(), b.key())
                : Double.compare(a.weight(), b.weight()));
    int[] source = new int[ends.size()];
    int[] target = new int[ends.size()];
    double[] weight = new double[ends.size()];
    int n = 0;
    for (int i = 0; i < ends.size(); i++) {
      if (i > 0 && ends.get(i).key() == ends.get(i - 1).key()) {
        weight[n - 1] += ends.get(i).weight();
      } else {
        source[n] = (int) (ends.get(i).key() >>> 32);
        target[n] = (int) ends.get(i).key();
        weight[n++] = ends.get(i).weight();
      }
    }
    return new CitationNetwork(
        names, Arrays.copyOf(source, n), Arrays.copyOf(target, n), Arrays.copyOf(weight, n));
  }

  int nodes() {
    return names.size();
  }

  int edges() {
    return weight.length;
  }

  String name(int node) {
    return names.get(node);
  }

  int source(int edge) {
    return source[edge];
  }

  int target(int edge) {
    return target[edge];
  }

  double weight(int edge) {
    return weight[edge];
  }

  /** The weight of all citations that this node gives. */
  double given(int node) {
    return given[node];
  }

  /** The weight of all citations that this node receives. */
  double received(int node) {
    return received[node];
  }
}
