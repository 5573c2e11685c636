package org.choir.audit;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.choir.audit.LogPublisher.Batch;
import org.choir.audit.LogPublisher.Published;
import org.choir.core.Digest;
import org.jspecify.annotations.Nullable;

/**
 * What a log has acknowledged and what of it is published: its tree, the entries that are not in
 * full bundles yet, the newest checkpoint. Thread-safe; one lock guards it, and nothing under it
 * waits for the disk but the reading of a tile.
 */
final class LogState {
  /** Publish early when so many entries wait: 64 bundles. */
  private static final long PUBLISH_AFTER = 16_384;

  private final String origin;
  private final TileReader reader;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition grown = lock.newCondition();
  private final Condition shrunk = lock.newCondition();
  private final LogTree tree;
  private final LogTail tail = new LogTail();
  private final TreeHash leafHash = new TreeHash();
  private @Nullable Published published;
  private Digest lastLeaf = TreeHash.ofNothing();

  LogState(String origin, TileReader reader) {
    this.origin = origin;
    this.reader = reader;
    this.tree = new LogTree(reader);
  }

  /**
   * Takes over what is published, after checking that its tiles lead to its root and its last,
   * partial bundle to its leaves.
   *
   * @throws LogException {@code log_damaged}
   */
  void load(@Nullable Published newest) throws IOException {
    published = newest;
    long size = newest == null ? 0 : newest.head().size();
    tree.load(size);
    if (newest != null && !digest(TreeProof.root(tree, size)).equals(newest.head().root())) {
      throw damaged("the tiles do not lead to the root of the checkpoint of size " + size, null);
    }
    long full = size / TilePath.FULL * TilePath.FULL;
    int width = (int) (size - full);
    tail.load(full, width == 0 ? List.of() : lastBundle(full / TilePath.FULL, width));
    if (size > 0) {
      lastLeaf = digest(tree.subtree(0, size - 1));
    }
  }

  private List<byte[]> lastBundle(long index, int width) throws IOException {
    List<byte[]> entries = reader.bundle(index, width).subList(0, width);
    for (int i = 0; i < width; i++) {
      byte[] leaf = tree.subtree(0, index * TilePath.FULL + i);
      if (!Arrays.equals(leaf, leafHash.leaf(entries.get(i)))) {
        throw damaged("entry " + (index * TilePath.FULL + i) + " does not match its tile", null);
      }
    }
    return entries;
  }

  /** Adds what the segments hold beyond the newest checkpoint. */
  void replay(List<byte[]> entries) {
    for (byte[] entry : entries) {
      acknowledge(List.of(entry), List.of(leafHash.leaf(entry)));
    }
  }

  LogException damaged(String what, @Nullable Throwable cause) {
    String message = "log " + origin + ": " + what;
    String remedy = "restore the log's folder from a backup and check it with: choir audit verify";
    return cause == null
        ? LogException.untrusted("log_damaged", message, remedy)
        : LogException.untrusted("log_damaged", message, remedy, cause);
  }

  /** Entries and their leaf hashes, durable now. */
  void acknowledge(List<byte[]> entries, List<byte[]> leaves) {
    lock.lock();
    try {
      entries.forEach(tail::add);
      leaves.forEach(tree::add);
      lastLeaf = digest(leaves.getLast());
      if (unpublished() >= PUBLISH_AFTER) {
        grown.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  private long unpublished() {
    return published == null ? Long.MAX_VALUE : tree.size() - published.head().size();
  }

  /** Waits until no more than so many bytes are unpublished, or somebody closes. */
  void awaitRoom(long bytes, BooleanSupplier closing) throws InterruptedException {
    lock.lock();
    try {
      while (tail.bytes() > bytes && !closing.getAsBoolean()) {
        grown.signalAll();
        shrunk.await(100, TimeUnit.MILLISECONDS);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits so long, or less if much is unpublished or somebody closes.
   *
   * @param whole wait the whole time however much is unpublished
   */
  void awaitGrowth(long nanos, boolean whole, BooleanSupplier closing) throws InterruptedException {
    lock.lock();
    try {
      long rest = nanos;
      while (rest > 0 && (whole || unpublished() < PUBLISH_AFTER) && !closing.getAsBoolean()) {
        rest = grown.awaitNanos(rest);
      }
    } finally {
      lock.unlock();
    }
  }

  void wake() {
    lock.lock();
    try {
      grown.signalAll();
      shrunk.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The newest checkpoint, if it covers everything. */
  Optional<Published> current() {
    lock.lock();
    try {
      return unpublished() == 0 ? Optional.ofNullable(published) : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** What to publish next. */
  Batch batch() {
    lock.lock();
    try {
      Digest root = digest(TreeProof.root(tree, tree.size()));
      Checkpoint head = new Checkpoint(origin, tree.size(), root, List.of());
      return new Batch(head, tail.bundles(), tree.unpublished());
    } finally {
      lock.unlock();
    }
  }

  /** This batch is on disk under this checkpoint. */
  void published(Batch batch, Published done) {
    lock.lock();
    try {
      published = done;
      tree.written(batch.tiles());
      tail.published(done.head().size());
      shrunk.signalAll();
    } finally {
      lock.unlock();
    }
  }

  byte[] entry(long index) {
    lock.lock();
    try {
      if (index < 0 || index >= tree.size()) {
        throw LogException.refused(
            "no_such_entry",
            "log " + origin + " has no entry " + index,
            "it has " + tree.size() + " entries, counted from 0");
      }
      if (index >= tail.first()) {
        return tail.entry(index);
      }
    } finally {
      lock.unlock();
    }
    int within = (int) (index % TilePath.FULL);
    try {
      return reader.bundle(index / TilePath.FULL, TilePath.FULL).get(within).clone();
    } catch (IOException e) {
      throw damaged("entry " + index + " cannot be read: " + e.getMessage(), e);
    }
  }

  long size() {
    lock.lock();
    try {
      return tree.size();
    } finally {
      lock.unlock();
    }
  }

  Digest lastLeaf() {
    lock.lock();
    try {
      return lastLeaf;
    } finally {
      lock.unlock();
    }
  }

  Digest root(long size) {
    lock.lock();
    try {
      requireSize(size);
      return digest(TreeProof.root(tree, size));
    } finally {
      lock.unlock();
    }
  }

  List<Digest> inclusion(long index, long size) {
    lock.lock();
    try {
      requireSize(size);
      return TreeProof.inclusion(tree, index, size);
    } finally {
      lock.unlock();
    }
  }

  List<Digest> consistency(long from, long to) {
    lock.lock();
    try {
      requireSize(to);
      return TreeProof.consistency(tree, from, to);
    } finally {
      lock.unlock();
    }
  }

  private void requireSize(long size) {
    if (size < 0 || size > tree.size()) {
      throw LogException.refused(
          "no_such_size",
          "log " + origin + " has no tree of size " + size,
          "its largest is of size " + tree.size());
    }
  }

  private static Digest digest(byte[] hash) {
    return TreeHash.digest(hash);
  }
}
