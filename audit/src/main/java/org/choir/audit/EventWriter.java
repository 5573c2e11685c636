package org.choir.audit;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.choir.core.AuditEvent;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.TenantId;
import org.jspecify.annotations.Nullable;

/**
 * Puts events into a chain's log, each of them once: remembers what of each agent's history is
 * there and what is on its way. Thread-safe.
 */
final class EventWriter {
  private static final System.Logger LOG = System.getLogger(EventWriter.class.getName());

  /** More than the log itself lets an append wait. */
  private static final long WAIT_SECONDS_MAX = 60;

  private final TenantId tenant;
  private final TenantLog log;
  private final PayloadStore payloads;
  private final Path indexFile;
  private final SecureRandom random;
  private final Kinds kinds = Kinds.shipped();

  /** Guarded by itself, like the three below. */
  private final EventIndex index;

  /** By agent, its newest event that is not known to be durable yet. */
  private final Map<String, EventDraft> onTheirWay = new HashMap<>();

  /** By index, until those before them are folded. */
  private final Map<Long, Leaf> durable = new HashMap<>();

  private String gateOnItsWay = "";

  /**
   * @param indexFile caches what must be remembered
   * @throws LogException {@code chain_damaged} if the log holds something else than events
   */
  EventWriter(
      TenantId tenant, TenantLog log, PayloadStore payloads, Path indexFile, SecureRandom random) {
    this.tenant = tenant;
    this.log = log;
    this.payloads = payloads;
    this.indexFile = indexFile;
    this.random = random;
    this.index = EventIndex.read(indexFile, log.size());
    catchUp();
  }

  /** As {@link AuditSink#submit}; the events follow each other, others may lie between. */
  AuditSink.Receipt submit(List<AuditEvent> events) {
    List<EventDraft> drafts = new ArrayList<>();
    for (AuditEvent event : events) {
      drafts.add(EventDraft.of(event, tenant, kinds, random));
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
    return () -> waiting.forEach(EventWriter::await);
  }

  /** Whether it is recorded, or on its way: then it is only waited for. */
  private boolean isRepeated(EventDraft draft, List<CompletableFuture<?>> waiting) {
    if (draft.isGate()) {
      return draft.gate().equals(index.gate()) || draft.gate().equals(gateOnItsWay);
    }
    if (draft.place().isEmpty()) {
      return false;
    }
    EventDraft sent = onTheirWay.get(draft.agent());
    if (sent != null && sent.place().orElseThrow().covers(draft.place().get())) {
      waiting.add(sent.done());
      return true;
    }
    EventIndex.Head head = index.heads().get(draft.agent());
    return head != null && head.covers(draft.place().get());
  }

  private void mark(EventDraft draft) {
    if (draft.place().isPresent()) {
      onTheirWay.put(draft.agent(), draft);
    }
    gateOnItsWay = draft.isGate() ? draft.gate() : gateOnItsWay;
  }

  /** Payloads first: a leaf never commits to what was not kept. */
  private void keep(List<EventDraft> drafts) {
    Map<String, List<Payload>> byIntent = new HashMap<>();
    for (EventDraft draft : drafts) {
      if (draft.payload() != null) {
        byIntent.computeIfAbsent(draft.intent(), i -> new ArrayList<>()).add(draft.payload());
      }
    }
    byIntent.forEach(payloads::add);
  }

  private CompletableFuture<?> send(EventDraft draft) {
    log.submit((seq, previous) -> draft.leaf(seq, previous.hex()))
        .whenComplete((seq, failure) -> settle(draft, seq == null ? -1 : seq, failure));
    return draft.done();
  }

  /** What failed is not recorded, so that its next attempt is no repetition. */
  private void settle(EventDraft draft, long seq, @Nullable Throwable failure) {
    synchronized (index) {
      if (failure == null) {
        durable.put(seq, draft.made());
        while (durable.containsKey(index.size())) {
          index.apply(durable.remove(index.size()));
        }
      }
      onTheirWay.computeIfPresent(draft.agent(), (a, newest) -> newest == draft ? null : newest);
      gateOnItsWay = draft.isGate() ? "" : gateOnItsWay;
    }
    if (failure == null) {
      draft.done().complete(seq);
    } else {
      draft
          .done()
          .completeExceptionally(
              failure instanceof CompletionException e && e.getCause() != null
                  ? e.getCause()
                  : failure);
    }
  }

  private static void await(CompletableFuture<?> done) {
    try {
      done.get(WAIT_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof LogException known) {
        throw known.copy(); // one failure is shared by all that waited
      }
      if (e.getCause() instanceof ChoirException known) {
        throw known;
      }
      throw LogException.unavailable("an event was not recorded: " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw LogException.unavailable("whether an event was recorded is not known", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw LogException.unavailable("the wait for the audit chain was interrupted", e);
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

  /** Whether anything of this agent's history was ever recorded. */
  boolean knows(String agent) {
    synchronized (index) {
      return index.heads().containsKey(agent) || onTheirWay.containsKey(agent);
    }
  }

  /** Whether the chain says that this event's payload was erased. */
  boolean isErased(Leaf leaf) {
    synchronized (index) {
      return index.isErased(leaf);
    }
  }

  /** Keeps what is remembered for the next start; without it that one reads the whole log. */
  void close() {
    synchronized (index) {
      try {
        index.write(indexFile);
      } catch (IOException e) {
        LOG.log(System.Logger.Level.WARNING, "the index of the audit chain was not written", e);
      }
    }
  }
}
