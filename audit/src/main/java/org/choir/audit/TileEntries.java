package org.choir.audit;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Entry bundles of C2SP tlog-tiles: up to 256 entries, each behind its length as a big-endian
 * uint16, so an entry is at most 65,535 bytes.
 */
final class TileEntries {
  /** The longest entry that a bundle can hold, in bytes. */
  static final int ENTRY_BYTES_MAX = 65_535;

  private TileEntries() {}

  static byte[] requireFits(byte[] entry) {
    if (entry.length > ENTRY_BYTES_MAX) {
      throw LogException.refused(
          "entry_too_large",
          "an entry of "
              + entry.length
              + " bytes is longer than the "
              + ENTRY_BYTES_MAX
              + " of a log",
          "store the content elsewhere and log its digest");
    }
    return entry;
  }

  static byte[] encode(List<byte[]> entries) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] entry : entries) {
      requireFits(entry);
      out.write(entry.length >> 8);
      out.write(entry.length);
      out.writeBytes(entry);
    }
    return out.toByteArray();
  }

  /**
   * The entries of a bundle.
   *
   * @throws LogException {@code bad_bundle} if it is cut off or holds more than 256
   */
  static List<byte[]> decode(byte[] bundle) {
    Start start = decodeStart(bundle);
    if (start.bytes() < bundle.length) {
      throw LogException.malformed(
          "bad_bundle",
          start.entries().size() == TilePath.FULL
              ? "the bundle holds more than 256 entries"
              : "the bundle is cut off in its entry " + start.entries().size());
    }
    return start.entries();
  }

  /** The whole entries at the start of a bundle, and how many bytes they take there. */
  record Start(List<byte[]> entries, int bytes) {}

  static Start decodeStart(byte[] bundle) {
    List<byte[]> entries = new ArrayList<>(TilePath.FULL);
    int at = 0;
    while (entries.size() < TilePath.FULL && bundle.length - at >= 2) {
      int length = ((bundle[at] & 0xff) << 8) | (bundle[at + 1] & 0xff);
      if (bundle.length - at - 2 < length) {
        break;
      }
      entries.add(Arrays.copyOfRange(bundle, at + 2, at + 2 + length));
      at += 2 + length;
    }
    return new Start(entries, at);
  }
}
