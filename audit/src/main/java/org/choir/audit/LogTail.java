package org.choir.audit;

import java.util.ArrayList;
import java.util.List;

/**
 * The entries that are durable but not yet all in full bundles on disk, from the start of a bundle
 * on. Not thread-safe; its log guards it.
 */
final class LogTail {
  private List<byte[]> entries = new ArrayList<>();
  private long first;
  private long bytes;

  /** An entry bundle with its content. */
  record Bundle(TilePath path, byte[] content) {}

  /** Starts with the entries of the last, partial bundle on disk. */
  void load(long firstIndex, List<byte[]> partial) {
    first = firstIndex;
    partial.forEach(this::add);
  }

  void add(byte[] entry) {
    entries.add(entry);
    bytes += entry.length;
  }

  long first() {
    return first;
  }

  /** How many bytes of entries are kept. */
  long bytes() {
    return bytes;
  }

  byte[] entry(long index) {
    return entries.get((int) (index - first)).clone();
  }

  /** The bundles that hold all of this. */
  List<Bundle> bundles() {
    List<Bundle> bundles = new ArrayList<>();
    for (int at = 0; at < entries.size(); at += TilePath.FULL) {
      int width = Math.min(TilePath.FULL, entries.size() - at);
      TilePath path = new TilePath(TilePath.ENTRIES, (first + at) / TilePath.FULL, width);
      bundles.add(new Bundle(path, TileEntries.encode(entries.subList(at, at + width))));
    }
    return bundles;
  }

  /** Everything below {@code size} is in bundles now; the last, partial bundle is kept. */
  void published(long size) {
    int drop = (int) (size / TilePath.FULL * TilePath.FULL - first);
    entries = new ArrayList<>(entries.subList(drop, entries.size()));
    first += drop;
    bytes = entries.stream().mapToLong(e -> e.length).sum();
  }
}
