package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.knowledge.CitationRow;
import org.junit.jupiter.api.Test;

/** Each attack on rewards and citation payments that was thought of, and what it gets. */
class IncentiveAttacksTest {
  private static final Instant AT = Instant.parse("2026-01-10T12:00:00Z");
  private static final CitationRule.Terms TERMS =
      new CitationRule.Terms(500 * Economy.DOLLAR, 100, 100, 20);
  private static final long RATE = 5 * Economy.DOLLAR;
  private final Economy e = new Economy();

  private static CitationRow row(String id, String from, String to) {
    return IncentiveRulesTest.row(id, from, to, AT);
  }

  private long chip(TenantId user) {
    return e.allChip(user);
  }

  @Test
  void duplicate() {
    assertThat(e.rewards.claim(Economy.work("copy", Economy.ADA, 0)).state())
        .isEqualTo(Reward.State.NOTHING);
    assertThat(chip(Economy.ADA)).isZero();
  }

  @Test
  void nicheFieldInflation() {
    for (int i = 0; i < 5; i++) {
      e.rewards.claim(Economy.work("niche" + i, Economy.ADA, "ada", 100, 1, 1, true));
    }
    e.live(100);
    assertThat(chip(Economy.ADA)).isZero();
    e.rewards.reviewed("niche0", false);
    e.rewards.reviewed("niche0", true);
    assertThat(chip(Economy.ADA)).as("a review is decided once").isZero();
  }

  @Test
  void emptyKnowledgeBaseBootstrap() {
    Reward first = e.rewards.claim(Economy.work("first", Economy.ADA, "ada", 100, 1, 1, true));
    assertThat(first.state()).isEqualTo(Reward.State.HELD);
    e.live(5);
    assertThat(chip(Economy.ADA)).isZero();
    e.rewards.reviewed("first", true);
    assertThat(chip(Economy.ADA)).isEqualTo(1_250 * Economy.CHIP);
    e.rewards.reviewed("first", true);
    assertThat(chip(Economy.ADA)).isEqualTo(1_250 * Economy.CHIP);
  }

