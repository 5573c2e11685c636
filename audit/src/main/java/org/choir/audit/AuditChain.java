package org.choir.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
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
  private static final System.Logger LOG = System.getLogger(AuditChain.class.getName());
  private static final long LARGEST_SEQ = (1L << 53) - 1;
  private static final String NO_HASH = "0".repeat(64);

  /** Who acts where no run does: the server itself, and a person at the command line. */
  static final AgentId SERVER = new AgentId("rchoirserver");

  private static final Set<String> STANDING = Set.of(SERVER.value(), "rbyhand", "rperson");

  private final TenantId tenant;
  private final TenantLog log;
  private final LogKey key;
  private final PayloadStore payloads;
  private final Path indexFile;
  private final SecureRandom random;
  private final InstantSource clock;
  private final Kinds kinds = Kinds.shipped();

  /** Guarded by itself, like the three below. */
  private final EventIndex index;

  /** By agent, its newest event that is not known to be durable yet. */
  private final Map<String, Draft> onTheirWay = new HashMap<>();

  /** By index, until those before them are folded. */
  private final Map<Long, Leaf> durable = new HashMap<>();

  private String gateOnItsWay = "";

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
    this.random = random;
    this.clock = clock;
    Path folder = options.folder();
    try {
      PrivateFiles.folder(folder);
    } catch (IOException e) {
      throw LogException.unavailable("cannot make " + folder + ": " + e.getMessage(), e);
    }
    this.key = LogKey.open(folder.resolve("log.key.json"), tenant, options.origin(), keys, random);
    this.payloads = new PayloadStore(folder.resolve("payloads"), keys, tenant, options.power());
    this.indexFile = folder.resolve("index.json");
    this.log =
        TenantLog.open(
            logFolder(folder),
            tenant,
            options.origin(),
            key,
            options.log(),
            options.power() ? new LogDisk() : new LogDiskUnforced());
    try {
      this.index = EventIndex.read(indexFile, log.size());
      catchUp();
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
    List<Draft> drafts = new ArrayList<>();
    for (AuditEvent event : events) {
      drafts.add(draft(event));
    }
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    synchronized (index) {
      drafts.removeIf(draft -> isRepeated(draft, waiting));
      drafts.forEach(this::mark);
    }
    // Never under the lock: the log may make a submitter wait, and its writer takes the lock.
    int sent = 0;
    try {
      keep(drafts);
      for (; sent < drafts.size(); sent++) {
        waiting.add(send(drafts.get(sent)));
      }
    } catch (RuntimeException e) {
      drafts.subList(sent, drafts.size()).forEach(draft -> settle(draft, -1, e));
      throw e;
    }
    return () -> waiting.forEach(AuditChain::await);
  }

  /** An event, checked and taken apart, that has no place yet. */
  private static final class Draft {
    final AuditEvent event;
    final EventKind kind;
    final EventKind.Parts parts;
    final @Nullable Payload payload;
    final String agent;
    final Optional<EventIndex.Head> place;
    final CompletableFuture<Long> done = new CompletableFuture<>();
    private volatile @Nullable Leaf made;

    Draft(AuditEvent event, EventKind kind, EventKind.Parts parts, @Nullable Payload payload) {
      this.event = event;
      this.kind = kind;
      this.parts = parts;
      this.payload = payload;
      this.agent = EventIndex.agent(event.id());
      this.place = EventIndex.head(event.id());
    }

    boolean isGate() {
      return kind.name().equals("gate.configured");
    }

    String gate() {
      return parts.digests().path("configuration").asText();
    }

    String intent() {
      return STANDING.contains(event.agent().value()) ? "" : event.agent().run().value();
    }

    byte[] leaf(long seq, String prev) {
      Leaf leaf =
          new Leaf(
              seq,
              event.tenant().value(),
              event.at().truncatedTo(ChronoUnit.MILLIS),
              kind.name(),
              kind.version(),
              event.id(),
              parts.actor().isEmpty() ? event.agent().value() : parts.actor(),
              parts.subject(),
              intent(),
              parts.verdict(),
              event.template(),
              Prose.RENDERER,
              payload == null ? "" : payload.commitment(),
              prev,
              parts.digests(),
              parts.data());
      made = leaf;
      return leaf.bytes();
    }
  }

  private Draft draft(AuditEvent event) {
    EventKind kind = kinds.toWrite(event.kind());
    if (!event.tenant().equals(tenant)) {
      throw new EventRefusedException(kind.name(), "it belongs to the tenant " + event.tenant());
    }
    if (!(event.data() instanceof ObjectNode data)) {
      throw new EventRefusedException(kind.name(), "its data is no object");
    }
    if (!(event.id() + event.template()).matches("[A-Za-z0-9._:/@+-]{0,400}")) {
      throw new EventRefusedException(kind.name(), "its id or template is no word");
    }
    EventKind.Parts parts = kind.take(data);
    Payload payload = null;
    if (!parts.personal().isEmpty()) {
      byte[] salt = new byte[Payload.SALT_BYTES];
      random.nextBytes(salt);
      payload = Payload.of(salt, parts.personal());
    }
    Draft draft = new Draft(event, kind, parts, payload);
    int bytes = draft.leaf(LARGEST_SEQ, NO_HASH).length;
    if (bytes > Leaf.BYTES_MAX) {
      throw new EventRefusedException(
          kind.name(), "its leaf of " + bytes + " bytes is longer than " + Leaf.BYTES_MAX);
    }
    return draft;
  }

  /** Whether it is recorded, or on its way: then it is only waited for. */
  private boolean isRepeated(Draft draft, List<CompletableFuture<?>> waiting) {
    if (draft.isGate()) {
      return draft.gate().equals(index.gate()) || draft.gate().equals(gateOnItsWay);
    }
    if (draft.place.isEmpty()) {
      return false;
    }
    Draft sent = onTheirWay.get(draft.agent);
    if (sent != null && sent.place.orElseThrow().covers(draft.place.get())) {
      waiting.add(sent.done);
      return true;
    }
    EventIndex.Head head = index.heads().get(draft.agent);
    return head != null && head.covers(draft.place.get());
  }

  private void mark(Draft draft) {
    if (draft.place.isPresent()) {
      onTheirWay.put(draft.agent, draft);
    }
    gateOnItsWay = draft.isGate() ? draft.gate() : gateOnItsWay;
  }

  /** Payloads first: a leaf never commits to what was not kept. */
  private void keep(List<Draft> drafts) {
    Map<String, List<Payload>> byIntent = new HashMap<>();
    for (Draft draft : drafts) {
      if (draft.payload != null) {
        byIntent.computeIfAbsent(draft.intent(), i -> new ArrayList<>()).add(draft.payload);
      }
    }
    byIntent.forEach(payloads::add);
  }

  private CompletableFuture<?> send(Draft draft) {
    log.submit((seq, previous) -> draft.leaf(seq, previous.hex()))
        .whenComplete((seq, failure) -> settle(draft, seq == null ? -1 : seq, failure));
    return draft.done;
  }

  /** What failed is not recorded, so that its next attempt is no repetition. */
  private void settle(Draft draft, long seq, @Nullable Throwable failure) {
    synchronized (index) {
      if (failure == null) {
        durable.put(seq, Objects.requireNonNull(draft.made));
        while (durable.containsKey(index.size())) {
          index.apply(durable.remove(index.size()));
        }
      }
      onTheirWay.computeIfPresent(draft.agent, (a, newest) -> newest == draft ? null : newest);
      gateOnItsWay = draft.isGate() ? "" : gateOnItsWay;
    }
    if (failure == null) {
      draft.done.complete(seq);
    } else {
      draft.done.completeExceptionally(
          failure instanceof CompletionException e && e.getCause() != null
              ? e.getCause()
              : failure);
    }
  }

  private static void await(CompletableFuture<?> done) {
    try {
      done.join(); // the log's own deadline bounds it
    } catch (CompletionException e) {
      if (e.getCause() instanceof ChoirException known) {
        throw known;
      }
      throw e;
    }
  }

  /** Folds what was written since the index was, at the start. */
  private void catchUp() {
    for (long at = index.size(); at < log.size(); at++) {
      try {
        index.apply(Leaf.parse(log.entry(at)));
      } catch (ChoirException e) {
        throw LogException.untrusted(
            "chain_damaged",
            "entry " + at + " of the log of " + tenant + " is no event of a chain",
            "look at it with: choir audit verify",
            e);
      }
    }
  }

  private void writeIndex() {
    try {
      index.write(indexFile);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the index of the audit chain was not written", e);
    }
  }

  /** Whether anything of this agent's history was ever recorded. */
  public boolean knows(String agent) {
    synchronized (index) {
      return index.heads().containsKey(agent) || onTheirWay.containsKey(agent);
    }
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
    synchronized (index) {
      return index.isErased(leaf) ? new Prose.Personal.Erased() : new Prose.Personal.Withheld();
    }
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
   * Puts a statement of the log's head into a store outside it, and records that. What the store
   * says already must be a prefix of this log.
   *
   * @return empty if nothing was written since the last one there
   * @throws LogException {@code log_rolled_back} or {@code log_forked} if it is not
   * @throws AnchorException if it could not be put
   */
  public Optional<Anchor> anchor(AnchorStore store) {
    Optional<Anchor> last = store.last(key.shown().name());
    last.ifPresent(a -> AnchorCheck.requireExtends(store, a, key.shown(), log.size(), log::root));
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
    synchronized (index) {
      writeIndex();
    }
    log.close();
  }
}
