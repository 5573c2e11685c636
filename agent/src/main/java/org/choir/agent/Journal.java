package org.choir.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.choir.backbone.StateEntry;
import org.choir.backbone.StateStream;
import org.choir.core.AgentId;
import org.choir.core.AuditSink;
import org.choir.core.ChoirException;
import org.choir.core.Money;
import org.choir.core.TenantId;
import org.choir.model.ModelAnswer.Usage;
import org.jspecify.annotations.Nullable;

/**
 * The one writer of one agent's history in this process, and the state folded from it. An entry is
 * stored first and folded after; nothing else changes the state.
 */
final class Journal {

  /** Sees every boundary pass; tests stop the loop there. */
  interface Boundaries {
    Boundaries NONE = new Boundaries() {};

    default void before(AgentId agent, List<ObjectNode> events) {}

    default void after(StateEntry entry) {}
  }

  private final StateStream stream;
  private final TenantId tenant;
  private final AgentId agent;
  private final RunView view;
  private final Budget budget;
  private final Boundaries boundaries;
  private final AuditTrail trail;
  private final AgentState state = new AgentState();
  private final long epoch;
  private @Nullable StateEntry last;
  private AuditSink.Receipt outstanding = () -> {};

  /**
   * Takes over an agent.
   *
   * @param history all its entries so far; the new owner's epoch is one above the last
   */
  Journal(
      StateStream stream,
      TenantId tenant,
      AgentId agent,
      List<StateEntry> history,
      RunView view,
      Budget budget,
      AuditTrail trail,
      Boundaries boundaries) {
    this.stream = stream;
    this.tenant = tenant;
    this.agent = agent;
    this.view = view;
    this.budget = budget;
    this.boundaries = boundaries;
    this.trail = trail;
    for (StateEntry entry : history) {
      fold(entry);
    }
    this.epoch = last == null ? 1 : last.epoch() + 1;
    budget.used(agent, state.steps(), state.usage(), state.cost());
  }

  AgentState state() {
    return state;
  }

  /**
   * Records one boundary and returns when it is stored and folded, and where something is to be
   * done next that it allows, when the audit chain has it too. The chain's word on results is
   * waited for before the next boundary.
   *
   * @throws HaltException if it cannot be recorded: nothing further may happen
   */
  void append(List<ObjectNode> events) {
    boundaries.before(agent, events);
    int steps = state.steps();
    Usage usage = state.usage();
    Optional<Money> cost = state.cost();
    StateEntry entry = store(events);
    AuditSink.Receipt before = outstanding;
    audited(() -> outstanding = trail.submit(entry));
    fold(entry);
    if (state.steps() > steps) {
      budget.used(
          agent,
          state.steps() - steps,
          new Usage(
              state.usage().inputTokens() - usage.inputTokens(),
              state.usage().cachedInputTokens() - usage.cachedInputTokens(),
              state.usage().outputTokens() - usage.outputTokens()),
          state.cost().map(c -> cost.map(c::minus).orElse(c)));
    }
    audited(before::await);
    if (AuditTrail.allowsMore(events)) {
      audited(outstanding::await);
    }
    boundaries.after(entry);
  }

  /**
   * Tells the audit chain of the newest entry once more: who stored it may have ended before the
   * chain had it. Of the entries before it has all.
   *
   * @throws HaltException if the chain cannot take it: nothing further may happen
   */
  void settle() {
    StateEntry newest = last;
    if (newest != null) {
      audited(() -> trail.submit(newest).await());
    }
  }

  private static void audited(Runnable telling) {
    try {
      telling.run();
    } catch (ChoirException e) {
      throw new HaltException(e);
    }
  }

  private void fold(StateEntry entry) {
    state.apply(entry);
    view.apply(entry, state);
    last = entry;
  }

  /**
   * On a thread of its own: an interrupt in the middle of an append would leave it open whether the
   * entry is stored, and the pause that follows needs to know.
   */
  private StateEntry store(List<ObjectNode> events) {
    CompletableFuture<StateEntry> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("append-" + agent)
        .start(
            () -> {
              try {
                done.complete(stream.append(tenant, agent, epoch, last, events));
              } catch (Throwable e) { // handed to the waiting thread, whatever it is
                done.completeExceptionally(e);
              }
            });
    try {
      return done.join(); // join ignores interrupts; the stream's own deadline bounds it
    } catch (CompletionException e) {
      if (e.getCause() instanceof ChoirException reason) {
        throw new HaltException(reason);
      }
      throw e;
    }
  }
}
