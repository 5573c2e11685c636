package org.choir.audit;

import org.choir.core.Digest;

/**
 * An entry that is made when its place in the log is known, so that it can carry its index and the
 * leaf hash of the one before. It is called on the log's one writing thread, in order, and must be
 * quick and pure; if what it made could not be stored, nothing of it counts.
 */
@FunctionalInterface
public interface LogEntry {
  /**
   * The bytes to log, at most 65,535.
   *
   * @param index of this entry
   * @param previous the leaf hash of the entry before; {@link TreeHash#ofNothing()} for the first
   */
  byte[] bytes(long index, Digest previous);
}
