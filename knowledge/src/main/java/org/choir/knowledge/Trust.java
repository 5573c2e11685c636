package org.choir.knowledge;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Trust that flows from a seed set along citations: personalised PageRank with damping 0.85 (Page
 * and others 1999; EigenTrust, Kamvar and others 2003). Accounts that only cite each other get
 * none, however many they are.
 */
public final class Trust {
  private static final double DAMPING = 0.85;
  private static final int ROUNDS_MAX = 200;
  private static final double STILL = 1e-12;

  private Trust() {}

  /**
   * Each author's share of all trust, summing to 1; empty if there is no seed.
   *
   * @param citations from the citing to the cited author; self-citations are left out
   * @param seeds where trust begins, in equal parts
   */
  public static Map<String, Double> flow(Collection<CitationEdge> citations, Set<String> seeds) {
    if (seeds.isEmpty()) {
      return new TreeMap<>();
    }
    TreeSet<String> names = new TreeSet<>(seeds);
    Map<String, Double> given = new HashMap<>();
    // In the order of names, so that sums do not depend on that of the citations.
    TreeMap<String, TreeMap<String, Double>> edges = new TreeMap<>();
    for (CitationEdge edge : citations) {
      names.add(edge.source());
      names.add(edge.target());
      if (!edge.source().equals(edge.target())) {
        edges
            .computeIfAbsent(edge.source(), k -> new TreeMap<>())
            .merge(edge.target(), edge.weight(), Double::sum);
      }
    }
    edges.forEach(
        (source, to) ->
            given.put(source, to.values().stream().mapToDouble(Double::doubleValue).sum()));
    Map<String, Double> trust = new TreeMap<>();
    seeds.forEach(seed -> trust.put(seed, 1.0 / seeds.size()));
    for (int round = 0; round < ROUNDS_MAX; round++) {
      Map<String, Double> next = new TreeMap<>();
      double kept = 0;
      for (Map.Entry<String, Double> each : trust.entrySet()) {
        TreeMap<String, Double> to = edges.get(each.getKey());
        if (to == null) {
          // Who cites nobody sends it back to where it began.
          kept += DAMPING * each.getValue();
        } else {
          double all = given.getOrDefault(each.getKey(), 1.0);
          to.forEach(
              (target, weight) ->
                  next.merge(target, DAMPING * each.getValue() * weight / all, Double::sum));
        }
      }
      double begin = (1 - DAMPING + kept) / seeds.size();
      seeds.forEach(seed -> next.merge(seed, begin, Double::sum));
      double moved = 0;
      for (String name : names) {
        moved += Math.abs(next.getOrDefault(name, 0.0) - trust.getOrDefault(name, 0.0));
      }
      trust.clear();
      trust.putAll(next);
      if (moved < STILL) {
        break;
      }
    }
    return trust;
  }
}
