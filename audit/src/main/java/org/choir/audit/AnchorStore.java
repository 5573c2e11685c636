package org.choir.audit;

import java.util.List;

/**
 * A place outside the log that keeps its checkpoints: create-only, one chain of anchors per log.
 * Thread-safe.
 */
public interface AnchorStore extends AutoCloseable {
  /** A short name of the kind, such as {@code postgres}. */
  String kind();

  /** In plain words: what an anchor there protects against, and what not. */
  String protects();

  /**
   * Stores an anchor.
   *
   * @throws org.choir.core.ChoirException {@code anchor_exists} if there is one of this log and
   *     size already, {@code anchor_unreachable} if the store does not answer
   */
  void put(Anchor anchor);

  /**
   * Every anchor of this log in the order of their sizes, read consistently: what was put is seen.
   *
   * @throws org.choir.core.ChoirException {@code anchor_unreachable}
   */
  List<Anchor> all(String origin);

  @Override
  default void close() {}
}
