package org.choir.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.choir.audit.LogFrame.Content;
import org.choir.audit.LogFrame.Group;
import org.choir.audit.LogFrame.Header;
import org.jspecify.annotations.Nullable;

/**
 * The write-ahead log of a log: segments in one folder. An entry is acknowledged when its frame is
 * forced; its bundle and tiles come later. Used by the writing thread, except {@link #retire}.
 */
final class LogSegments implements AutoCloseable {
  private static final String SUFFIX = ".segment";

  /** A segment begins its last frame below its limit, and a frame has one group. */
  private static final int READ_MAX = 512 << 20;

  private final LogFiles files;
  private final Path folder;
  private final long epoch;
  private final long segmentBytes;

  /** The first index of every segment on disk, by its sequence. */
  private final TreeMap<Long, Long> firsts = new TreeMap<>();

  private LogFiles.@Nullable Appender current;
  private long length;
  private long sequence;

  LogSegments(LogFiles files, Path folder, long epoch, long segmentBytes) {
    this.files = files;
    this.folder = folder;
    this.epoch = epoch;
    this.segmentBytes = segmentBytes;
  }

  /**
   * The entries from index {@code from} on, in order.
   *
   * @throws LogException {@code log_damaged} if one between them is missing or unreadable
   */
  List<byte[]> recover(long from) throws IOException {
    List<byte[]> entries = new ArrayList<>();
    List<String> names = files.list(folder).stream().filter(n -> n.endsWith(SUFFIX)).toList();
    for (String name : names) {
      Content content = LogFrame.read(files.read(folder.resolve(name), READ_MAX));
      sequence = Math.max(sequence, sequence(name));
      if (content.damagedAt() >= 0) {
        throw damaged(name, "has a damaged frame at byte " + content.damagedAt());
      }
      Header header = content.header().orElse(null);
      if (header == null) {
        // Killed while it was made: nothing in it was ever acknowledged.
        files.delete(folder.resolve(name));
        continue;
      }
      firsts.put(header.sequence(), header.first());
      long next = from + entries.size();
      if (header.first() > next) {
        throw damaged(name, "begins at " + header.first() + " but " + next + " is missing");
      }
      // What an earlier segment has from here on was never acknowledged.
      int keep = (int) Math.max(0, header.first() - from);
      entries.subList(keep, entries.size()).clear();
      long expected = header.first();
      for (Group group : content.groups()) {
        if (group.first() != expected) {
          throw damaged(name, "has entry " + group.first() + " where " + expected + " belongs");
        }
        for (byte[] entry : group.entries()) {
          if (expected >= from) {
            entries.add(entry);
          }
          expected++;
        }
      }
    }
    return entries;
  }

  private LogException damaged(String name, String what) {
    return LogException.untrusted(
        "log_damaged",
        folder.resolve(name) + " " + what,
        "restore the log's folder from a backup and check it with: choir audit verify");
  }

  /**
   * Writes a group and forces it. After a failure nothing of it counts, and the next group begins a
   * new segment: whether a failed write is on disk can never be known.
   *
   * @param check is asked when the group is on disk; it is taken back if this fails
   */
  void append(long first, List<byte[]> entries, Check check) throws IOException {
    if (current != null && length >= segmentBytes) {
      abandon();
    }
    LogFiles.Appender segment = current == null ? begin(first) : current;
    byte[] frame = LogFrame.frame(first, entries);
    try {
      segment.write(ByteBuffer.wrap(frame));
      segment.force();
      check.run();
      length += frame.length;
    } catch (IOException | RuntimeException e) {
      try {
        segment.truncate(length);
        segment.force();
      } catch (IOException later) {
        e.addSuppressed(later);
      }
      try {
        abandon();
      } catch (IOException later) {
        e.addSuppressed(later);
      }
      throw e;
    }
  }

  /** What must hold before a group is acknowledged. */
  interface Check {
    void run() throws IOException;
  }

  private LogFiles.Appender begin(long first) throws IOException {
    sequence++;
    Path file = folder.resolve(HexFormat.of().toHexDigits(sequence) + SUFFIX);
    LogFiles.Appender fresh = files.create(file);
    try {
      byte[] header = LogFrame.header(new Header(sequence, first, epoch));
      fresh.write(ByteBuffer.wrap(header));
      fresh.force();
      files.forceNames(folder);
      length = header.length;
    } catch (IOException e) {
      try (fresh) {
        files.delete(file);
      } catch (IOException later) {
        e.addSuppressed(later);
      }
      throw e;
    }
    synchronized (firsts) {
      firsts.put(sequence, first);
    }
    current = fresh;
    return fresh;
  }

  private void abandon() throws IOException {
    LogFiles.Appender old = current;
    current = null;
    if (old != null) {
      old.close();
    }
  }

  /** Deletes the segments whose every entry lies below {@code size}, in bundles by now. */
  void retire(long size) throws IOException {
    List<Long> old = new ArrayList<>();
    synchronized (firsts) {
      Long before = null;
      for (var segment : firsts.entrySet()) {
        if (before != null && segment.getValue() <= size) {
          old.add(before);
        }
        before = segment.getKey();
      }
      // Oldest first: whatever a crash leaves is a gapless end.
      for (Long gone : old) {
        files.delete(folder.resolve(HexFormat.of().toHexDigits(gone) + SUFFIX));
        firsts.remove(gone);
      }
    }
  }

  private static long sequence(String name) {
    try {
      return HexFormat.fromHexDigitsToLong(name.substring(0, name.length() - SUFFIX.length()));
    } catch (IllegalArgumentException e) {
      throw LogException.untrusted(
          "log_damaged", "'" + name + "' is no segment of a log", "move it away", e);
    }
  }

  @Override
  public void close() throws IOException {
    abandon();
  }
}
