package org.choir.audit;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** The roots of the perfect subtrees of a tree that grows: all that its root needs. */
final class TreeStack {
  private record Part(int height, byte[] hash) {}

  private final TreeHash hash = new TreeHash();
  private final Deque<Part> parts = new ArrayDeque<>();
  private long size;

  void add(byte[] leaf) {
    Part part = new Part(0, leaf);
    while (!parts.isEmpty() && parts.getLast().height() == part.height()) {
      part = new Part(part.height() + 1, hash.node(parts.removeLast().hash(), part.hash()));
    }
    parts.addLast(part);
    size++;
  }

  long size() {
    return size;
  }

  byte[] root() {
    if (parts.isEmpty()) {
      return TreeHash.bytes(TreeHash.ofNothing());
    }
    Iterator<Part> fromRight = parts.descendingIterator();
    byte[] root = fromRight.next().hash();
    while (fromRight.hasNext()) {
      root = hash.node(fromRight.next().hash(), root);
    }
    return root;
  }
}
