package org.choir.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A command to run in a guest.
 *
 * @param argv the program and its arguments; no shell
 * @param env the whole environment besides PATH, HOME, LANG
 * @param cwd an absolute guest path
 * @param uid who runs it; 0 is refused
 * @param timeout wall-clock time until TERM, then KILL two seconds later
 * @param outputCap bytes of stdout and stderr together that are delivered; the rest is counted and
 *     dropped
 */
public record ExecRequest(
    List<String> argv,
    Map<String, String> env,
    String cwd,
    int uid,
    Duration timeout,
    long outputCap) {
  public ExecRequest {
    argv = List.copyOf(argv);
    env = Map.copyOf(env);
  }
}
