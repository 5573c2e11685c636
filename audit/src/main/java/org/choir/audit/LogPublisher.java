package org.choir.audit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.choir.audit.LogTail.Bundle;
import org.choir.audit.LogTree.Tile;
import org.jspecify.annotations.Nullable;

/**
 * Writes the public side of a log: bundles, tiles, then the checkpoint over them. The order makes a
 * checkpoint true from the moment it can be seen: everything below it is forced first, the history
 * is written before the head, and a partial tile goes only when the full one is there.
 */
final class LogPublisher {
  static final String HEAD = "checkpoint";
  static final String HISTORY = "checkpoints";
  static final String VKEY = "log.vkey";

  /** What is published together. */
  record Batch(Checkpoint head, List<Bundle> bundles, List<Tile> tiles) {
    private List<TilePath> paths() {
      return Stream.concat(bundles.stream().map(Bundle::path), tiles.stream().map(Tile::path))
          .toList();
    }
  }

  /** The newest checkpoint on disk. */
  record Published(Checkpoint head, String note) {}

  private final LogFiles files;
  private final Path folder;
  private final LogKey key;
  private final Set<Path> made = new HashSet<>();
  private boolean unclean = true;

  LogPublisher(LogFiles files, Path folder, LogKey key) {
    this.files = files;
    this.folder = folder;
    this.key = key;
  }

  /**
   * The newest checkpoint, after clearing away what a crash left of an unfinished one.
   *
   * @throws LogException {@code log_damaged} or {@code log_key_changed} if the log is not this
   *     key's, or its newest checkpoint does not check
   */
  Optional<Published> recover(String origin) throws IOException {
    files.makeFolder(folder.resolve(HISTORY));
    for (Path place : List.of(folder, folder.resolve(HISTORY))) {
      for (String name : files.list(place)) {
        if (name.endsWith(LogFiles.FRESH)) {
          files.delete(place.resolve(name));
        }
      }
    }
    checkKey();
    String head = readText(folder.resolve(HEAD));
    long newest =
        files.list(folder.resolve(HISTORY)).stream().mapToLong(Checkpoint::number).max().orElse(-1);
    if (newest < 0) {
      if (head != null) {
        throw damaged("the log has a checkpoint but no history of checkpoints", null);
      }
      return Optional.empty();
    }
    String note = readText(folder.resolve(HISTORY).resolve(Long.toString(newest)));
    if (note == null) {
      throw damaged("checkpoint " + newest + " is gone", null);
    }
    Checkpoint last = verified(note, origin);
    if (head != null && verified(head, origin).size() > newest) {
      throw damaged("the history of checkpoints ends before the newest one", null);
    }
    if (last.size() != newest) {
      throw damaged("checkpoint " + newest + " is of size " + last.size(), null);
    }
    if (!note.equals(head)) {
      files.replace(folder.resolve(HEAD), utf8(note));
    }
    return Optional.of(new Published(last, note));
  }

  private void checkKey() throws IOException {
    String vkey = readText(folder.resolve(VKEY));
    if (vkey == null) {
      files.replace(folder.resolve(VKEY), utf8(key.shown().vkey() + "\n"));
    } else if (!vkey.strip().equals(key.shown().vkey())) {
      throw LogException.untrusted(
          "log_key_changed",
          "the log in " + folder + " belongs to another key than the one given",
          "put back the key that belongs to the log");
    }
  }

  private Checkpoint verified(String note, String origin) {
    Checkpoint head;
    try {
      head = Checkpoint.verified(note, key.shown());
    } catch (LogException e) {
      throw damaged("the newest checkpoint does not check", e);
    }
    if (!head.origin().equals(origin)) {
      throw damaged("the log is of " + head.origin() + ", not of " + origin, null);
    }
    return head;
  }

  private LogException damaged(String what, @Nullable LogException cause) {
    String message = "in " + folder + ": " + what;
    String remedy = "restore the log's folder from a backup and check it with: choir audit verify";
    return cause == null
        ? LogException.untrusted("log_damaged", message, remedy)
        : LogException.untrusted("log_damaged", message, remedy, cause);
  }

  /** Writes everything and signs; returns when all of it is durable. */
  Published publish(Batch batch) throws IOException {
    if (unclean) {
      for (TilePath path : batch.paths()) {
        clearLeftovers(path);
      }
    }
    unclean = true;
    Set<Path> touched = new LinkedHashSet<>();
    for (Bundle bundle : batch.bundles()) {
      write(bundle.path(), bundle.content(), touched);
    }
    for (Tile tile : batch.tiles()) {
      write(tile.path(), tile.hashes(), touched);
    }
    for (Path names : touched) {
      files.forceNames(names);
    }
    for (TilePath path : batch.paths()) {
      dropPartials(path);
    }
    String note = key.sign(batch.head().text());
    String size = Long.toString(batch.head().size());
    files.replace(folder.resolve(HISTORY).resolve(size), utf8(note));
    files.replace(folder.resolve(HEAD), utf8(note));
    unclean = false;
    return new Published(batch.head(), note);
  }

  private void write(TilePath path, byte[] content, Set<Path> touched) throws IOException {
    Path file = folder.resolve(path.text());
    Path names = parent(file);
    if (!made.contains(names)) {
      files.makeFolder(names);
      if (path.width() == TilePath.FULL) {
        made.add(names);
      }
    }
    // Never in place: an earlier checkpoint may stand on what is there.
    Path fresh = names.resolve(file.getFileName() + LogFiles.FRESH);
    files.write(fresh, content);
    files.rename(fresh, file);
    touched.add(names);
  }

  private void dropPartials(TilePath tile) throws IOException {
    if (tile.width() == TilePath.FULL) {
      Path partials = partials(tile);
      for (String width : files.list(partials)) {
        files.delete(partials.resolve(width));
      }
      files.delete(partials);
    }
  }

  /** What a crash or a failed attempt left under a name of its own. */
  private void clearLeftovers(TilePath tile) throws IOException {
    Path partials = partials(tile);
    for (String name : files.list(partials)) {
      if (name.endsWith(LogFiles.FRESH)) {
        files.delete(partials.resolve(name));
      }
    }
    TilePath full = new TilePath(tile.level(), tile.index(), TilePath.FULL);
    files.delete(folder.resolve(full.text() + LogFiles.FRESH));
  }

  private Path partials(TilePath tile) {
    return folder.resolve(new TilePath(tile.level(), tile.index(), TilePath.FULL).text() + ".p");
  }

  private @Nullable String readText(Path file) throws IOException {
    try {
      return new String(files.read(file, Note.BYTES_MAX), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Path parent(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IOException(file + " has no folder");
    }
    return parent;
  }
}
