package org.choir.agent;

import java.time.Duration;
import java.util.List;
import org.choir.sandbox.ExecResult;
import org.choir.sandbox.Vm;

/**
 * An agent's files and commands in its run's VM, under the path rules of tools: absolute paths, no
 * {@code ..}. Changes are recorded by the loop after each step.
 */
public interface Workspace {

  /** A file's bytes, at most {@code limit}. */
  byte[] read(String path, long offset, long limit);

  /** Writes a file whole. */
  void write(String path, byte[] body);

  /** A directory's entries, sorted. */
  List<Vm.FileStat> list(String path, boolean recursive);

  /** What is at this path. */
  Vm.FileStat stat(String path);

  /** Removes a file or directory. */
  void delete(String path);

  /** Runs {@code /bin/bash -c command} in the agent's folder as the agent's user. */
  Executed execute(String command, Duration timeout);

  /** A command's end and its output, stdout and stderr interleaved as they came. */
  record Executed(ExecResult result, String output) {}
}
