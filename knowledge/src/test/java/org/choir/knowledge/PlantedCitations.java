package org.choir.knowledge;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Made-up citations of several fields, with habits as honest authors have them. */
final class PlantedCitations {
  private final Random random;
  private final int authors;
  final List<CitationEdge> edges = new ArrayList<>();

  /** Each author cites some 30 times, five of six times in the own field, the known more often. */
  PlantedCitations(long seed, int fields, int authors) {
    this.random = new Random(seed);
    this.authors = authors;
    for (int f = 0; f < fields; f++) {
      for (int a = 0; a < authors; a++) {
        int citations = 10 + random.nextInt(40);
        for (int c = 0; c < citations; c++) {
          int to = random.nextInt(6) > 0 ? f : random.nextInt(fields);
          edges.add(new CitationEdge(name(f, a), name(to, known()), 1));
        }
      }
    }
  }

  /** Squared, so that few receive much. */
  private int known() {
    double x = random.nextDouble();
    return (int) (x * x * authors);
  }

  static String name(int field, int author) {
    return "f" + field + "a" + author;
  }

  /** Members cite each other this often on top of their honest citations. */
  PlantedCitations ring(List<String> members, int each) {
    for (String from : members) {
      for (String to : members) {
        if (!from.equals(to)) {
          edges.add(new CitationEdge(from, to, each));
        }
      }
    }
    return this;
  }
}
