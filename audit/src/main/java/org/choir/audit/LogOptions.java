package org.choir.audit;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadFactory;

/**
 * How a log is written.
 *
 * @param threads makes the writing and the publishing thread
 * @param publishEvery how long an acknowledged entry may wait for a checkpoint that covers it
 * @param groupEntries at most so many entries share one flush of the disk
 * @param backlogBytes so many acknowledged bytes may wait for their bundles; beyond that, appends
 *     wait
 * @param appendTimeout how long an append may wait before it fails as {@code log_unavailable}
 * @param segmentBytes a new write-ahead segment begins after so many
 * @param fences asked besides the folder's own lock and epoch
 * @param anchors the log must extend the last entry of each of these before it is continued
 */
public record LogOptions(
    ThreadFactory threads,
    Duration publishEvery,
    int groupEntries,
    long backlogBytes,
    Duration appendTimeout,
    long segmentBytes,
    List<LogFence> fences,
    List<AnchorStore> anchors) {
  public LogOptions {
    fences = List.copyOf(fences);
    anchors = List.copyOf(anchors);
    if (groupEntries < 1 || backlogBytes < TileEntries.ENTRY_BYTES_MAX || segmentBytes < 1) {
      throw new IllegalArgumentException("limits of a log are positive");
    }
  }

  /** Ten seconds to a checkpoint, groups of up to 4,096 entries, 32 MiB of backlog. */
  public static LogOptions of(ThreadFactory threads) {
    return new LogOptions(
        threads,
        Duration.ofSeconds(10),
        4_096,
        32L << 20,
        Duration.ofSeconds(30),
        16L << 20,
        List.of(),
        List.of());
  }

  /** The same with these anchors. */
  public LogOptions withAnchors(List<AnchorStore> stores) {
    return new LogOptions(
        threads,
        publishEvery,
        groupEntries,
        backlogBytes,
        appendTimeout,
        segmentBytes,
        fences,
        stores);
  }

  /** The same with these fences. */
  public LogOptions withFences(List<LogFence> more) {
    return new LogOptions(
        threads,
        publishEvery,
        groupEntries,
        backlogBytes,
        appendTimeout,
        segmentBytes,
        more,
        anchors);
  }

  /** The same with another wait before a checkpoint. */
  public LogOptions withPublishEvery(Duration wait) {
    return new LogOptions(
        threads, wait, groupEntries, backlogBytes, appendTimeout, segmentBytes, fences, anchors);
  }
}
