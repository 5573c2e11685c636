package org.choir.knowledge;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.choir.core.ChoirException;

/**
 * The right to change a folder, held by one thread of one process at a time. The system takes it
 * back from a process that dies.
 */
final class FolderLock implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final FileChannel channel;

  private FolderLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the right.
   *
   * @throws ChoirException {@code sources_busy} if it does not come in time
   */
  static FolderLock take(Path folder, Duration patience) {
    long end = System.nanoTime() + patience.toNanos();
    try {
      Files.createDirectories(folder);
      FileChannel channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean taken = false;
      try {
        while (!taken && System.nanoTime() < end && !Thread.currentThread().isInterrupted()) {
          taken = tried(channel);
          if (!taken) {
            LockSupport.parkNanos(PAUSE_NANOS);
          }
        }
      } finally {
        if (!taken) {
          channel.close();
        }
      }
      if (taken) {
        return new FolderLock(channel);
      }
    } catch (IOException e) {
      throw Disk.failure("lock the folder " + folder, e);
    }
    throw ChoirException.retryable(
        "sources_busy",
        "another reading of the same sources has not ended after " + patience.toSeconds() + " s",
        "wait for the other run, or stop it with: choir cancel RUN",
        null);
  }

  private static boolean tried(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException heldInThisProcess) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw Disk.failure("release a lock", e);
    }
  }
}
