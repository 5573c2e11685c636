package org.choir.database;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL whose parent was killed and that still holds the data. It is known by its program
 * and by our folder among its arguments, never by a number in a file alone, and ended the safe way
 * first.
 */
final class StalePostgres {
  private static final Logger LOG = LoggerFactory.getLogger(StalePostgres.class);
  private static final List<String> WAYS = List.of("-INT", "-QUIT", "-KILL");
  private static final Duration GRACE = Duration.ofSeconds(15);

  private StalePostgres() {}

  /** Ends every server of this data folder; returns how many there were. */
  static int end(Path data) throws IOException {
    List<ProcessHandle> found = find(data);
    for (ProcessHandle stale : found) {
      LOG.info("ending PostgreSQL {} that an earlier server left behind", stale.pid());
      boolean ended = false;
      for (String way : WAYS) {
        Process kill = new ProcessBuilder("kill", way, Long.toString(stale.pid())).start();
        kill.getOutputStream().close();
        ended = hasEnded(stale);
        if (ended) {
          break;
        }
      }
      if (!ended) {
        throw new IOException("PostgreSQL " + stale.pid() + " of an earlier server does not end");
      }
    }
    return found.size();
  }

  static List<ProcessHandle> find(Path data) throws IOException {
    List<ProcessHandle> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (isServer(process, data)) {
          Optional<ProcessHandle> handle =
              ProcessHandle.of(Long.parseLong(process.getFileName().toString()));
          handle.ifPresent(found::add);
        }
      }
    }
    return found;
  }

  private static boolean isServer(Path process, Path data) {
    try {
      byte[] line = Files.readAllBytes(process.resolve("cmdline"));
      List<String> arguments =
          Arrays.asList(new String(line, StandardCharsets.UTF_8).split("\0", -1));
      int folder = arguments.indexOf("-D");
      return folder == 1
          && arguments.getFirst().endsWith("/bin/postgres")
          && arguments.get(2).equals(data.toString());
    } catch (IOException e) {
      // It has ended meanwhile, or belongs to another user.
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
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
