package org.choir.audit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.choir.audit.LogVerifier.Verification;
import org.choir.core.Digest;
import org.choir.core.Text;
import org.jspecify.annotations.Nullable;

/**
 * One whole check. It reads every bundle once and makes the tree from the entries alone; tiles are
 * compared with it as they fill, and checkpoints as it reaches their sizes. A checkpoint that signs
 * the root of a beginning of these entries is thereby consistent with every other that does.
 */
final class LogCheck {
  private final LogFiles files;
  private final Path folder;
  private final NoteKey key;
  private final LogProblems problems = new LogProblems();
  private final TreeHash hash = new TreeHash();
  private final TreeStack tree = new TreeStack();
  private final LogTileCheck tiles;

  /** Sizes of the kept checkpoints, ascending, and how many are behind us. */
  private long[] history = new long[0];

  private int reached;
  private boolean headCompared;

  /** The last checkpoint that was right: up to here the entries are proved. */
  private long proved;

  LogCheck(LogFiles files, Path folder, NoteKey key) {
    this.files = files;
    this.folder = folder;
    this.key = key;
    this.tiles = new LogTileCheck(files, folder, problems);
  }

  Verification run() {
    Checkpoint head = readHead();
    readKey();
    if (head == null) {
      return new Verification(false, 0, TreeHash.ofNothing(), problems.all());
    }
    readHistory(head);
    reachCheckpoints(head);
    for (long bundle = 0; bundle * TilePath.FULL < head.size(); bundle++) {
      int width = (int) Math.min(TilePath.FULL, head.size() - bundle * TilePath.FULL);
      boolean whole = readBundle(bundle, width, head);
      if (!whole || problems.isFull()) {
        break;
      }
    }
    if (tree.size() == head.size()) {
      tiles.finish();
    }
    for (; reached < history.length; reached++) {
      if (history[reached] > head.size()) {
        problems.add(
            "checkpoint_inconsistent",
            historyFile(history[reached]),
            head.size(),
            "the log was signed at size " + history[reached] + " and has " + head.size() + " now");
      }
    }
    new LogExtras(files, folder, problems, () -> headSizeNow(head)).find(head.size());
    return new Verification(problems.all().isEmpty(), head.size(), head.root(), problems.all());
  }

  private @Nullable Checkpoint readHead() {
    return readCheckpoint(LogPublisher.HEAD);
  }

  private @Nullable Checkpoint readCheckpoint(String file) {
    try {
      return Checkpoint.verified(Note.parse(files.read(folder.resolve(file), Note.BYTES_MAX)), key);
    } catch (NoSuchFileException e) {
      problems.add("file_missing", file, -1, "the log has no " + file);
    } catch (IOException | LogException e) {
      problems.add(
          "checkpoint_invalid",
          file,
          -1,
          file + " does not check: " + Text.visible("" + e.getMessage(), 300));
    }
    return null;
  }

  private void readKey() {
    try {
      byte[] bytes = files.read(folder.resolve(LogPublisher.VKEY), 10_000);
      String text = new String(bytes, StandardCharsets.UTF_8);
      if (!text.strip().equals(key.vkey())) {
        problems.add(
            "key_differs",
            LogPublisher.VKEY,
            -1,
            LogPublisher.VKEY + " is another key than the one this check was given");
      }
    } catch (NoSuchFileException e) {
      // Other tools do not keep it there.
      return;
    } catch (IOException e) {
      problems.add("folder_unreadable", LogPublisher.VKEY, -1, "" + e.getMessage());
    }
  }

  private void readHistory(Checkpoint head) {
    try {
      List<String> names = files.list(folder.resolve(LogPublisher.HISTORY));
      history =
          names.stream()
              .filter(n -> n.matches("0|[1-9][0-9]{0,17}"))
              .mapToLong(Long::parseLong)
              .sorted()
              .toArray();
      names.stream()
          .filter(n -> !n.matches("0|[1-9][0-9]{0,17}") && !n.endsWith(LogFiles.FRESH))
          .forEach(
              n ->
                  problems.add(
                      "file_extra",
                      LogPublisher.HISTORY + "/" + n,
                      -1,
                      "'" + Text.visible(n, 80) + "' is no size of a checkpoint"));
      if (history.length > 0 && Arrays.binarySearch(history, head.size()) < 0) {
        problems.add(
            "file_missing",
            historyFile(head.size()),
            -1,
            "the history of checkpoints lacks the newest one, of size " + head.size());
      }
    } catch (IOException e) {
      problems.add("folder_unreadable", LogPublisher.HISTORY, -1, "" + e.getMessage());
    }
  }

