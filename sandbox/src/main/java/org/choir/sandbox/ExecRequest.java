package org.choir.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A command to run in a guest.
 *
 * @param argv the program and its arguments; no shell
 * @param env the whole environment besides PATH, HOME, LANG
 * @param cwd an absolute guest path
 * @param uid who runs it; 0 is refused
 * @param timeout wall-clock time until TERM, then KILL two seconds later, for all it started
 * @param outputCap bytes of stdout and stderr together that are delivered from the first on
 * @param tailBytes of each stream, the newest bytes that are delivered at the end when the cap was
 *     reached; at most 1 MiB. With a tail, or kept, all of a large output goes to a file of the
 *     guest
 * @param cpuTime of the command and all it started; zero for no limit
 * @param memoryBytes of the command and all it started; 0 for no limit of its own, else at least 16
 *     MiB
 * @param input whether it has a standard input that the caller feeds; else that is empty
 * @param keep how long after its end its output and result can be asked for, at most 24 h; such a
 *     command goes on when the connection is lost. Zero: it ends with the connection
 * @param terminal the size of the terminal it runs in; null for pipes
 */
public record ExecRequest(
    List<String> argv,
    Map<String, String> env,
    String cwd,
    int uid,
    Duration timeout,
    long outputCap,
    long tailBytes,
    Duration cpuTime,
    long memoryBytes,
    boolean input,
    Duration keep,
    @Nullable Terminal terminal) {

  /** A terminal's size in characters, each side 1 to 2,000. */
  public record Terminal(int columns, int rows) {}

  public ExecRequest {
    argv = List.copyOf(argv);
    env = Map.copyOf(env);
  }

  /** A command with an empty input and no limits but its time; it ends with the connection. */
  public ExecRequest(
      List<String> argv,
      Map<String, String> env,
      String cwd,
      int uid,
      Duration timeout,
      long outputCap) {
    this(argv, env, cwd, uid, timeout, outputCap, 0, Duration.ZERO, 0, false, Duration.ZERO, null);
  }

  /** The same with the newest bytes of each stream beyond the cap. */
  public ExecRequest withTail(long bytes) {
    return new ExecRequest(
        argv,
        env,
        cwd,
        uid,
        timeout,
        outputCap,
        bytes,
        cpuTime,
        memoryBytes,
        input,
        keep,
        terminal);
  }

  /** The same under limits; zero is none. */
  public ExecRequest limitedTo(Duration cpu, long memory) {
    return new ExecRequest(
        argv, env, cwd, uid, timeout, outputCap, tailBytes, cpu, memory, input, keep, terminal);
  }

  /** The same with a standard input. */
  public ExecRequest withInput() {
    return new ExecRequest(
        argv,
        env,
        cwd,
        uid,
        timeout,
        outputCap,
        tailBytes,
        cpuTime,
        memoryBytes,
        true,
        keep,
        terminal);
  }

  /** The same, outliving its connection. */
  public ExecRequest keptFor(Duration time) {
    return new ExecRequest(
        argv,
        env,
        cwd,
        uid,
        timeout,
        outputCap,
        tailBytes,
        cpuTime,
        memoryBytes,
        input,
        time,
        terminal);
  }

  /** The same in a terminal, with both streams in one and an input. */
  public ExecRequest inTerminal(int columns, int rows) {
    return new ExecRequest(
        argv,
        env,
        cwd,
        uid,
        timeout,
        outputCap,
        tailBytes,
        cpuTime,
        memoryBytes,
        true,
        keep,
        new Terminal(columns, rows));
  }
}
