package org.choir.sandbox;

import java.io.OutputStream;

/**
 * A command in a guest, followed by its caller. The guest holds what the caller has not taken yet:
 * in memory up to a window, then the command waits. One thread reads, another may write the input;
 * signals come from any.
 *
 * <p>A command that is kept goes on when its caller closes this or is gone, and is found again by
 * its id with {@link Vm#attach}; any other ends with it.
 */
public interface Execution extends AutoCloseable {
  /** By which the guest knows it. */
  String id();

  /**
   * Waits for what happens next; after {@link ExecEvent.Ended} again that.
   *
   * @throws SandboxException {@code guest_unresponsive} when even the timeout has not ended it
   */
  ExecEvent next();

  /**
   * Its standard input; writing blocks while the command does not read, closing is its end of file.
   * After the command has ended writing fails with an {@link java.io.IOException}.
   *
   * @throws SandboxException {@code no_input} if the request asked for none
   */
  OutputStream input();

  /**
   * Sends a signal to its process group.
   *
   * @param number 1 to 31, for example 2 for an interrupt
   * @throws SandboxException {@code exec_ended}
   */
  void signal(int number);

  /** Ends it and all it started, at once. */
  void kill();

  /** Tells its terminal another size. */
  void resize(int columns, int rows);

  /** Passes on all that comes, and returns how it ended. */
  default ExecResult await(ExecOutput output) {
    while (true) {
      switch (next()) {
        case ExecEvent.Output(ExecEvent.Channel channel, long offset, byte[] bytes) -> {
          switch (channel) {
            case STDOUT -> output.stdout(bytes);
            case STDERR -> output.stderr(bytes);
          }
        }
        case ExecEvent.Gap(ExecEvent.Channel channel, long from, long to) ->
            output.gap(channel, from, to);
        case ExecEvent.Ended(ExecResult result) -> {
          return result;
        }
      }
    }
  }

  /** Lets go of it. */
  @Override
  void close();
}