  /** A log that goes on while it is checked is no smaller at the end. */
  private long headSizeNow(Checkpoint head) {
    Checkpoint now = readCheckpoint(LogPublisher.HEAD);
    return now == null ? head.size() : Math.max(head.size(), now.size());
  }

  /** False if nothing says any more what the tree was. */
  private boolean readBundle(long index, int width, Checkpoint head) {
    TilePath path = new TilePath(TilePath.ENTRIES, index, width);
    long first = index * TilePath.FULL;
    List<byte[]> entries = entries(path, first);
    byte[] tile = tiles.read(0, index, width);
    long differs = -1;
    for (int i = 0; i < width; i++) {
      byte[] leaf = null;
      if (tile != null) {
        leaf = Arrays.copyOfRange(tile, i * TreeHash.BYTES, (i + 1) * TreeHash.BYTES);
      }
      if (i < entries.size()) {
        byte[] made = hash.leaf(entries.get(i));
        if (leaf != null && differs < 0 && !Arrays.equals(made, leaf)) {
          // Only the first: after an inserted entry, all behind it differ.
          differs = first + i;
          problems.add(
              "entry_changed",
              path.text(),
              differs,
              "entry "
                  + differs
                  + " in "
                  + path
                  + " does not hash to its leaf in "
                  + new TilePath(0, index, width));
        }
        leaf = made;
      }
      if (leaf == null) {
        problems.add(
            "entry_missing", path.text(), first + i, "nothing is left of entry " + (first + i));
        return false;
      }
      tree.add(leaf);
      tiles.add(leaf);
      if (tree.size() < first + width) {
        reachCheckpoints(head);
      }
    }
    reachCheckpoints(head);
    return true;
  }

  private List<byte[]> entries(TilePath path, long first) {
    TileEntries.Start start;
    byte[] bytes;
    TilePath found;
    try {
      found = LogTileCheck.present(files, folder, path);
      bytes = files.read(folder.resolve(found.text()), TileReader.BUNDLE_MAX);
      start = TileEntries.decodeStart(bytes);
    } catch (NoSuchFileException e) {
      problems.add("file_missing", path.text(), first, path + " is missing");
      return List.of();
    } catch (IOException e) {
      problems.add("bundle_unreadable", path.text(), first, "" + e.getMessage());
      return List.of();
    }
    int count = start.entries().size();
    if (start.bytes() < bytes.length || count != found.width()) {
      String message =
          count < path.width()
              ? path + " ends in or before entry " + (first + count)
              : found + " holds more than its " + found.width() + " entries";
      problems.add(
          "bundle_unreadable", found.text(), first + Math.min(count, path.width()), message);
    }
    return start.entries();
  }

  /** Every checkpoint of the size that the tree has now must sign its root. */
  private void reachCheckpoints(Checkpoint head) {
    while (reached < history.length && history[reached] <= tree.size()) {
      String file = historyFile(history[reached]);
      Checkpoint kept = readCheckpoint(file);
      if (kept != null) {
        compare(file, kept, history[reached], head.origin());
      }
      reached++;
    }
    if (tree.size() == head.size() && !headCompared) {
      headCompared = true;
      compare(LogPublisher.HEAD, head, head.size(), head.origin());
    }
  }

  private void compare(String file, Checkpoint checkpoint, long size, String origin) {
    Digest root = TreeHash.digest(tree.root());
    if (checkpoint.size() != size || !checkpoint.origin().equals(origin)) {
      problems.add(
          "checkpoint_invalid",
          file,
          -1,
          file
              + " is of "
              + Text.visible(checkpoint.origin(), 80)
              + " at size "
              + checkpoint.size());
    } else if (!checkpoint.root().equals(root)) {
      long from = Math.min(proved, Math.max(0, size - 1));
      problems.addUnlessNamed(
          "checkpoint_inconsistent",
          file,
          from,
          Math.max(size, 1),
          "the entries do not lead to the root of "
              + file
              + "; the first that differs is "
              + (from == size - 1 ? "entry " + from : "one of " + from + " to " + (size - 1)));
    } else {
      proved = size;
    }
  }

  private static String historyFile(long size) {
    return LogPublisher.HISTORY + "/" + size;
  }
}
