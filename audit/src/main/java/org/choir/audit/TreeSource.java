package org.choir.audit;

/**
 * Where the hashes of complete subtrees come from: a log in memory, or the tiles of one on disk.
 */
@FunctionalInterface
interface TreeSource {
  /**
   * The hash over the entries {@code [index << height, (index + 1) << height)}, all of which exist.
   */
  byte[] subtree(int height, long index);
}
