package org.choir.sandbox;

/** What happens on the way of a command, in order. */
public sealed interface ExecEvent {
  /** One of a command's two streams. In a terminal there is only {@code STDOUT}. */
  enum Channel {
    STDOUT,
    STDERR
  }

  /**
   * More output.
   *
   * @param offset of its first byte in its stream
   */
  record Output(Channel channel, long offset, byte[] bytes) implements ExecEvent {}

  /** Bytes that are not delivered: beyond the cap, or gone because the guest's disk is full. */
  record Gap(Channel channel, long from, long to) implements ExecEvent {}

  /** The end; nothing follows. */
  record Ended(ExecResult result) implements ExecEvent {}
}
