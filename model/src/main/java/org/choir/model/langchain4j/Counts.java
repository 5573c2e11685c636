package org.choir.model.langchain4j;

import org.jspecify.annotations.Nullable;

/** Numbers that a provider may leave out or get wrong. */
final class Counts {
  private Counts() {}

  /** The number, or 0 where there is none or it is below 0. */
  static long orZero(@Nullable Integer count) {
    return count == null ? 0 : Math.max(0, count);
  }
}
