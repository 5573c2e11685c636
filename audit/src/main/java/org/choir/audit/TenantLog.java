package org.choir.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
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

  /** Publish early when so many entries wait: 64 bundles. */
  private static final long PUBLISH_AFTER = 16_384;

  private static final String MEND =
      "restore the log's folder from a backup and check it with: choir audit verify";

  private static final long RETRY_NANOS = 200_000_000;

  private final TenantId tenant;
  private final String origin;
  private final LogKey key;
  private final LogOptions options;
  private final LogOwnership ownership;
  private final LogSegments segments;
  private final LogPublisher publisher;
  private final TileReader reader;
  private final LogQueue queue = new LogQueue();

  /** Guards tree, tail, published and the two conditions. */
  private final ReentrantLock state = new ReentrantLock();

  private final Condition grown = state.newCondition();
  private final Condition shrunk = state.newCondition();
  private final LogTree tree;
  private final LogTail tail = new LogTail();
  private @Nullable Published published;
  private Digest lastLeaf = TreeHash.ofNothing();

  /** One publication at a time; taken before {@code state}. */
  private final ReentrantLock publishing = new ReentrantLock();

  private final TreeHash leafHash = new TreeHash();
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
    this.reader = new TileReader(files, folder);
    this.tree = new LogTree(reader);
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
    try {
      TenantLog log = new TenantLog(folder, tenant, origin, key, options, files, ownership);
      log.recover();
      log.start();
      return log;
    } catch (TileReader.BadTile e) {
      ownership.close();
      throw LogException.untrusted("log_damaged", "log " + origin + ": " + e.getMessage(), MEND, e);
    } catch (IOException e) {
      ownership.close();
      throw LogException.unavailable("the log in " + folder + " cannot be opened: " + e, e);
    } catch (RuntimeException e) {
      ownership.close();
      throw e;
    }
  }

  private void recover() throws IOException {
    published = publisher.recover(origin).orElse(null);
    long size = published == null ? 0 : published.head().size();
    tree.load(size);
    if (published != null && !digest(TreeProof.root(tree, size)).equals(published.head().root())) {
      throw damaged("the tiles do not lead to the root of the checkpoint of size " + size);
    }
    long full = size / TilePath.FULL * TilePath.FULL;
    int width = (int) (size - full);
    tail.load(full, width == 0 ? List.of() : lastBundle(full / TilePath.FULL, width));
    if (size > 0) {
      lastLeaf = digest(tree.subtree(0, size - 1));
    }
    for (byte[] entry : segments.recover(size)) {
      byte[] leaf = leafHash.leaf(entry);
      tree.add(leaf);
      tail.add(entry);
      lastLeaf = digest(leaf);
    }
    AnchorCheck.requireExtends(options.anchors(), key.shown(), origin, tree, tree.size());
    publish();
  }

  private List<byte[]> lastBundle(long index, int width) throws IOException {
    List<byte[]> entries = reader.bundle(index, width).subList(0, width);
    for (int i = 0; i < width; i++) {
      byte[] leaf = tree.subtree(0, index * TilePath.FULL + i);
      if (!java.util.Arrays.equals(leaf, leafHash.leaf(entries.get(i)))) {
        throw damaged("entry " + (index * TilePath.FULL + i) + " does not match its tile");
      }
    }
    return entries;
  }

  private LogException damaged(String what) {
    return LogException.untrusted("log_damaged", "log " + origin + ": " + what, MEND);
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
    LogWriter round = new LogWriter(segments, ownership, leafHash);
    List<Request> group = List.of();
    try {
      while (!closing || !queue.isEmpty()) {
        waitForRoom();
        group = queue.take(options.groupEntries());
        while (!group.isEmpty()) {
          group = round.commit(group, size(), lastLeaf, this::acknowledge);
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

  /** Acknowledged entries must not pile up faster than they can be published. */
  private void waitForRoom() throws InterruptedException {
    state.lock();
    try {
      while (tail.bytes() > options.backlogBytes() && !closing) {
        grown.signalAll();
        shrunk.await(100, TimeUnit.MILLISECONDS);
      }
    } finally {
      state.unlock();
    }
  }

  private void acknowledge(List<byte[]> entries, List<byte[]> leaves) {
    state.lock();
    try {
      entries.forEach(tail::add);
      leaves.forEach(tree::add);
      lastLeaf = digest(leaves.getLast());
      if (unpublished() >= PUBLISH_AFTER) {
        grown.signalAll();
      }
    } finally {
      state.unlock();
    }
  }

  private long unpublished() {
    return published == null ? Long.MAX_VALUE : tree.size() - published.head().size();
  }

  private void publishNowAndThen() {
    boolean failed = false;
    while (!closing) {
      state.lock();
      try {
        long rest = failed ? RETRY_NANOS : options.publishEvery().toNanos();
        while (rest > 0 && (failed || unpublished() < PUBLISH_AFTER) && !closing) {
          rest = grown.awaitNanos(rest);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } finally {
        state.unlock();
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
      Batch batch;
      state.lock();
      try {
        Published last = published;
        if (last != null && last.head().size() == tree.size()) {
          return last;
        }
        Digest root = digest(TreeProof.root(tree, tree.size()));
        Checkpoint head = new Checkpoint(origin, tree.size(), root, List.of());
        batch = new Batch(head, tail.bundles(), tree.unpublished());
      } finally {
        state.unlock();
      }
      ownership.requireHeld();
      Published done = publisher.publish(batch);
      state.lock();
      try {
        published = done;
        tree.written(batch.tiles());
        tail.published(done.head().size());
        shrunk.signalAll();
      } finally {
        state.unlock();
      }
      segments.retire(done.head().size());
      return done;
    } finally {
      publishing.unlock();
    }
  }

  /** The entry at this index. */
  public byte[] entry(long index) {
    state.lock();
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
      state.unlock();
    }
    int within = (int) (index % TilePath.FULL);
    try {
      return reader.bundle(index / TilePath.FULL, TilePath.FULL).get(within).clone();
    } catch (IOException e) {
      throw LogException.untrusted(
          "log_damaged",
          "entry " + index + " of log " + origin + " cannot be read: " + e.getMessage(),
          "check the log with: choir audit verify",
          e);
    }
  }

  /** How many entries are acknowledged. */
  public long size() {
    state.lock();
    try {
      return tree.size();
    } finally {
      state.unlock();
    }
  }

  /** The root over the first {@code size} entries. */
  public Digest root(long size) {
    state.lock();
    try {
      requireSize(size);
      return digest(TreeProof.root(tree, size));
    } finally {
      state.unlock();
    }
  }

  /** The inclusion proof of an entry in the tree of this size, from the leaf's sibling upwards. */
  public List<Digest> proveInclusion(long index, long size) {
    state.lock();
    try {
      requireSize(size);
      return TreeProof.inclusion(tree, index, size);
    } finally {
      state.unlock();
    }
  }

  /**
   * The proof that the tree of size {@code from} is a prefix of that of size {@code to}.
   *
   * @throws LogException {@code bad_proof_range} from size 0, of which nothing can be proved
   */
  public List<Digest> proveConsistency(long from, long to) {
    state.lock();
    try {
      requireSize(to);
      return TreeProof.consistency(tree, from, to);
    } finally {
      state.unlock();
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
    state.lock();
    try {
      grown.signalAll();
      shrunk.signalAll();
    } finally {
      state.unlock();
    }
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

  private static Digest digest(byte[] hash) {
    return TreeHash.digest(hash);
  }
}
