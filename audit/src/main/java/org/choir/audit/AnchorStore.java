package org.choir.audit;

import java.util.List;
import java.util.Optional;

/**
 * A place outside the log that keeps its anchors: create-only, one chain of anchors per log.
 * Thread-safe.
 */
public interface AnchorStore extends AutoCloseable {
  /** A short name of the kind, such as {@code postgres}. */
  String kind();

  /** In plain words: what an anchor there protects against, and what not. */
  String protects();

  /**
   * Stores an anchor, with whatever the store adds to it.
   *
   * @throws AnchorException {@code anchor_exists} if there is one of this log and size already,
   *     {@code anchor_unreachable} if the store does not answer, {@code anchor_refused} if it
   *     answers wrongly
   */
  void put(Anchor anchor, AnchorProofs proofs);

  /**
   * Every anchor of this log by the sizes they are stored under, read consistently: what was put is
   * seen.
   *
   * @throws AnchorException {@code anchor_unreachable}
   * @throws LogException {@code bad_anchor} if one cannot be read
   */
  List<Anchor> all(String origin);

  /** The last of {@link #all}. */
  default Optional<Anchor> last(String origin) {
    List<Anchor> all = all(origin);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** What is wrong with what the store added to this anchor, in one sentence; empty if nothing. */
  default Optional<String> problem(Anchor anchor) {
    return Optional.empty();
  }

  @Override
  default void close() {}
}
