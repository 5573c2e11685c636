package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * The real disk without waiting for it: what was acknowledged survives the end of the process and
 * not that of the machine. For logs that are configured so, with {@code audit.durability: crash}.
 */
final class LogDiskUnforced implements LogFiles {
  private final LogFiles disk = new LogDisk();

  private record Unforced(Appender file) implements Appender {
    @Override
    public void write(ByteBuffer bytes) throws IOException {
      file.write(bytes);
    }

    @Override
    public void force() {
      // The kernel has it, and writes it when it likes.
    }

    @Override
    public void truncate(long length) throws IOException {
      file.truncate(length);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  @Override
  public Appender create(Path file) throws IOException {
    return new Unforced(disk.create(file));
  }

  @Override
  public void write(Path file, byte[] content) throws IOException {
    disk.delete(file);
    try (Appender out = disk.create(file)) {
      out.write(ByteBuffer.wrap(content));
    }
  }

  @Override
  public byte[] read(Path file, int max) throws IOException {
    return disk.read(file, max);
  }

  @Override
  public List<String> list(Path folder) throws IOException {
    return disk.list(folder);
  }

  @Override
  public boolean isFolder(Path path) throws IOException {
    return disk.isFolder(path);
  }

  @Override
  public boolean exists(Path path) throws IOException {
    return disk.exists(path);
  }

  @Override
  public void makeFolder(Path folder) throws IOException {
    disk.makeFolder(folder);
  }

  @Override
  public void forceNames(Path folder) {
    // As with the content.
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    disk.rename(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    disk.delete(path);
  }

  @Override
  public AutoCloseable lock(Path file) throws IOException {
    return disk.lock(file);
  }
}
