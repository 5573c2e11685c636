package org.choir.sandbox;

/**
 * Receives a command's output while it runs, in order per stream, on one thread; slow receivers
 * slow the command.
 */
public interface ExecOutput {
  /** More of standard output. */
  void stdout(byte[] bytes);

  /** More of standard error. */
  void stderr(byte[] bytes);

  /** What was left out at this place, by offsets in its stream. */
  default void gap(ExecEvent.Channel channel, long from, long to) {}
}
