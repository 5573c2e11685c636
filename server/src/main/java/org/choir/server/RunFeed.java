package org.choir.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.ChoirException;
import org.choir.core.Json;
import org.choir.core.RunId;

/**
 * Recorded events for everyone who watches: one subscription to the state stream, fanned out by run
 * in this process. A watcher first gets what is recorded and then what comes, each entry once, in
 * the order of the stream. A watcher that falls too far behind is ended, never waited for.
 */
public final class RunFeed implements AutoCloseable {
  /** Entries a watcher may lag behind. */
  static final int LAG_MAX = 20_000;

  private final StateStream state;
  private final Map<RunId, Set<Watch>> watches = new HashMap<>();
  private final StateStream.Subscription subscription;
  private long delivered;

  /** Subscribes from this sequence on; what came before is read when somebody asks for it. */
  public RunFeed(StateStream state, long from) {
    this.state = state;
    this.delivered = from - 1;
    this.subscription = state.follow(from, this::deliver);
  }

  private synchronized void deliver(StateEntry entry) {
    delivered = entry.sequence();
    watches.getOrDefault(entry.agent().run(), Set.of()).forEach(w -> w.offer(entry));
  }

  /** Everything recorded of a run so far, in the order of the stream. */
  public List<StateEntry> history(RunId run) {
    List<StateEntry> all = new ArrayList<>();
    // Agents first, then their entries: one that starts in between is in the live part.
    for (AgentId agent : state.agents()) {
      if (agent.run().equals(run)) {
        all.addAll(state.read(agent));
      }
    }
    all.sort(Comparator.comparingLong(StateEntry::sequence));
    return all;
  }

  /** Begins to watch a run; the caller closes the watch. */
  public Watch watch(RunId run) {
    Watch watch = new Watch(run);
    long through;
    synchronized (this) {
      // What the subscription has passed is history; all after it reaches the watch by itself.
      watches.computeIfAbsent(run, r -> new HashSet<>()).add(watch);
      through = delivered;
    }
    watch.past = history(run).stream().filter(e -> e.sequence() <= through).toList();
    return watch;
  }

  /** The sequence up to which watchers have been served. */
  public synchronized long delivered() {
    return delivered;
  }

  @Override
  public void close() {
    subscription.close();
  }

  /** The events of an entry as lines of {@code choir events}. */
  public static List<ObjectNode> lines(StateEntry entry) {
    List<ObjectNode> lines = new ArrayList<>();
    for (ObjectNode event : entry.events()) {
      lines.add(
          Json.object()
              .put("sequence", entry.sequence())
              .put("run", entry.agent().run().value())
              .put("agent", entry.agent().value())
              .put("at", entry.at().toString())
              .set("event", event));
    }
    return lines;
  }

  /** One watcher's view of a run. For one thread. */
  public final class Watch implements AutoCloseable {
    private final RunId run;
    private final BlockingQueue<StateEntry> live = new LinkedBlockingQueue<>(LAG_MAX);
    private volatile boolean overrun;
    private List<StateEntry> past = List.of();
    private int position;
    private long reached;

    private Watch(RunId run) {
      this.run = run;
    }

    private void offer(StateEntry entry) {
      overrun |= !live.offer(entry);
    }

    /**
     * The next entry, waiting for it at most this long.
     *
     * @throws ChoirException {@code watcher_too_slow}
     */
    public Optional<StateEntry> next(long timeoutMillis) throws InterruptedException {
      if (position < past.size()) {
        StateEntry entry = past.get(position++);
        reached = entry.sequence();
        return Optional.of(entry);
      }
      if (overrun) {
        throw ChoirException.retryable(
            "watcher_too_slow",
            "this client fell " + LAG_MAX + " entries behind",
            "go on with: choir events " + run + " --from " + (reached + 1) + " --follow",
            null);
      }
      Optional<StateEntry> entry =
          Optional.ofNullable(live.poll(timeoutMillis, TimeUnit.MILLISECONDS));
      entry.ifPresent(e -> reached = e.sequence());
      return entry;
    }

    /** Whether everything recorded so far has been taken. */
    public boolean isEmpty() {
      return position == past.size() && live.isEmpty();
    }

    @Override
    public void close() {
      synchronized (RunFeed.this) {
        Set<Watch> all = watches.getOrDefault(run, Set.of());
        if (all.remove(this) && all.isEmpty()) {
          watches.remove(run);
        }
      }
    }
  }
}
