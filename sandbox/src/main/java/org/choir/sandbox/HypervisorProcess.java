package org.choir.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A process and when it started, so that a number which the system gave to another process is never
 * taken for it.
 *
 * @param startTicks field 22 of {@code /proc/<pid>/stat}: clock ticks since the host's boot
 * @param hostBoot the host's boot id; in another boot the numbers mean nothing
 */
public record HypervisorProcess(long pid, long startTicks, String hostBoot) {
  private static final Path PROC = Path.of("/proc");

  /** No process yet, or none any more. */
  public static final HypervisorProcess NONE = new HypervisorProcess(-1, -1, "");

  /** The process with this number now. */
  public static Optional<HypervisorProcess> of(long pid) {
    return startTicks(pid).map(ticks -> new HypervisorProcess(pid, ticks, hostBootId()));
  }

  /** The id of this boot of the host. */
  static String hostBootId() {
    try {
      return Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      throw SandboxException.lasting(
          "no_proc",
          "cannot read the host's boot id from /proc",
          "Choir needs Linux with /proc",
          e);
    }
  }

  /** Every process of this host whose command line has this text. */
  public static List<HypervisorProcess> withArgument(String text) {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process.pid()).contains(text))
        .flatMap(process -> of(process.pid()).stream())
        .toList();
  }

  /** Whether it runs; a process that has ended but was not collected does not. */
  public boolean alive() {
    return hostBoot.equals(hostBootId())
        && startTicks(pid).filter(ticks -> ticks == startTicks).isPresent();
  }

  /** Completes when it has ended. */
  public CompletableFuture<Void> exit() {
    Optional<ProcessHandle> handle = ProcessHandle.of(pid);
    if (!alive() || handle.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    return handle.get().onExit().thenAccept(ended -> {});
  }

  /** Waits for its end; whether it came. */
  public boolean ended(Duration patience) {
    try {
      exit().get(patience.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return !alive();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return !alive();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Kills it, if it is still the same process, and waits until it is gone. */
  public void kill() {
    if (alive()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      ended(Duration.ofSeconds(10));
    }
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(PROC.resolve(pid + "/cmdline"), StandardCharsets.ISO_8859_1)
          .replace('\0', ' ');
    } catch (IOException e) {
      return ""; // it ended meanwhile, or is another user's
    }
  }

  private static Optional<Long> startTicks(long pid) {
    try {
      String stat = Files.readString(PROC.resolve(pid + "/stat"), StandardCharsets.ISO_8859_1);
      // The name in parentheses may hold anything; fields are counted from its end.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      boolean ended = fields[0].equals("Z") || fields[0].equals("X");
      return ended ? Optional.empty() : Optional.of(Long.parseLong(fields[19]));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
