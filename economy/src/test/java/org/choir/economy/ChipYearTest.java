package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.choir.core.Currency;
import org.choir.database.Database;
import org.junit.jupiter.api.Test;

/** A user's year in credits, CHIP and citation payments, to the cent. */
class ChipYearTest {
  private static final int[] CITATIONS = {3, 8, 12, 7, 5};
  private static final long[] PRICES = {2_250_000, 2_375_000, 2_500_000, 2_550_000, 2_625_000};
  private static final long[] RATES = {4_500_000, 4_750_000, 5_000_000, 5_100_000, 5_250_000};
  private final Economy plain = new Economy();

  @Test
  void anAuthorOfOneArticleEarnsWhatWasPromised() {
    buying(plain);
  }

  @Test
  void andSoOnPostgres() {
    try (Database database = TestDatabase.fresh();
        PostgresLedger ledger =
            PostgresLedger.open(database, LedgerOptions.STANDARD, InstantSource.system())) {
      buying(new Economy(database, ledger));
    }
  }

  private static void buying(Economy e) {
    e.signUp(Economy.ADA);
    e.buy(Economy.ADA, 100);
    year(e);
    assertThat(e.allChip(Economy.ADA)).isEqualTo(346 * Economy.CHIP);
    assertThat(e.chip(Chart.available(Economy.ADA, Currency.CHIP))).isEqualTo(296 * Economy.CHIP);
  }

  @Test
  void theSameYearWithoutBuyingChip() {
    Economy e = plain;
    e.signUp(Economy.ADA);
    year(e);
    assertThat(e.allChip(Economy.ADA)).isEqualTo(246 * Economy.CHIP);
    assertThat(e.chip(Chart.available(Economy.ADA, Currency.CHIP))).isEqualTo(196 * Economy.CHIP);
  }

  private static void year(Economy e) {
    e.runs.reserve("run-1", Economy.ADA, RunClass.STANDARD);
    e.runs.charge("run-1");
    Stake stake = e.stakes.take(Economy.ADA, "publication-1", 100 * Economy.CHIP);
    assertThat(stake.starter()).isEqualTo(50 * Economy.CHIP);
    e.stakes.bind("publication-1", "a1");
    Reward reward = e.rewards.claim(Economy.work("a1", Economy.ADA, 72));
    assertThat(reward.made()).isEqualTo(196 * Economy.CHIP);
    assertThat(reward.vested()).isEqualTo(39_200_000);
    assertThat(e.chip(Chart.staked(Economy.ADA))).isEqualTo(100 * Economy.CHIP);
    List<Cited> all = new ArrayList<>();
    for (int month = 0; month < CITATIONS.length; month++) {
      month(e, YearMonth.of(2026, 1 + month), month, all);
    }
    assertThat(e.stakes.of("a1").orElseThrow().state()).isEqualTo(Stake.State.RETURNED);
    assertThat(e.rewards.of("a1").orElseThrow().state()).isEqualTo(Reward.State.VESTED);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(173_450_000);
    assertThat(e.available(Economy.ADA, Currency.CREDITS)).isEqualTo(500 - 50 + 1_700);
    assertThat(e.chip(Chart.starter(Economy.ADA))).isEqualTo(50 * Economy.CHIP);
    assertThat(e.chip(Chart.staked(Economy.ADA))).isZero();
    assertThat(e.chip(Chart.unvested(Economy.ADA))).isZero();
  }

  private static void month(Economy e, YearMonth month, int n, List<Cited> all) {
    // 0.3 % of the value of 10,000,000 CHIP.
    long budget = Shares.part(10_000_000L * PRICES[n], 3_000, Shares.WHOLE);
    e.open(month, budget, 15_000);
    Instant end = month.plusMonths(1).atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant();
    for (int i = 0; i < CITATIONS[n]; i++) {
      all.add(Economy.cited("c" + month + "-" + i, Economy.ADA, "reader" + i, e.now));
    }
    assertThat(e.citations.observe(all)).isEqualTo(CITATIONS[n]);
    assertThat(e.books.balance(Chart.citations(Economy.ADA)).creditsPending())
        .isEqualTo(CITATIONS[n] * RATES[n]);
    while (e.now.isBefore(end)) {
      e.live(1);
    }
    CitationMonth closed = e.citations.close(month, all);
    assertThat(closed.rate(0)).isEqualTo(RATES[n]);
    assertThat(closed.paid()).isEqualTo(CITATIONS[n] * RATES[n]);
  }
}
