package org.choir.sandbox.firecracker;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The two files of a Firecracker snapshot as one stream, so that they can be encrypted on their way
 * to the disk: a mark, the device state, then each part of the memory that is not all zero, by
 * offset; an offset of -1 and the memory's size end it.
 */
final class SavedState {
  private static final byte[] MARK = "choirFC1".getBytes(StandardCharsets.US_ASCII);
  private static final int PART_BYTES = 64 << 10;
  private static final long STATE_BYTES_MAX = 64L << 20;

  private SavedState() {}

  static void write(Path state, Path memory, OutputStream to) throws IOException {
    DataOutputStream out = new DataOutputStream(to);
    out.write(MARK);
    out.writeLong(Files.size(state));
    try (InputStream in = Files.newInputStream(state)) {
      in.transferTo(out);
    }
    byte[] zeros = new byte[PART_BYTES];
    byte[] part = new byte[PART_BYTES];
    long offset = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(memory), 1 << 20)) {
      for (int n = in.readNBytes(part, 0, PART_BYTES);
          n > 0;
          n = in.readNBytes(part, 0, PART_BYTES)) {
        if (!Arrays.equals(part, 0, n, zeros, 0, n)) {
          out.writeLong(offset);
          out.writeInt(n);
          out.write(part, 0, n);
        }
        offset += n;
      }
    }
    out.writeLong(-1);
    out.writeLong(offset);
    out.flush();
  }

  /**
   * Writes the two files anew.
   *
   * @throws IOException if the stream breaks or is not one of these; what was written is the
   *     caller's to remove
   */
  static void read(InputStream from, Path state, Path memory) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(from, 1 << 20));
    byte[] mark = new byte[MARK.length];
    in.readFully(mark);
    if (!Arrays.equals(mark, MARK)) {
      throw new IOException("this is no saved state of Firecracker");
    }
    long bytes = in.readLong();
    if (bytes < 0 || bytes > STATE_BYTES_MAX) {
      throw new IOException("a device state of " + bytes + " bytes");
    }
    byte[] part = new byte[PART_BYTES];
    try (OutputStream out = Files.newOutputStream(state, StandardOpenOption.CREATE_NEW)) {
      for (long left = bytes; left > 0; ) {
        int n = (int) Math.min(left, part.length);
        in.readFully(part, 0, n);
        out.write(part, 0, n);
        left -= n;
      }
    }
    try (FileChannel out =
        FileChannel.open(memory, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long end = 0;
      for (long offset = in.readLong(); offset >= 0; offset = in.readLong()) {
        int n = in.readInt();
        if (n < 1 || n > PART_BYTES || offset < end) {
          throw new IOException("a part of " + n + " bytes at " + offset);
        }
        in.readFully(part, 0, n);
        ByteBuffer bytesOut = ByteBuffer.wrap(part, 0, n);
        for (long at = offset; bytesOut.hasRemaining(); ) {
          at += out.write(bytesOut, at);
        }
        end = offset + n;
      }
      long size = in.readLong();
      if (size < end || in.read() >= 0) {
        throw new IOException("a memory of " + size + " bytes with parts up to " + end);
      }
      if (size > end) {
        out.write(ByteBuffer.allocate(1), size - 1);
      }
    }
  }
}
