package org.choir.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.choir.audit.LogPublisher.Batch;
import org.choir.audit.LogPublisher.Published;
import org.choir.audit.LogQueue.Request;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Merkle log of one tenant, and its only writer.
 *
 * <p>An append goes to a write-ahead segment; one thread writes everything that waits as one group
 * and forces it once, and only then is anything of it acknowledged. Bundles, tiles and a signed
 * checkpoint follow at leisure ({@link LogOptions#publishEvery}) or when somebody asks for a
 * checkpoint; a start after a crash makes them from the segments. Reads see what is acknowledged.
 * Thread-safe.
 *
 * <p>A failed append is not acknowledged, and everything behind it in its group fails too. The log
 * stays usable: the next group begins a new segment. Only a writer that has lost the log stays
 * failed.
 */
public final class TenantLog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TenantLog.class);

  /** After a failed publication. */
  private static final long RETRY_NANOS = 200_000_000;

  private final TenantId tenant;
  private final String origin;
  private final LogKey key;
  private final LogOptions options;
  private final LogOwnership ownership;
  private final LogSegments segments;
  private final LogPublisher publisher;
  private final LogState state;
  private final LogQueue queue = new LogQueue();

  /** One publication at a time; taken before the state's own lock. */
  private final ReentrantLock publishing = new ReentrantLock();

  private volatile boolean closing;
  private volatile @Nullable LogException lost;
  private @Nullable Thread writer;
  private @Nullable Thread publishThread;

  private TenantLog(
      Path folder,
      TenantId tenant,
      String origin,
      LogKey key,
      LogOptions options,
      LogFiles files,
      LogOwnership ownership) {
    this.tenant = tenant;
    this.origin = origin;
    this.key = key;
    this.options = options;
    this.ownership = ownership;
    this.segments =
        new LogSegments(
            files, LogOwnership.segments(folder), ownership.epoch(), options.segmentBytes());
    this.publisher = new LogPublisher(files, folder, key);
    this.state = new LogState(origin, new TileReader(files, folder));
  }

  /**
   * Opens the log in this folder, or makes it, and becomes its writer.
   *
   * @param origin {@code <server>/<tenant>}, which every checkpoint states; the key's name
   * @throws LogException {@code log_fenced} if another writer has it, {@code log_damaged}, {@code
   *     log_key_changed}, {@code log_rolled_back} or {@code log_forked} if it is not what it was,
   *     {@code log_unavailable} if the disk fails
   */
  public static TenantLog open(
      Path folder, TenantId tenant, String origin, LogKey key, LogOptions options) {
    return open(folder, tenant, origin, key, options, new LogDisk());
  }

  static TenantLog open(
      Path folder, TenantId tenant, String origin, LogKey key, LogOptions options, LogFiles files) {
    if (!key.shown().name().equals(origin)) {
      throw LogException.refused(
          "log_key_changed",
          "the key of " + key.shown().name() + " cannot sign for " + origin,
          "open the log with its own key");
    }
    LogOwnership ownership = LogOwnership.take(files, folder, options.fences());
    TenantLog log = new TenantLog(folder, tenant, origin, key, options, files, ownership);
    try {
      log.recover();
      log.start();
      return log;
    } catch (TileReader.BadTile e) {
      ownership.close();
      throw log.state.damaged("" + e.getMessage(), e);
    } catch (IOException e) {
      ownership.close();
      throw LogException.unavailable("the log in " + folder + " cannot be opened: " + e, e);
    } catch (RuntimeException e) {
      ownership.close();
      throw e;
    }
  }

  private void recover() throws IOException {
    state.load(publisher.recover(origin).orElse(null));
    state.replay(segments.recover(state.size()));
    for (AnchorStore store : options.anchors()) {
      store
          .last(origin)
          .ifPresent(
              last -> AnchorCheck.requireExtends(store, last, key(), state.size(), state::root));
    }
    publish();
  }

  private void start() {
    Thread writing = options.threads().newThread(this::write);
    Thread publishes = options.threads().newThread(this::publishNowAndThen);
    writer = writing;
    publishThread = publishes;
    writing.start();
    publishes.start();
  }

  /** The tenant whose log this is. */
  public TenantId tenant() {
    return tenant;
  }

  /** What every checkpoint of it states. */
  public String origin() {
    return origin;
  }

  /** The key that its checkpoints are signed with. */
  public NoteKey key() {
    return key.shown();
  }

  LogKey signingKey() {
    return key;
  }

  /**
   * Appends and waits.
   *
   * @return the index, when the entry is durable
   * @throws LogException {@code entry_too_large}, {@code log_unavailable}, {@code log_fenced}
   */
  public long append(byte[] entry) {
    byte[] copy = TileEntries.requireFits(entry).clone();
    return append((index, previous) -> copy);
  }

  /** As {@link #append(byte[])} for an entry that knows its place. */
  public long append(LogEntry entry) {
    Request request = enqueue(entry);
    try {
      return request.done.get(options.appendTimeout().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      String end = request.giveUp() ? "it was not written" : "whether it is on disk is not known";
      throw LogException.unavailable(
          "an entry of log " + origin + " was not acknowledged in time; " + end, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof LogException failed) {
        // A failure is shared by its whole group: each caller gets one of its own to throw.
        throw failed.copy();
      }
      if (e.getCause() instanceof RuntimeException failed) {
        throw failed;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      request.giveUp();
      Thread.currentThread().interrupt();
      throw LogException.unavailable("the wait for log " + origin + " was interrupted", e);
    }
  }

  /** As {@link #append(LogEntry)} without waiting; the appends of one thread keep their order. */
  public CompletableFuture<Long> submit(LogEntry entry) {
    return enqueue(entry).done;
  }

  private Request enqueue(LogEntry entry) {
    requireUsable();
    Request request = new Request(entry);
    try {
      if (!queue.offer(request, options.appendTimeout().toNanos())) {
        throw LogException.unavailable(
            LogQueue.PLACES + " entries wait for log " + origin + " already", null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LogException.unavailable("the wait for log " + origin + " was interrupted", e);
    }
    // The writing thread may have ended since the look above.
    if ((closing || lost != null) && request.giveUp()) {
      requireUsable();
    }
    return request;
  }

  private void requireUsable() {
    LogException end = lost;
    if (end != null) {
      throw end.copy();
    }
    if (closing) {
      throw closed();
    }
  }

  private LogException closed() {
    return LogException.unavailable("log " + origin + " is closed", null);
  }

  private void write() {
    LogWriter round = new LogWriter(segments, ownership);
    List<Request> group = List.of();
    try {
      while (!closing || !queue.isEmpty()) {
        state.awaitRoom(options.backlogBytes(), () -> closing);
        group = queue.take(options.groupEntries());
        while (!group.isEmpty()) {
          group = round.commit(group, state.size(), state.lastLeaf(), state::acknowledge);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      lose(group, LogException.unavailable("the writer of log " + origin + " was interrupted", e));
    } catch (RuntimeException e) {
      LOG.error("log {} is lost to this writer: {}", origin, e.toString());
      lose(
          group,
          e instanceof LogException known
              ? known
              : LogException.unavailable("the writer of log " + origin + " failed: " + e, e));
    }
  }

  private void lose(List<Request> group, LogException why) {
    lost = why;
    group.forEach(r -> r.done.completeExceptionally(why));
    queue.fail(why);
  }

  private void publishNowAndThen() {
    boolean failed = false;
    while (!closing) {
      try {
        long wait = failed ? RETRY_NANOS : options.publishEvery().toNanos();
        state.awaitGrowth(wait, failed, () -> closing);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      try {
        if (lost == null) {
          publish();
        }
        failed = false;
      } catch (IOException | RuntimeException e) {
        failed = true;
        // Nothing is lost: the segments hold it, appends stop at the backlog's limit.
        LOG.warn("log {} could not be published, trying again later: {}", origin, e.toString());
      }
    }
  }

  /** Publishes everything acknowledged so far. */
  private Published publish() throws IOException {
    publishing.lock();
    try {
      Optional<Published> current = state.current();
      if (current.isPresent()) {
        return current.get();
      }
      Batch batch = state.batch();
      ownership.requireHeld();
      Published done = publisher.publish(batch);
      state.published(batch, done);
      segments.retire(done.head().size());
      return done;
    } finally {
      publishing.unlock();
    }
  }

  /** The entry at this index. */
  public byte[] entry(long index) {
    return state.entry(index);
  }

  /** How many entries are acknowledged. */
  public long size() {
    return state.size();
  }

  /** The root over the first {@code size} entries. */
  public Digest root(long size) {
    return state.root(size);
  }

  /** The inclusion proof of an entry in the tree of this size, from the leaf's sibling upwards. */
  public List<Digest> proveInclusion(long index, long size) {
    return state.inclusion(index, size);
  }

  /**
   * The proof that the tree of size {@code from} is a prefix of that of size {@code to}.
   *
   * @throws LogException {@code bad_proof_range} from size 0, of which nothing can be proved
   */
  public List<Digest> proveConsistency(long from, long to) {
    return state.consistency(from, to);
  }

  /** A signed checkpoint over everything acknowledged at the call, published when this returns. */
  public String checkpoint() {
    requireUsable();
    try {
      return publish().note();
    } catch (IOException e) {
      throw LogException.unavailable("log " + origin + " cannot be published: " + e, e);
    }
  }

  /** The whole proof of an entry against {@link #checkpoint}. */
  public ProofText prove(long index) {
    String note = checkpoint();
    long size = Checkpoint.verified(note, key.shown()).size();
    return new ProofText(index, new byte[0], proveInclusion(index, size), note);
  }

  /** Ends after everything that waits is acknowledged or failed, and publishes it. */
  @Override
  public void close() {
    closing = true;
    queue.wake();
    state.wake();
    try {
      joinAll();
      if (lost == null) {
        publish();
      }
      segments.close();
    } catch (IOException e) {
      LOG.warn("log {} was closed unpublished; its segments hold it: {}", origin, e.toString());
    } finally {
      ownership.close();
    }
  }

  private void joinAll() {
    for (Thread thread : new Thread[] {writer, publishThread}) {
      try {
        if (thread != null && !thread.join(options.appendTimeout())) {
          LOG.warn("a thread of log {} does not end", origin);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
