package org.choir.audit;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of a write-ahead segment: a header, then one frame per group of entries, each with a
 * checksum. A frame is written only after the one before is on disk, and a segment in which a write
 * failed is never written again; so a frame that does not check is a torn end if nothing valid
 * follows, and damage if something does.
 */
final class LogFrame {
  private static final byte[] MAGIC =
      "choir-wal/1\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  private static final int FRAME = 0x63684672;
  static final int HEADER_BYTES = MAGIC.length + 3 * Long.BYTES + Integer.BYTES;
  static final int FRAME_BYTES = Integer.BYTES + Long.BYTES + 3 * Integer.BYTES;

  private LogFrame() {}

  /**
   * What a segment says of itself.
   *
   * @param sequence of the segment; a later one overrules what an earlier one has at its indexes
   * @param first the index of its first entry
   * @param epoch of its writer
   */
  record Header(long sequence, long first, long epoch) {}

  /** Entries that were forced together, the first of which has this index. */
  record Group(long first, List<byte[]> entries) {}

  /**
   * A segment as it was found.
   *
   * @param header empty if it is torn
   * @param damagedAt the offset of a frame that does not check though valid ones follow; or -1
   */
  record Content(Optional<Header> header, List<Group> groups, int damagedAt) {}

  static byte[] header(Header header) {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES);
    out.put(MAGIC).putLong(header.sequence()).putLong(header.first()).putLong(header.epoch());
    out.putInt(crc(out.array(), 0, out.position()));
    return out.array();
  }

  static byte[] frame(long first, List<byte[]> entries) {
    byte[] payload = TileEntries.encode(entries);
    ByteBuffer out = ByteBuffer.allocate(FRAME_BYTES + payload.length);
    out.putInt(FRAME).putLong(first).putInt(entries.size()).putInt(payload.length).putInt(0);
    out.put(payload);
    out.putInt(FRAME_BYTES - Integer.BYTES, crcOfFrame(out.array(), 0, payload.length));
    return out.array();
  }

  static Content read(byte[] segment) {
    Optional<Header> header = readHeader(segment);
    List<Group> groups = new ArrayList<>();
    if (header.isEmpty()) {
      return new Content(header, groups, validFollows(segment, 0) ? 0 : -1);
    }
    int at = HEADER_BYTES;
    while (at < segment.length) {
      Optional<Group> group = readFrame(segment, at);
      if (group.isEmpty()) {
        return new Content(header, groups, validFollows(segment, at + 1) ? at : -1);
      }
      groups.add(group.get());
      at +=
          FRAME_BYTES
              + ByteBuffer.wrap(segment).getInt(at + Integer.BYTES + Long.BYTES + Integer.BYTES);
    }
    return new Content(header, groups, -1);
  }

  private static Optional<Header> readHeader(byte[] segment) {
    if (segment.length < HEADER_BYTES
        || !Arrays.equals(segment, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(segment).position(MAGIC.length);
    Header header = new Header(in.getLong(), in.getLong(), in.getLong());
    int crc = in.getInt();
    return crc == crc(segment, 0, HEADER_BYTES - Integer.BYTES)
        ? Optional.of(header)
        : Optional.empty();
  }

  private static Optional<Group> readFrame(byte[] segment, int at) {
    if (segment.length - at < FRAME_BYTES) {
      return Optional.empty();
    }
    ByteBuffer in = ByteBuffer.wrap(segment).position(at);
    int magic = in.getInt();
    long first = in.getLong();
    int count = in.getInt();
    int length = in.getInt();
    int crc = in.getInt();
    if (magic != FRAME
        || length < 0
        || length > segment.length - at - FRAME_BYTES
        || crc != crcOfFrame(segment, at, length)) {
      return Optional.empty();
    }
    return entries(segment, at + FRAME_BYTES, length)
        .filter(entries -> entries.size() == count)
        .map(entries -> new Group(first, entries));
  }

  private static Optional<List<byte[]>> entries(byte[] segment, int at, int length) {
    List<byte[]> entries = new ArrayList<>();
    int end = at + length;
    int next = at;
    while (next < end) {
      int bytes =
          end - next < 2
              ? Integer.MAX_VALUE
              : ((segment[next] & 0xff) << 8) | (segment[next + 1] & 0xff);
      if (bytes > end - next - 2) {
        return Optional.empty();
      }
      entries.add(Arrays.copyOfRange(segment, next + 2, next + 2 + bytes));
      next += 2 + bytes;
    }
    return Optional.of(entries);
  }

  private static boolean validFollows(byte[] segment, int from) {
    for (int at = from; at <= segment.length - FRAME_BYTES; at++) {
      if (segment[at] == (byte) (FRAME >> 24) && readFrame(segment, at).isPresent()) {
        return true;
      }
    }
    return false;
  }

  private static int crcOfFrame(byte[] bytes, int at, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, at, FRAME_BYTES - Integer.BYTES);
    crc.update(bytes, at + FRAME_BYTES, length);
    return (int) crc.getValue();
  }

  private static int crc(byte[] bytes, int from, int to) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, to - from);
    return (int) crc.getValue();
  }
}
