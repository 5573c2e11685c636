package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Every file operation of a log, so that each can be made to fail in a test. Content is durable
 * after {@code force} or {@link #write}, a name after {@link #forceNames} of its folder.
 */
interface LogFiles {
  /** A file that grows at its end. */
  interface Appender extends AutoCloseable {
    /** Writes everything that remains. */
    void write(ByteBuffer bytes) throws IOException;

    /** Returns when the disk has the content. */
    void force() throws IOException;

    /** Cuts the file to this length. */
    void truncate(long length) throws IOException;

    @Override
    void close() throws IOException;
  }

  /** Makes a file that must not exist. */
  Appender create(Path file) throws IOException;

  /** Makes or replaces the content of a file and forces it, but not its name. */
  void write(Path file, byte[] content) throws IOException;

  /**
   * The content.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   * @throws IOException also if it is longer than {@code max}
   */
  byte[] read(Path file, int max) throws IOException;

  /** The names in a folder, sorted; none if there is no such folder. */
  List<String> list(Path folder) throws IOException;

  boolean isFolder(Path path) throws IOException;

  boolean exists(Path path) throws IOException;

  /** Makes the folder and its missing parents, their names forced; mode 0700. */
  void makeFolder(Path folder) throws IOException;

  void forceNames(Path folder) throws IOException;

  /** Moves a file over another's name in one step. */
  void rename(Path from, Path to) throws IOException;

  /** Deletes a file or an empty folder, if it is there. */
  void delete(Path path) throws IOException;

  /**
   * Takes the exclusive lock of a file until it is closed.
   *
   * @throws IOException if another holds it
   */
  AutoCloseable lock(Path file) throws IOException;

  /** Makes or replaces a small file so that a reader, and a crash, meet the old or the new one. */
  default void replace(Path file, byte[] content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(file + " has no folder");
    }
    Path fresh = folder.resolve(file.getFileName() + FRESH);
    write(fresh, content);
    rename(fresh, file);
    forceNames(folder);
  }

  /** What a name ends with while its file is being written. */
  String FRESH = ".new";
}
