package org.choir.audit;

import java.util.ArrayList;
import java.util.List;
import org.choir.audit.LogVerifier.Problem;

/** The problems of one check, the first hundred of them. */
final class LogProblems {
  private static final int MAX = 100;
  private final List<Problem> found = new ArrayList<>();

  void add(String kind, String file, long index, String message) {
    if (found.size() < MAX) {
      found.add(new Problem(kind, file, index, message));
    }
  }

  /** Adds it unless a problem with an index in {@code [from, to)} explains it already. */
  void addUnlessNamed(String kind, String file, long from, long to, String message) {
    if (found.stream().noneMatch(p -> p.index() >= from && p.index() < to)) {
      add(kind, file, from, message);
    }
  }

  boolean isFull() {
    return found.size() >= MAX;
  }

  List<Problem> all() {
    return found;
  }
}
