package org.choir.audit;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The tiles and bundles of a log's folder as they lie there, unchecked, with the last few kept in
 * memory. Thread-safe.
 */
final class TileReader {
  /** 256 entries with their lengths. */
  static final int BUNDLE_MAX = TilePath.FULL * (2 + TileEntries.ENTRY_BYTES_MAX);

  /** A tile or bundle that is missing or not what its place demands, on a disk that answers. */
  static final class BadTile extends IOException {
    BadTile(String message, Throwable cause) {
      super(message, cause);
    }

    BadTile(String message) {
      super(message);
    }
  }

  private static final int KEPT = 64;
  private final LogFiles files;
  private final Path folder;
  private final Map<TilePath, byte[]> kept =
      new LinkedHashMap<>(KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<TilePath, byte[]> eldest) {
          return size() > KEPT;
        }
      };

  TileReader(LogFiles files, Path folder) {
    this.files = files;
    this.folder = folder;
  }

  /** Hashes of a tile, at least {@code width}; the full tile serves where a partial one is gone. */
  byte[] tile(int level, long index, int width) throws IOException {
    return content(level, index, width, TilePath.FULL * TreeHash.BYTES, width * TreeHash.BYTES);
  }

  /** Entries of a bundle, at least {@code width}. */
  List<byte[]> bundle(long index, int width) throws IOException {
    List<byte[]> entries;
    try {
      entries = TileEntries.decode(content(TilePath.ENTRIES, index, width, BUNDLE_MAX, 0));
    } catch (LogException e) {
      throw new BadTile(new TilePath(TilePath.ENTRIES, index, width) + ": " + e.getMessage(), e);
    }
    if (entries.size() < width) {
      throw new BadTile(
          new TilePath(TilePath.ENTRIES, index, width) + " holds " + entries.size() + " entries");
    }
    return entries;
  }

  private byte[] content(int level, long index, int width, int max, int min) throws IOException {
    TilePath wanted = new TilePath(level, index, width);
    TilePath full = new TilePath(level, index, TilePath.FULL);
    synchronized (kept) {
      byte[] known = kept.get(full);
      if (known != null) {
        return known;
      }
    }
    byte[] content;
    TilePath found = wanted;
    try {
      content = files.read(folder.resolve(wanted.text()), max);
    } catch (NoSuchFileException e) {
      content = fullInstead(wanted, full, max);
      found = full;
    }
    if (content.length < min) {
      throw new BadTile(found + " is cut off at " + content.length + " bytes");
    }
    if (found.equals(full)) {
      synchronized (kept) {
        kept.put(full, content);
      }
    }
    return content;
  }

  private byte[] fullInstead(TilePath wanted, TilePath full, int max) throws IOException {
    try {
      return files.read(folder.resolve(full.text()), max);
    } catch (NoSuchFileException e) {
      throw new BadTile(wanted + " is missing", e);
    }
  }
}
