package org.choir.audit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write one log: the lock of its folder, and an epoch that every new owner raises, for
 * file systems whose locks can be lost. It is asked again after each group, before anything of it
 * is acknowledged.
 */
final class LogOwnership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LogOwnership.class);
  private static final String WRITER = "writer";
  private static final int EPOCH_MAX = 32;

  private final LogFiles files;
  private final Path epochFile;
  private final AutoCloseable lock;
  private final List<LogFence> fences;
  private final long epoch;

  private LogOwnership(
      LogFiles files, Path epochFile, AutoCloseable lock, List<LogFence> fences, long epoch) {
    this.files = files;
    this.epochFile = epochFile;
    this.lock = lock;
    this.fences = fences;
    this.epoch = epoch;
  }

  static Path segments(Path folder) {
    return folder.resolve(WRITER).resolve("segments");
  }

  /**
   * Takes the log.
   *
   * @throws LogException {@code log_fenced} if another has it
   */
  static LogOwnership take(LogFiles files, Path folder, List<LogFence> fences) {
    AutoCloseable lock;
    try {
      files.makeFolder(segments(folder));
      lock = files.lock(folder.resolve(WRITER).resolve("lock"));
    } catch (IOException e) {
      throw LogException.fenced("the log in " + folder + " cannot be taken: " + e.getMessage());
    }
    Path epochFile = folder.resolve(WRITER).resolve("epoch");
    try {
      long epoch = read(files, epochFile) + 1;
      files.replace(epochFile, Long.toString(epoch).getBytes(StandardCharsets.US_ASCII));
      return new LogOwnership(files, epochFile, lock, fences, epoch);
    } catch (IOException e) {
      close(lock);
      throw LogException.unavailable("the log in " + folder + " cannot be opened: " + e, e);
    } catch (RuntimeException e) {
      close(lock);
      throw e;
    }
  }

  private static long read(LogFiles files, Path epochFile) throws IOException {
    try {
      return Checkpoint.number(
          new String(files.read(epochFile, EPOCH_MAX), StandardCharsets.US_ASCII));
    } catch (NoSuchFileException e) {
      return 0;
    } catch (LogException e) {
      throw LogException.untrusted(
          "log_damaged",
          epochFile + " is damaged: " + e.getMessage(),
          "restore the log's folder from a backup and check it with: choir audit verify",
          e);
    }
  }

  long epoch() {
    return epoch;
  }

  /**
   * Returns if no other writer has taken the log.
   *
   * @throws LogException {@code log_fenced}
   */
  void requireHeld() throws IOException {
    long now = read(files, epochFile);
    if (now != epoch) {
      throw LogException.fenced("another writer has taken the log, with epoch " + now);
    }
    fences.forEach(LogFence::requireHeld);
  }

  @Override
  public void close() {
    fences.forEach(LogFence::close);
    close(lock);
  }

  private static void close(AutoCloseable lock) {
    try {
      lock.close();
    } catch (Exception e) {
      LOG.warn("a lock could not be given back: {}", e.toString());
    }
  }
}
