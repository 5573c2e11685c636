package org.choir.audit;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Compares tiles with the hashes that the entries lead to, level by level, as each tile fills. */
final class LogTileCheck {
  private static final int LEVELS = 8;

  private final LogFiles files;
  private final Path folder;
  private final LogProblems problems;
  private final TreeHash hash = new TreeHash();
  private final byte[][] hashes = new byte[LEVELS][TilePath.FULL * TreeHash.BYTES];
  private final int[] widths = new int[LEVELS];
  private final long[] indexes = new long[LEVELS];

  LogTileCheck(LogFiles files, Path folder, LogProblems problems) {
    this.files = files;
    this.folder = folder;
    this.problems = problems;
  }

  /** The next leaf, of which level 0 was compared already. */
  void add(byte[] leaf) {
    byte[] next = leaf;
    for (int level = 0; level < LEVELS; level++) {
      System.arraycopy(next, 0, hashes[level], widths[level] * TreeHash.BYTES, TreeHash.BYTES);
      widths[level]++;
      if (widths[level] < TilePath.FULL) {
        return;
      }
      compare(level);
      next = hash.perfect(hashes[level], 0, TilePath.FULL);
      widths[level] = 0;
      indexes[level]++;
    }
  }

  /** Compares the partial tiles at the end of the log. */
  void finish() {
    for (int level = 1; level < LEVELS; level++) {
      if (widths[level] > 0) {
        compare(level);
      }
    }
  }

  private void compare(int level) {
    if (level == 0) {
      return;
    }
    byte[] tile = read(level, indexes[level], widths[level]);
    if (tile == null) {
      return;
    }
    TilePath path = new TilePath(level, indexes[level], widths[level]);
    for (int i = 0; i < widths[level]; i++) {
      int at = i * TreeHash.BYTES;
      int end = at + TreeHash.BYTES;
      if (!Arrays.equals(tile, at, end, hashes[level], at, end)) {
        long width = 1L << (8 * level);
        long from = (indexes[level] * TilePath.FULL + i) * width;
        problems.addUnlessNamed(
            "tile_changed",
            path.text(),
            from,
            from + width,
            "hash "
                + i
                + " in "
                + path
                + " is not that of entries "
                + from
                + " to "
                + (from + width - 1));
      }
    }
  }

  /** A tile with at least {@code width} hashes, or null after its problem was named. */
  byte @Nullable [] read(int level, long index, int width) {
    TilePath path = new TilePath(level, index, width);
    long first = (index * TilePath.FULL) << (8 * level);
    try {
      TilePath found = present(files, folder, path);
      byte[] tile = files.read(folder.resolve(found.text()), 2 * TilePath.FULL * TreeHash.BYTES);
      if (tile.length == found.width() * TreeHash.BYTES) {
        return tile;
      }
      long whole = Math.min(width - 1, tile.length / TreeHash.BYTES);
      problems.add(
          "tile_unreadable",
          found.text(),
          first + (whole << (8 * level)),
          found + " has " + tile.length + " bytes, not " + found.width() * TreeHash.BYTES);
    } catch (NoSuchFileException e) {
      problems.add("file_missing", path.text(), first, path + " is missing");
    } catch (IOException e) {
      problems.add("tile_unreadable", path.text(), first, "" + e.getMessage());
    }
    return null;
  }

  /** This tile, or the full one that has taken the place of a partial one since. */
  static TilePath present(LogFiles files, Path folder, TilePath path) throws IOException {
    TilePath full = new TilePath(path.level(), path.index(), TilePath.FULL);
    boolean partialGone =
        path.width() < TilePath.FULL && !files.exists(folder.resolve(path.text()));
    return partialGone && files.exists(folder.resolve(full.text())) ? full : path;
  }
}
