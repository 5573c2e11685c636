package org.choir.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.choir.core.Text;

/** Names files below {@code tile/} that no checkpoint of the log accounts for. */
final class LogExtras {
  private final LogFiles files;
  private final Path folder;
  private final LogProblems problems;
  private final LongSupplier sizeNow;
  private long size;

  /**
   * @param sizeNow the size of the log by now; asked when a file lies beyond the checked size
   */
  LogExtras(LogFiles files, Path folder, LogProblems problems, LongSupplier sizeNow) {
    this.files = files;
    this.folder = folder;
    this.problems = problems;
    this.sizeNow = sizeNow;
  }

  void find(long checkedSize) {
    size = checkedSize;
    try {
      walk("tile");
    } catch (IOException e) {
      problems.add("folder_unreadable", "tile", -1, "" + e.getMessage());
    }
  }

  private void walk(String below) throws IOException {
    for (String name : files.list(folder.resolve(below))) {
      String path = below + "/" + name;
      if (problems.isFull()) {
        return;
      }
      if (files.isFolder(folder.resolve(path))) {
        walk(path);
      } else if (!name.endsWith(LogFiles.FRESH)) {
        check(path);
      }
    }
  }

  private void check(String path) throws IOException {
    Optional<TilePath> parsed = TilePath.parse(path);
    if (parsed.isEmpty()) {
      problems.add(
          "file_extra", path, -1, "'" + Text.visible(path, 120) + "' is no place of a tile");
      return;
    }
    TilePath tile = parsed.get();
    if (!belongs(tile)) {
      size = Math.max(size, sizeNow.getAsLong());
      if (!belongs(tile)) {
        long first = (tile.index() * TilePath.FULL) << (8 * Math.max(tile.level(), 0));
        problems.add(
            "file_extra", path, Math.max(first, size), path + " lies beyond the end of the log");
        return;
      }
    }
    if (tile.width() < TilePath.FULL) {
      compareWithWhole(tile);
    }
  }

  private boolean belongs(TilePath tile) {
    if (8 * Math.max(tile.level(), 0) > 56) {
      return false;
    }
    long hashes = TilePath.hashes(tile.level(), size);
    return tile.index() < hashes / TilePath.FULL
        || (tile.index() == hashes / TilePath.FULL && tile.width() <= hashes % TilePath.FULL);
  }

  /** A partial tile of an earlier size is a beginning of the tile that the log has now. */
  private void compareWithWhole(TilePath partial) throws IOException {
    long hashes = TilePath.hashes(partial.level(), size);
    boolean full = partial.index() < hashes / TilePath.FULL;
    int width = full ? TilePath.FULL : (int) (hashes % TilePath.FULL);
    if (width == partial.width()) {
      return;
    }
    TilePath whole = new TilePath(partial.level(), partial.index(), width);
    if (!files.exists(folder.resolve(whole.text()))) {
      return;
    }
    byte[] start = files.read(folder.resolve(partial.text()), TileReader.BUNDLE_MAX);
    byte[] all = files.read(folder.resolve(whole.text()), TileReader.BUNDLE_MAX);
    int count = count(partial, start);
    int same = Arrays.mismatch(start, all);
    if (count != partial.width() || (same >= 0 && same < start.length)) {
      long first = (partial.index() * TilePath.FULL) << (8 * Math.max(partial.level(), 0));
      long within = Math.max(0, Math.min(partial.width() - 1, before(partial, start, same)));
      problems.add(
          partial.level() == TilePath.ENTRIES ? "entry_changed" : "tile_changed",
          partial.text(),
          first + (within << (8 * Math.max(partial.level(), 0))),
          partial + " is not a beginning of " + whole);
    }
  }

  private static int count(TilePath tile, byte[] content) {
    if (tile.level() != TilePath.ENTRIES) {
      return content.length % TreeHash.BYTES == 0 ? content.length / TreeHash.BYTES : -1;
    }
    TileEntries.Start start = TileEntries.decodeStart(content);
    return start.bytes() == content.length ? start.entries().size() : -1;
  }

  /** How many whole entries or hashes lie before this byte. */
  private static int before(TilePath tile, byte[] content, int at) {
    int bytes = at < 0 ? content.length : Math.min(at, content.length);
    return tile.level() == TilePath.ENTRIES
        ? TileEntries.decodeStart(Arrays.copyOf(content, bytes)).entries().size()
        : bytes / TreeHash.BYTES;
  }
}
