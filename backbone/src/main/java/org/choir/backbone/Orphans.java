package org.choir.backbone;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.choir.core.ChoirException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A nats-server whose parent was killed still holds the port and the store. It is known by its
 * program and by our configuration file among its arguments, never by a number in a file alone.
 */
final class Orphans {
  private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);
  private static final Duration GRACE = Duration.ofSeconds(10);

  private Orphans() {}

  /** Ends every nats-server that runs with this configuration file; returns how many there were. */
  static int end(Path configuration) {
    List<ProcessHandle> found = find(configuration);
    for (ProcessHandle orphan : found) {
      LOG.info("ending nats-server {} that an earlier Choir left behind", orphan.pid());
      orphan.destroy();
      if (!hasEnded(orphan)) {
        orphan.destroyForcibly();
        if (!hasEnded(orphan)) {
          throw ChoirException.fatal(
              "nats_orphan",
              "nats-server " + orphan.pid() + " of an earlier Choir does not end",
              "end it: kill -9 " + orphan.pid());
        }
      }
    }
    return found.size();
  }

  static List<ProcessHandle> find(Path configuration) {
    List<ProcessHandle> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (isNatsServer(process, configuration)) {
          long pid = Long.parseLong(process.getFileName().toString());
          Optional<ProcessHandle> handle = ProcessHandle.of(pid);
          handle.ifPresent(found::add);
        }
      }
    } catch (IOException e) {
      throw ChoirException.fatal(
          "no_proc", "cannot list the processes in /proc: " + e.getMessage(), "mount /proc", e);
    }
    return found;
  }

  private static boolean isNatsServer(Path process, Path configuration) {
    try {
      String program = Files.readSymbolicLink(process.resolve("exe")).getFileName().toString();
      // After an upgrade of the package the link reads "nats-server (deleted)".
      if (!program.equals("nats-server") && !program.startsWith("nats-server ")) {
        return false;
      }
      String[] arguments =
          Files.readString(process.resolve("cmdline"), StandardCharsets.UTF_8).split("\0", -1);
      return Arrays.asList(arguments).contains(configuration.toString());
    } catch (IOException e) {
      // It has ended meanwhile, or belongs to another user, whose processes are not ours to end.
      LOG.trace("not looked at: {}", process, e);
      return false;
    }
  }

  private static boolean hasEnded(ProcessHandle process) {
    try {
      process.onExit().get(GRACE.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("waiting for a process cannot fail", e);
    } catch (InterruptedException e) {
      throw Command.interrupted(e);
    }
  }
}
