package org.choir.knowledge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.choir.core.ChoirException;

/** Files of the library's own folder, written so that a reader sees the old or the new, whole. */
final class Disk {
  private Disk() {}

  /** How carefully a file is written. */
  enum Care {
    /** It survives a crash of the process; after a loss of power it may be missing or damaged. */
    REPLACEABLE,
    /** It is on the disk when the call returns. */
    LASTING
  }

  /** Replaces a file as a whole. */
  static void write(Path file, byte[] content, Care care) throws IOException {
    Files.createDirectories(file.getParent());
    // The name needs only to differ from those of other writers.
    Path fresh = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try {
      try (FileChannel channel =
          FileChannel.open(fresh, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer rest = ByteBuffer.wrap(content);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
        if (care == Care.LASTING) {
          channel.force(true);
        }
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  /** What is told when the library's own folder fails. */
  static ChoirException failure(String what, IOException e) {
    return ChoirException.retryable(
        "source_storage",
        "cannot " + what + ": " + e,
        "check the free space and the rights of the folder, then run the command again",
        e);
  }
}
