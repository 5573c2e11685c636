package org.choir.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.choir.core.AgentId;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Digest;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.keys.DataKeys;
import org.choir.keys.PrivateFiles;
import org.jspecify.annotations.Nullable;

/**
 * The audit chain of one tenant: events become leaves of its log, personal fields become
 * commitments. What {@link #record} returned from is durable; when it throws, the action that the
 * event belongs to must not happen. Thread-safe.
 *
 * <p>An event with an id is written once: agents record the events of their newest entry again
 * after a restart, because nobody knows whether the leaf came through, and the chain leaves out
 * those that are there.
 */
public final class AuditChain implements AuditSink, AutoCloseable {
  /** Who acts where no run does: the server itself, and a person at the command line. */
  static final AgentId SERVER = new AgentId("rchoirserver");

  private final TenantId tenant;
  private final TenantLog log;
  private final LogKey key;
  private final PayloadStore payloads;
  private final InstantSource clock;
  private final EventWriter writer;
  private volatile @Nullable LogException distrusted;

  /**
   * Where a chain lies and how it is written.
   *
   * @param folder of this tenant: {@code log}, {@code payloads}, {@code index.json}, {@code
   *     log.key.json}
   * @param origin the log's name, {@code <server>/<tenant>}
   * @param power whether an event waits for the disk
   */
  public record Options(
      Path folder, TenantId tenant, String origin, boolean power, LogOptions log) {}

  private AuditChain(Options options, DataKeys keys, SecureRandom random, InstantSource clock) {
    this.tenant = options.tenant();
    this.clock = clock;
    Path folder = options.folder();
    try {
      PrivateFiles.folder(folder);
    } catch (IOException e) {
      throw LogException.unavailable("cannot make " + folder + ": " + e.getMessage(), e);
    }
    this.key = LogKey.open(folder.resolve("log.key.json"), tenant, options.origin(), keys, random);
    this.payloads = new PayloadStore(folder.resolve("payloads"), keys, tenant, options.power());
    this.log =
        TenantLog.open(
            logFolder(folder),
            tenant,
            options.origin(),
            key,
            options.log(),
            options.power() ? new LogDisk() : new LogDiskUnforced());
    try {
      this.writer = new EventWriter(tenant, log, payloads, folder.resolve("index.json"), random);
    } catch (RuntimeException e) {
      log.close();
      throw e;
    }
  }

  /**
   * Opens or makes a chain.
   *
   * @throws LogException what the log refuses
   */
  public static AuditChain open(
      Options options, DataKeys keys, SecureRandom random, InstantSource clock) {
    return new AuditChain(options, keys, random, clock);
  }

  /** Where the log of a chain lies below its folder. */
  public static Path logFolder(Path folder) {
    return folder.resolve("log");
  }

  @Override
  public void record(AuditEvent event) {
    submit(List.of(event)).await();
  }

  /** As the port says; the events follow each other in the log, others may lie between. */
  @Override
  public Receipt submit(List<AuditEvent> events) {
    LogException why = distrusted;
    if (why != null) {
      throw why.copy();
    }
    return writer.submit(events);
  }

  /** Why the chain takes no events, since {@link #compare} found so; empty if it does. */
  public Optional<LogException> refusal() {
    return Optional.ofNullable(distrusted);
  }

  /** Whether anything of this agent's history was ever recorded. */
  public boolean knows(String agent) {
    return writer.knows(agent);
  }

  /** The tenant. */
  public TenantId tenant() {
    return tenant;
  }

  /** The public key of the log. */
  public NoteKey shown() {
    return key.shown();
  }

  /** How many events are durable. */
  public long size() {
    return log.size();
  }

  /**
   * The event at this index.
   *
   * @throws ChoirException {@code no_such_event}
   */
  public Leaf leaf(long at) {
    return Leaf.parse(entry(at));
  }

  /** As {@link #leaf}, as it stands in the log. */
  public byte[] entry(long at) {
    if (at < 0 || at >= log.size()) {
      throw ChoirException.usage(
          "no_such_event",
          "there is no event " + at + "; the log of " + tenant + " has " + log.size(),
          "list what exists with: choir audit log");
    }
    return log.entry(at);
  }

  /** The proof of an event against a checkpoint that covers it. */
  public ProofText prove(long at) {
    entry(at);
    return log.prove(at);
  }

  /** The inclusion proof of an event in the tree of this size. */
  List<Digest> include(long at, long size) {
    return log.proveInclusion(at, size);
  }

  /** The proof that the tree of one size is a prefix of that of another. */
  List<Digest> extend(long from, long to) {
    return log.proveConsistency(from, to);
  }