  @Test
  void twinSubmissionRace() throws Exception {
    List<Callable<Reward>> claims = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int score = 72 + i;
      claims.add(() -> e.rewards.claim(Economy.work("twin", Economy.ADA, score)));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      long worth = 0;
      for (Future<Reward> reward : threads.invokeAll(claims)) {
        assertThat(worth == 0 || worth == reward.get().worth()).isTrue();
        worth = reward.get().worth();
      }
      assertThat(chip(Economy.ADA)).isEqualTo(worth);
    }
    // The second twin is judged against the first and is no news.
    e.rewards.claim(Economy.work("second-twin", Economy.BEN, 0));
    assertThat(chip(Economy.BEN)).isZero();
  }

  @Test
  void salami() {
    for (int i = 0; i < 12; i++) {
      // Two accounts of one person take turns.
      TenantId account = i % 2 == 0 ? Economy.ADA : Economy.BEN;
      e.rewards.claim(Economy.work("slice" + i, account, "person", 72, 1, 1, false));
    }
    assertThat(chip(Economy.ADA) + chip(Economy.BEN)).isLessThan(2 * 196 * Economy.CHIP);
    e.days(30);
    assertThat(
            e.rewards
                .claim(Economy.work("next-epoch", Economy.ADA, "person", 72, 1, 1, false))
                .worth())
        .isEqualTo(196 * Economy.CHIP);
  }

  @Test
  void reviseToResetNovelty() {
    e.buy(Economy.ADA, 50);
    e.rewards.claim(Economy.work("a", Economy.ADA, 25));
    e.fees.revision(Economy.ADA, "a", "version-2");
    Reward again = e.rewards.claim(Economy.work("a", Economy.ADA, 100));
    assertThat(again.worth()).isEqualTo(25 * Economy.CHIP);
    assertThat(chip(Economy.ADA)).isEqualTo(25 * Economy.CHIP);
  }

  @Test
  void boostSelfLoop() {
    e.buy(Economy.ADA, 500);
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    long treasury = e.chip(Chart.treasury(Currency.CHIP));
    for (int i = 0; i < 20; i++) {
      e.fees.boost(Economy.ADA, "a", 25 * Economy.CHIP, "k" + i);
    }
    assertThat(e.chip(Chart.treasury(Currency.CHIP)) - treasury).isEqualTo(500 * Economy.CHIP);
    assertThat(e.rewards.of("a").orElseThrow().worth()).isEqualTo(196 * Economy.CHIP);
    e.live(91);
    assertThat(chip(Economy.ADA)).isEqualTo(196 * Economy.CHIP);
  }

  @Test
  void mutualCitation() {
    CitationRow back = IncentiveRulesTest.row("2", "b", "a", AT.plus(Duration.ofDays(30)));
    assertThat(IncentiveRulesTest.pay(List.of(row("1", "a", "b"), back), Set.of(), TERMS))
        .isEqualTo(Map.of("a", 0L, "b", 0L));
  }

  @Test
  void threeCycle() {
    List<CitationRow> cycle =
        List.of(row("1", "a", "b"), row("2", "b", "c"), row("3", "c", "a"), row("4", "seed", "d"));
    assertThat(IncentiveRulesTest.pay(cycle, Set.of("seed"), TERMS))
        .isEqualTo(Map.of("a", 0L, "b", 0L, "c", 0L, "d", RATE));
    Map<String, Set<String>> frozen = Map.of("ring-1", Set.of("a", "b", "c"));
    assertThat(IncentiveRulesTest.pay(cycle, Set.of(), frozen, TERMS))
        .as("without anyone to trust, when the ring is found")
        .isEqualTo(Map.of("a", 0L, "b", 0L, "c", 0L, "d", RATE));
  }

  @Test
  void starOfSybils() {
    List<CitationRow> star = new ArrayList<>();
    star.add(row("honest", "seed", "d"));
    for (int i = 0; i < 300; i++) {
      star.add(row("s" + i, "sybil" + i, "mallory"));
    }
    assertThat(IncentiveRulesTest.pay(star, Set.of("seed"), TERMS))
        .isEqualTo(Map.of("mallory", 0L, "d", RATE));
  }

  @Test
  void citeOwnOtherAccount() {
    List<CitationRow> rows =
        List.of(
            IncentiveRulesTest.row("1", "ada2", "ada", "ada", "ada", true, AT),
            row("2", "ada", "ada"));
    assertThat(IncentiveRulesTest.pay(rows, Set.of(), TERMS)).isEqualTo(Map.of("ada", 0L));
  }

  @Test
  void citationStuffingInOnePaper() {
    List<CitationRow> stuffed = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      stuffed.add(row("c" + i, "friend", "mallory"));
    }
    assertThat(IncentiveRulesTest.pay(stuffed, Set.of(), TERMS))
        .isEqualTo(Map.of("mallory", 20 * RATE));
  }

  @Test
  void citeUnread() {
    CitationRow unread = IncentiveRulesTest.row("1", "a", "a", "b", "b", false, AT);
    assertThat(IncentiveRulesTest.pay(List.of(unread), Set.of(), TERMS)).isEqualTo(Map.of("b", 0L));
  }

  @Test
  void buyCitationWithKickback() {
    // Ten accounts of one person sell a hundred citations each: one owner, one bound.
    List<CitationRow> bought = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      String seller = "seller" + i % 10;
      bought.add(IncentiveRulesTest.row("c" + i, seller, "seller", "mallory", "mallory", true, AT));
    }
    assertThat(IncentiveRulesTest.pay(bought, Set.of(), TERMS))
        .isEqualTo(Map.of("mallory", 20 * RATE));
  }

  @Test
  void citationBurstBeforeMonthEnd() {
    YearMonth january = YearMonth.of(2026, 1);
    e.open(january, 500 * Economy.DOLLAR, 100);
    List<Cited> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(Economy.cited("honest" + i, Economy.ADA, "reader" + i, e.now));
    }
    e.citations.observe(all);
    e.now = Instant.parse("2026-01-31T23:59:59Z");
    for (int i = 0; i < 450; i++) {
      all.add(Economy.cited("burst" + i, Economy.BEN, "bot" + i, e.now));
    }
    e.citations.observe(all);
    long pending = e.books.balance(Chart.citationBudget(january)).debitsPending();
    assertThat(pending).isLessThanOrEqualTo(500 * Economy.DOLLAR);
    e.days(1);
    e.citations.close(january, all);
    assertThat(e.available(Economy.ADA, Currency.USDC)).isEqualTo(50 * Economy.DOLLAR);
    assertThat(e.available(Economy.BEN, Currency.USDC)).isEqualTo(450 * Economy.DOLLAR);
  }

  @Test
  void lowAverageBait() {
    CitationRule.Terms never = new CitationRule.Terms(500 * Economy.DOLLAR, 0, 100, 20);
    assertThat(CitationRule.rate(never, 0)).isEqualTo(5 * Economy.DOLLAR);
    assertThat(CitationRule.rate(never, 1)).isEqualTo(5 * Economy.DOLLAR);
    assertThat(CitationRule.rate(never, 1_000)).isEqualTo(Economy.DOLLAR / 2);
    CitationRule.Terms bait = new CitationRule.Terms(500 * Economy.DOLLAR, 1, 100, 20);
    assertThat(1_000 * CitationRule.rate(bait, 1_000)).isEqualTo(500 * Economy.DOLLAR);
  }

  @Test
  void roundingDustFarming() {
    CitationRule.Terms dust = new CitationRule.Terms(1_999, 0, 100, 1_000);
    long farmed = 0;
    List<Cited> all = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      all.add(Economy.cited("c" + i, new TenantId("m" + i), "r" + i, AT));
    }
    for (CitationRule.Pay pay : CitationRule.settle(dust, all).values()) {
      farmed += pay.amount();
    }
    assertThat(farmed).isEqualTo(1_000);
    // A revision or a boost of nothing is none, and a stake cannot be slashed into dust.
    assertThatThrownBy(() -> e.fees.boost(Economy.ADA, "a", 1, "k"))
        .hasMessageContaining("is no boost");
    assertThat(StakeRule.slash(0, 3, 0, 333_333)).isEqualTo(new StakeRule.Rest(0, 3, 0, 0));
  }

  @Test
  void negativeOrOverflowAmount() {
    assertThatThrownBy(() -> e.stakes.take(Economy.ADA, "k", -100 * Economy.CHIP))
        .isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> e.stakes.take(Economy.ADA, "k", Long.MAX_VALUE))
        .isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> e.fees.boost(Economy.ADA, "a", -25 * Economy.CHIP, "k"))
        .isInstanceOf(ChoirException.class);
    assertThatThrownBy(() -> new CitationBudget(YearMonth.of(2026, 1), -1, 0, Explanation.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Shares.part(Long.MAX_VALUE, 2, 1))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(
            () ->
                Emission.settle(
                    1,
                    List.of(
                        new Emission.Claim("a", Long.MAX_VALUE, 0, 0),
                        new Emission.Claim("b", 1, 0, 0))))
        .isInstanceOf(ArithmeticException.class);
    CitationRule.Terms huge = new CitationRule.Terms(Long.MAX_VALUE, 0, 1, 1_000);
    List<Cited> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(Economy.cited("c" + i, Economy.ADA, "r" + i, AT));
    }
    assertThat(
            CitationRule.settle(huge, all).values().stream()
                .mapToLong(CitationRule.Pay::amount)
                .sum())
        .isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void judgeShopping() {
    // Retried until a judge says yes: what was found first stands.
    e.rewards.claim(Economy.work("a", Economy.ADA, "ada", 72, 2, 10, false));
    for (int i = 3; i <= 10; i++) {
      e.rewards.claim(Economy.work("a", Economy.ADA, "ada", 72, i, 10, false));
    }
    assertThat(chip(Economy.ADA)).isEqualTo(39_200_000);
  }
}
