package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.sui.LocalSui;
import org.choir.economy.sui.SuiGateway;
import org.junit.jupiter.api.Test;

/** Rewards and citations from the real services and ledger to the chain. */
class ChainFeedTest {
  private static final long CHIP = 1_000_000;
  private static final TenantId ADA = new TenantId("ada");

  @Test
  void whatVestsReachesTheChainAndWhatDoesNotIsNotMissedThere() {
    TestClock clock = new TestClock();
    ChainSigner platform = LocalSui.signer(1);
    ChainSigner ada = LocalSui.signer(2);
    try (Database database = TestDatabase.fresh();
        PostgresLedger ledger = PostgresLedger.open(database, LedgerOptions.STANDARD, clock);
        LocalSui sui = new LocalSui(platform);
        SuiGateway chain =
            new SuiGateway(sui.options(Duration.ofSeconds(20)), platform, user -> ada)) {
      Genesis.ensure(ledger);
      ChainHalts halts = new ChainHalts(database, clock);
      Settlements settlements = new Settlements(database, ledger, chain, halts, clock);
      ChainFeed feed = new ChainFeed(database, ledger, settlements);
      Rewards rewards =
          new Rewards(database, ledger, () -> Parameters.STANDARD, Set.of("editor"), clock);
      assertThat(feed.reconcile().mismatches()).isEmpty();

      rewards.claim(Economy.work("a", ADA, 72));
      // Made and a fifth vested; the chain has nothing yet.
      assertThat(feed.reconcile().mismatches()).isEmpty();
      assertThat(settlements.settle(10)).isEqualTo(1);
      assertThat(sui.chip(ada)).isEqualTo(39_200_000);
      assertThat(feed.reconcile().mismatches()).isEmpty();

      clock.forward(Duration.ofDays(200));
      rewards.vest(clock.instant());
      assertThat(feed.collect()).isEqualTo(1);
      assertThat(feed.collect()).isZero();
      assertThat(settlements.settle(10)).isEqualTo(1);
      assertThat(sui.chip(ada)).isEqualTo(196 * CHIP);
      assertThat(feed.reconcile()).isEqualTo(new Settlements.Report(true, List.of(), List.of(), 2));
      assertThat(halts.standing()).isEmpty();

      cite(ledger, clock.instant());
      sui.fund(10 * CHIP);
      assertThat(feed.collect()).isEqualTo(1);
      assertThat(settlements.settle(10)).isEqualTo(1);
      assertThat(feed.reconcile().receipts()).isEqualTo(3);
      sui.mintSecretly(-1);
      assertThat(feed.reconcile().mismatches()).hasSize(1);
      assertThat(halts.standing()).isPresent();
    }
  }

  /** A citation as {@link CitationOrders} orders it: reserved, then posted in part. */
  private static void cite(Ledger ledger, Instant at) {
    AccountId budget =
        Chart.citationBudget(java.time.YearMonth.from(at.atZone(java.time.ZoneOffset.UTC)));
    AccountId purse = Chart.citations(ADA);
    ledger.open(Chart.bank("test"), Limit.NONE);
    ledger.open(Chart.treasury(Currency.USDC), Limit.NO_OVERDRAFT);
    ledger.open(budget, Limit.NO_OVERDRAFT);
    ledger.open(purse, Limit.NO_OVERDRAFT);
    Explanation why = Explanation.NONE;
    ledger.require(
        List.of(
            Transfer.move(
                Transfer.id("t", "1"),
                Chart.bank("test"),
                budget,
                9 * CHIP,
                "citation_budget",
                why),
            Transfer.reserve(
                Transfer.id("t", "2"),
                budget,
                purse,
                5 * CHIP,
                Duration.ZERO,
                "citation_pending",
                why),
            Transfer.post(
                Transfer.id("t", "3"), Transfer.id("t", "2"), 4 * CHIP, "citation_paid", why)));
  }
}