  /** A signed checkpoint over all that is durable; the log's folder has it when this returns. */
  public String checkpoint() {
    return log.checkpoint();
  }

  /** What is known of an event's personal fields. */
  public Prose.Personal personal(Leaf leaf) {
    return personal(leaf, payloads.all(leaf.intent(), Set.of(leaf.payload())));
  }

  /** As {@link #personal(Leaf)}, from payloads of the same intent that were read together. */
  Prose.Personal personal(Leaf leaf, Map<String, Payload> known) {
    if (leaf.payload().isEmpty()) {
      return new Prose.Personal.None();
    }
    Payload payload = known.get(leaf.payload());
    if (payload != null) {
      return new Prose.Personal.Known(payload.fields());
    }
    return writer.isErased(leaf) ? new Prose.Personal.Erased() : new Prose.Personal.Withheld();
  }

  /** All payloads of an intent that are there, by commitment. */
  Map<String, Payload> payloads(String intent) {
    return payloads.all(intent, Set.of());
  }

  /**
   * Destroys the personal fields of one event and records that; the event and its proof stay.
   *
   * @throws ChoirException {@code no_such_event}, {@code no_payload}
   */
  public Leaf erase(long at, String by) {
    Leaf leaf = leaf(at);
    if (leaf.payload().isEmpty()) {
      throw ChoirException.usage(
          "no_payload",
          "event " + at + " has no personal fields",
          "list those that have some with: choir audit log --json");
    }
    payloads.erase(leaf.intent(), leaf.payload());
    erased(leaf, Json.object().put("payload", leaf.payload()).put("payloads", 1), by);
    return leaf;
  }

  /**
   * Destroys the personal fields of all events of a run and records that.
   *
   * @return how many payloads there were
   * @throws ChoirException {@code no_such_run} if the chain has no event of it
   */
  public int eraseRun(String run, String by) {
    Leaf last = null;
    for (long at = log.size() - 1; at >= 0 && last == null; at--) {
      Leaf leaf = leaf(at);
      last = leaf.intent().equals(run) ? leaf : null;
    }
    if (last == null) {
      throw ChoirException.usage(
          "no_such_run",
          "the audit chain has no event of a run " + run,
          "list what exists with: choir audit log");
    }
    int erased = payloads.eraseAll(run);
    erased(last, Json.object().put("payload", run).put("run", run).put("payloads", erased), by);
    return erased;
  }

  private void erased(Leaf leaf, ObjectNode data, String by) {
    AgentId agent = leaf.intent().isEmpty() ? SERVER : new RunId(leaf.intent()).lead();
    record(new AuditEvent(tenant, clock.instant(), "payload.erased", agent, data.put("by", by)));
  }

  /**
   * Compares the log with its last anchor in a store. A log that does not extend it takes no event
   * from then on, so that nothing happens outside until a person has looked at it.
   *
   * @return that anchor
   * @throws LogException {@code log_rolled_back}, {@code log_forked} or {@code bad_anchor}
   * @throws AnchorException if the store does not answer
   */
  public Optional<Anchor> compare(AnchorStore store) {
    try {
      Optional<Anchor> last = store.last(key.shown().name());
      last.ifPresent(a -> AnchorCheck.requireExtends(store, a, key.shown(), log.size(), log::root));
      return last;
    } catch (LogException e) {
      distrusted = e;
      throw e;
    }
  }

  /**
   * Puts a statement of the log's head into a store outside it, and records that. What the store
   * says already must be a prefix of this log.
   *
   * @return empty if nothing was written since the last one there
   * @throws LogException {@code log_rolled_back} or {@code log_forked} if it is not
   * @throws AnchorException if it could not be put
   */
  public Optional<Anchor> anchor(AnchorStore store) {
    Optional<Anchor> last = compare(store);
    // The events that tell of anchors are no reason for the next ones.
    long told = last.map(Anchor::size).orElse(0L);
    while (told < log.size() && leaf(told).kind().equals("anchor.written")) {
      told++;
    }
    if (told == log.size()) {
      return Optional.empty();
    }
    Anchor anchor = new AnchorKeeper(clock).anchor(log, store);
    ObjectNode data =
        Json.object()
            .put("anchor", store.kind())
            .put("size", anchor.size())
            .put("root", anchor.root().hex());
    record(new AuditEvent(tenant, clock.instant(), "anchor.written", SERVER, data));
    return Optional.of(anchor);
  }

  @Override
  public void close() {
    writer.close();
    log.close();
  }
}
