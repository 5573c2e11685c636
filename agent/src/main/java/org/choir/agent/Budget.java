package org.choir.agent;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.choir.core.AgentId;
import org.choir.core.Money;
import org.choir.model.ModelAnswer.Usage;

/** What a run has used, all its agents together, against its limits. Thread-safe. */
final class Budget {
  private final InstantSource clock;
  private final Set<AgentId> reserved = new HashSet<>();
  private Limits limits;
  private int steps;
  private Usage usage = Usage.NONE;
  private Optional<Money> money = Optional.empty();
  private Duration ran = Duration.ZERO;
  private Instant since;

  Budget(Limits limits, InstantSource clock) {
    this.limits = limits;
    this.clock = clock;
    this.since = clock.instant();
  }

  synchronized void limits(Limits raised) {
    limits = raised;
  }

  /** The running time recorded so far; it goes on from now. */
  synchronized void ran(Duration recorded) {
    ran = recorded;
    since = clock.instant();
  }

  /**
   * Keeps one step for an agent about to ask its model.
   *
   * @throws StopException {@code budget_exhausted} if a limit is reached
   */
  synchronized void reserve(AgentId agent) {
    if (steps + reserved.size() >= limits.steps()) {
      throw StopException.exhausted("steps", "all " + limits.steps() + " steps are used");
    }
    if (limits.tokens().isPresent() && usage.total() >= limits.tokens().get()) {
      throw StopException.exhausted(
          "tokens", usage.total() + " tokens are used, the limit is " + limits.tokens().get());
    }
    if (limits.money().isPresent()
        && money.isPresent()
        && money.get().compareTo(limits.money().get()) >= 0) {
      throw StopException.exhausted(
          "money", money.get() + " are used, the limit is " + limits.money().get());
    }
    checkTime();
    reserved.add(agent);
  }

  /** The time that is left, at least a second. */
  synchronized Duration remaining() {
    Duration left = limits.time().minus(ran).minus(Duration.between(since, clock.instant()));
    return left.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : left;
  }

  /**
   * @throws StopException {@code budget_exhausted} if the running time is over
   */
  synchronized void checkTime() {
    Duration used = ran.plus(Duration.between(since, clock.instant()));
    if (used.compareTo(limits.time()) >= 0) {
      throw StopException.exhausted(
          "time", "the running time of " + limits.time().toSeconds() + " s is used");
    }
  }

  /** A recorded answer: its step is used, no longer kept. */
  synchronized void used(AgentId agent, int answers, Usage usage, Optional<Money> cost) {
    reserved.remove(agent);
    steps += answers;
    this.usage = this.usage.plus(usage);
    cost.ifPresent(c -> money = Optional.of(money.map(m -> m.plus(c)).orElse(c)));
  }

  /** Gives a kept step back; without effect once it is used. */
  synchronized void release(AgentId agent) {
    reserved.remove(agent);
  }

  /** The sums over all agents of the run. */
  record Totals(int steps, Usage usage, Optional<Money> cost) {}

  synchronized Totals totals() {
    return new Totals(steps, usage, money);
  }
}
