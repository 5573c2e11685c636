package org.choir.sandbox.hosted;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.choir.sandbox.SandboxException;

/** A body that is known to be whole before anything is changed. */
record Spooled(byte[] small, Path large) implements AutoCloseable {
  /** Bodies up to this size wait in memory, larger ones in a file. */
  private static final int IN_MEMORY = 8 << 20;

  private static final Path NONE = Path.of("");

  static Spooled of(InputStream body, long size) throws IOException {
    if (size <= IN_MEMORY) {
      byte[] bytes = body.readNBytes((int) size);
      requireWhole(bytes.length, size);
      return new Spooled(bytes, NONE);
    }
    Path file = Files.createTempFile("choir-upload", ".part");
    Spooled spooled = new Spooled(new byte[0], file);
    boolean done = false;
    try (OutputStream out = Files.newOutputStream(file)) {
      long left = size;
      byte[] part = new byte[1 << 20];
      while (left > 0) {
        int n = body.read(part, 0, (int) Math.min(left, part.length));
        if (n < 0) {
          break;
        }
        out.write(part, 0, n);
        left -= n;
      }
      requireWhole(size - left, size);
      done = true;
      return spooled;
    } finally {
      if (!done) {
        spooled.close();
      }
    }
  }

  private static void requireWhole(long bytes, long size) {
    if (bytes != size) {
      throw SandboxException.lasting(
          "bad_request", "the body has " + bytes + " of " + size + " bytes", "");
    }
  }

  InputStream stream() {
    try {
      return large.equals(NONE) ? new ByteArrayInputStream(small) : Files.newInputStream(large);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!large.equals(NONE)) {
      Files.deleteIfExists(large);
    }
  }
}
