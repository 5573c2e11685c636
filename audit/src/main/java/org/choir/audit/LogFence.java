package org.choir.audit;

/**
 * Says whether this writer still owns the log. The file lock and epoch file of the log's folder are
 * always asked; another, such as a database, can be asked besides.
 */
public interface LogFence extends AutoCloseable {
  /**
   * Returns if no other writer has taken the log since; asked after each group is on disk and
   * before it is acknowledged.
   *
   * @throws LogException {@code log_fenced}
   */
  void requireHeld();

  @Override
  void close();
}
