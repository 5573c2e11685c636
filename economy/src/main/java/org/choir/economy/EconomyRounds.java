package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.choir.core.ChoirException;

/**
 * What is due by itself: prices, interest, the month's budget, citations, vesting, stakes, loans,
 * deposits, votes, payments on their way, and the news of all of it. A round may come at any time
 * and be cut off anywhere; the next one goes on. What fails is told and does not hold up the rest.
 * One round at a time.
 */
public final class EconomyRounds {
  private static final System.Logger LOG = System.getLogger(EconomyRounds.class.getName());

  private static final int SETTLED_AT_ONCE = 100;
  private static final Duration RECONCILE_EVERY = Duration.ofHours(1);

  private final EconomyServices services;
  private final Supplier<List<Cited>> cited;
  private final Function<String, RunCharges.RunEnd> runs;
  private final ToLongFunction<YearMonth> average;
  private final InstantSource clock;
  private Instant reconciled = Instant.EPOCH;

  /**
   * @param cited every citation there is, as the knowledge base weighs it now
   * @param runs how a run ended
   */
  public EconomyRounds(
      EconomyServices services,
      Supplier<List<Cited>> cited,
      Function<String, RunCharges.RunEnd> runs,
      InstantSource clock) {
    this(services, cited, runs, services.citations()::average, clock);
  }

  /**
   * @param average citations a month that a month is paid by, where they are not counted: in a
   *     house that takes its history from elsewhere
   */
  public EconomyRounds(
      EconomyServices services,
      Supplier<List<Cited>> cited,
      Function<String, RunCharges.RunEnd> runs,
      ToLongFunction<YearMonth> average,
      InstantSource clock) {
    this.services = services;
    this.cited = cited;
    this.runs = runs;
    this.average = average;
    this.clock = clock;
  }

  private interface Task {
    void run();
  }

  /**
   * Does what is due now.
   *
   * @return what could not be done, by task, in words; empty if all is well
   */
  public synchronized Map<String, String> run() {
    Instant now = clock.instant();
    Map<String, String> failed = new LinkedHashMap<>();
    attempt(failed, "runs", () -> services.runs().recover(runs));
    services
        .payments()
        .ifPresent(
            desk -> {
              attempt(failed, "purchases", desk.purchases()::work);
              attempt(
                  failed,
                  "withdrawals",
                  () -> {
                    services.halts().requireNone();
                    desk.withdrawals().work();
                  });
            });
    attempt(failed, "prices", services.prices()::read);
    attempt(failed, "interest", services.treasury()::accrue);
    attempt(failed, "citations", () -> citations(now));
    attempt(failed, "rewards", () -> services.rewards().vest(now));
    attempt(failed, "stakes", services.stakes()::run);
    attempt(
        failed,
        "loans",
        () -> {
          services.loans().finish();
          services.loans().liquidate();
        });
    attempt(failed, "deposits", services.deposits()::finish);
    attempt(
        failed,
        "governance",
        () -> {
          services.governance().settle();
          services.governance().finish();
        });
    if (services.chained()) {
      attempt(failed, "chain", () -> chain(now));
    }
    attempt(failed, "news", services.news()::drain);
    return failed;
  }

  private static void attempt(Map<String, String> failed, String name, Task task) {
    try {
      task.run();
    } catch (ChoirException e) {
      failed.put(name, e.code() + ": " + e.getMessage());
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "the economy's round of " + name + " broke", e);
      failed.put(name, "a fault of its own: " + e);
    }
  }

  /** What is to be settled is settled; every hour ledger and chain are compared. */
  private void chain(Instant now) {
    services.chainFeed().collect();
    services.settlements().settle(SETTLED_AT_ONCE);
    if (!now.isBefore(reconciled.plus(RECONCILE_EVERY))) {
      services.chainFeed().reconcile();
      reconciled = now;
    }
  }

  /** Months that are over are settled, then this one is opened, then what is new is observed. */
  private void citations(Instant now) {
    YearMonth month = YearMonth.from(now.atZone(ZoneOffset.UTC));
    List<Cited> all = cited.get();
    for (CitationMonth open : services.citations().unclosed()) {
      if (open.month().isBefore(month)) {
        services.citations().close(open.month(), all);
      }
    }
    // Every round, since the one that settled a month may have been cut off before this.
    services.treasury().budgets().closeSettled();
    if (services.citations().month(month).isEmpty()) {
      Optional<BudgetRule.Budget> budget = budget(month);
      if (budget.isEmpty()) {
        return;
      }
      services
          .citations()
          .open(
              new CitationBudget(
                  month,
                  budget.get().amount(),
                  average.applyAsLong(month),
                  budget.get().explanation()));
    }
    services.citations().observe(all);
  }

  /** Without a price there is no budget yet; citations wait for it. */
  private Optional<BudgetRule.Budget> budget(YearMonth month) {
    Optional<BudgetRule.Budget> fixed = services.treasury().budgets().budget(month);
    return fixed.isPresent() || services.prices().quote().isEmpty()
        ? fixed
        : Optional.of(services.treasury().budgets().fix(month));
  }
}
