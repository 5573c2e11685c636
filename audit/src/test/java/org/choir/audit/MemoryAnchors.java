package org.choir.audit;

import java.util.ArrayList;
import java.util.List;

/** Anchors that a test can see into and tamper with. */
final class MemoryAnchors implements AnchorStore {
  final List<Anchor> anchors = new ArrayList<>();

  @Override
  public String kind() {
    return "memory";
  }

  @Override
  public String protects() {
    return "nothing beyond this test";
  }

  @Override
  public void put(Anchor anchor, AnchorProofs proofs) {
    put(anchor);
  }

  void put(Anchor anchor) {
    anchors.add(anchor);
  }

  @Override
  public List<Anchor> all(String origin) {
    return anchors.stream().filter(a -> a.origin().equals(origin)).toList();
  }
}
