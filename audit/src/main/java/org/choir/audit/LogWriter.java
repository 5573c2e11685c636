package org.choir.audit;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.choir.audit.LogQueue.Request;
import org.choir.core.Digest;

/** Writes one group: makes its entries, forces them, asks the fences, then acknowledges. */
final class LogWriter {
  /** A group ends after the entry that passes this. */
  private static final int GROUP_BYTES = 1 << 20;

  private final LogSegments segments;
  private final LogOwnership ownership;
  private final TreeHash hash = new TreeHash();

  LogWriter(LogSegments segments, LogOwnership ownership) {
    this.segments = segments;
    this.ownership = ownership;
  }

  /**
   * Commits a beginning of these requests.
   *
   * @param first the index of the first entry
   * @param previous the leaf hash of the entry before
   * @param acknowledge takes the entries and their leaf hashes once they are durable
   * @return the requests that did not fit
   * @throws LogException if this writer has lost the log; every request has failed with it
   */
  List<Request> commit(
      List<Request> requests,
      long first,
      Digest previous,
      BiConsumer<List<byte[]>, List<byte[]>> acknowledge) {
    List<Request> group = new ArrayList<>(requests.size());
    List<byte[]> entries = new ArrayList<>(requests.size());
    List<byte[]> leaves = new ArrayList<>(requests.size());
    int bytes = 0;
    int used = 0;
    Digest before = previous;
    while (used < requests.size() && bytes < GROUP_BYTES) {
      Request request = requests.get(used++);
      try {
        byte[] entry = TileEntries.requireFits(request.entry.bytes(first + entries.size(), before));
        byte[] leaf = hash.leaf(entry);
        before = TreeHash.digest(leaf);
        bytes += entry.length;
        group.add(request);
        entries.add(entry);
        leaves.add(leaf);
      } catch (RuntimeException e) {
        request.done.completeExceptionally(e);
      }
    }
    if (!group.isEmpty()) {
      store(group, entries, leaves, first, acknowledge);
    }
    return requests.subList(used, requests.size());
  }

  private void store(
      List<Request> group,
      List<byte[]> entries,
      List<byte[]> leaves,
      long first,
      BiConsumer<List<byte[]>, List<byte[]>> acknowledge) {
    try {
      segments.append(first, entries, ownership::requireHeld);
      acknowledge.accept(entries, leaves);
    } catch (IOException e) {
      LogException failed =
          LogException.unavailable("entry " + first + " of the log is not stored: " + e, e);
      group.forEach(r -> r.done.completeExceptionally(failed));
      return;
    } catch (LogException e) {
      group.forEach(r -> r.done.completeExceptionally(e));
      throw e;
    }
    for (int i = 0; i < group.size(); i++) {
      group.get(i).done.complete(first + i);
    }
  }
}
