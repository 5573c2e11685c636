package org.choir.sandbox.hosted;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Counts, and takes no more than was asked for. */
final class Counting extends FilterOutputStream {
  private final long most;
  private long count;

  Counting(OutputStream out, long most) {
    super(out);
    this.most = most;
  }

  long count() {
    return count;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (count + length > most) {
      throw new IOException("more than the " + most + " bytes of the file");
    }
    out.write(bytes, from, length);
    count += length;
  }
}
