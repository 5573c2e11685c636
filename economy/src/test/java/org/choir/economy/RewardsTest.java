package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rewards over real tables: what is made, when it vests, and what stops it. */
class RewardsTest {
  private static final long CHIP = Economy.CHIP;
  private Economy e = new Economy();

  private long vested(TenantId user) {
    return e.chip(Chart.available(user, Currency.CHIP));
  }

  /** Tables and books say the same, no unit is lost, and no epoch made more than its cap. */
  private void requireSound() {
    long everywhere = 0;
    for (String purse : List.of("available", "starter", "staked", "unvested", "holdings")) {
      for (AccountId account : e.books.accounts(purse, Currency.CHIP)) {
        everywhere += e.chip(account);
      }
    }
    for (AccountId account : e.books.accounts("unissued", Currency.CHIP)) {
      everywhere += e.chip(account);
    }
    long made = 0;
    for (int epoch = 680; epoch < 700; epoch++) {
      everywhere += e.chip(Chart.emission(epoch));
      made +=
          e.count(
              "select coalesce(sum(made), 0) from economy.reward r join economy.reward_standing s"
                  + " on s.article = r.article where r.epoch = ?",
              epoch);
      assertThat(e.chip(Chart.emission(epoch))).isNotNegative();
    }
    assertThat(everywhere).isEqualTo(Genesis.SUPPLY_CAP);
    long loose = e.count("select coalesce(sum(loose), 0) from economy.reward_standing");
    long unvested = e.books.accounts("unvested", Currency.CHIP).stream().mapToLong(e::chip).sum();
    assertThat(unvested).isEqualTo(loose);
    assertThat(made).isGreaterThanOrEqualTo(loose);
  }

  @Test
  void aFifthIsTheAuthorsAtOnceAndTheRestByDay() {
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    assertThat(vested(Economy.ADA)).isEqualTo(39_200_000);
    e.days(45);
    e.rewards.vest(e.now);
    assertThat(vested(Economy.ADA)).isEqualTo(39_200_000 + 78_400_000);
    assertThat(e.rewards.vest(e.now)).isZero();
    e.now = e.now.plusSeconds(3_600);
    assertThat(e.rewards.vest(e.now)).isZero();
    e.days(1_000);
    e.rewards.vest(e.now);
    assertThat(vested(Economy.ADA)).isEqualTo(196 * CHIP);
    requireSound();
  }

  @Test
  void daysOffAreMadeUpForToTheUnit() {
    e.rewards.claim(Economy.work("a", Economy.ADA, 77));
    e.live(35);
    long daily = vested(Economy.ADA);
    assertThat(daily).isEqualTo(Vesting.due(230 * CHIP, 200_000, 35, 90));
    Economy off = new Economy();
    off.rewards.claim(Economy.work("a", Economy.ADA, 77));
    off.days(35);
    off.rewards.vest(off.now);
    assertThat(off.chip(Chart.available(Economy.ADA, Currency.CHIP))).isEqualTo(daily);
  }

  @Test
  void theShareThatIsVerifiedIsPaidAndBelowTheQualityFloorNothing() {
    Reward half = e.rewards.claim(Economy.work("half", Economy.ADA, "ada", 72, 5, 10, false));
    assertThat(half.worth()).isEqualTo(98 * CHIP);
    RewardRule.Findings poor = new RewardRule.Findings(72, 7, 10, 799_999);
    Reward none = e.rewards.claim(new Rewards.Work("poor", Economy.BEN, "ben", poor, false));
    assertThat(none.state()).isEqualTo(Reward.State.NOTHING);
    assertThat(e.rewards.claim(Economy.work("dull", Economy.BEN, 19)).worth()).isZero();
    assertThat(half.why().inputs())
        .containsEntry("supported", "5")
        .containsEntry("worth", "98 CHIP");
    assertThat(e.books.statement(Chart.unvested(Economy.ADA), Long.MAX_VALUE, 10).getLast())
        .satisfies(x -> assertThat(x.transfer().explanation()).isEqualTo(half.why()));
  }

  @Test
  void aSecondClaimForTheSameArticleChangesNothing() {
    e.rewards.claim(Economy.work("a", Economy.ADA, "ada", 50, 5, 10, false));
    Reward again = e.rewards.claim(Economy.work("a", Economy.ADA, 100));
    assertThat(again.worth()).isEqualTo(25 * CHIP);
    assertThat(e.allChip(Economy.ADA)).isEqualTo(25 * CHIP);
  }

  @Test
  void aFindingStopsVestingAndTakesBackWhatIsNotYetTheirs() {
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    e.live(10);
    long had = vested(Economy.ADA);
    assertThatThrownBy(() -> e.rewards.stop("a", "ada", "mine")).hasMessageContaining("may not");
    Reward stopped = e.rewards.stop("a", "editor", "copied from b");
    assertThat(stopped.state()).isEqualTo(Reward.State.STOPPED);
    assertThat(stopped.reason()).contains("copied from b");
    e.live(90);
    assertThat(vested(Economy.ADA)).isEqualTo(had);
    assertThat(e.chip(Chart.unvested(Economy.ADA))).isZero();
    requireSound();
    assertThat(e.chip(Chart.unissuedChip())).isEqualTo(Genesis.SUPPLY_CAP - Genesis.TREASURY - had);
  }

  @Test
  void aFindingAfterTheEpochReturnsToWhatMayStillBeMade() {
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    e.live(40);
    long had = vested(Economy.ADA);
    e.rewards.stop("a", "editor", "fabricated");
    assertThat(e.chip(Chart.unissuedChip())).isEqualTo(Genesis.SUPPLY_CAP - Genesis.TREASURY - had);
    requireSound();
  }

  @Test
  void aFindingInAFullEpochLeavesItsShareToTheOthers() {
    e.parameters = Parameters.STANDARD.with(Parameter.EPOCH_EMISSION, 200 * CHIP);
    e.now = Instant.ofEpochSecond(685 * Emission.EPOCH.toSeconds() + 60);
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    e.rewards.claim(Economy.work("b", Economy.BEN, 72));
    e.live(1);
    assertThat(e.allChip(Economy.BEN)).isEqualTo(100 * CHIP);
    e.rewards.stop("a", "editor", "copied");
    long kept = vested(Economy.ADA);
    e.live(1);
    assertThat(e.allChip(Economy.BEN)).isEqualTo(200 * CHIP - kept);
    requireSound();
  }

  @Test
  void aFullEpochIsSharedProRataInEveryOrder() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    e.parameters = Parameters.STANDARD.with(Parameter.EPOCH_EMISSION, 1_000 * CHIP);
    e.now = Instant.ofEpochSecond(685 * Emission.EPOCH.toSeconds() + 60);
    List<Integer> scores = new ArrayList<>(List.of(72, 85, 65, 95, 85, 50, 72, 65));
    Collections.shuffle(scores, new Random(seed));
    long all = scores.stream().mapToLong(RewardCurve::chip).sum() * CHIP;
    assertThat(all).isBetween(2_000 * CHIP, 3_000 * CHIP);
    for (int i = 0; i < scores.size(); i++) {
      e.rewards.claim(Economy.work("a" + i, new TenantId("u" + i), scores.get(i)));
      e.live(1);
      requireSound();
    }
    e.days(30);
    e.rewards.vest(e.now);
    e.days(90);
    e.rewards.vest(e.now);
    requireSound();
    for (int i = 0; i < scores.size(); i++) {
      long share = Shares.part(RewardCurve.chip(scores.get(i)) * CHIP, 1_000 * CHIP, all);
      assertThat(vested(new TenantId("u" + i))).as("u" + i).isEqualTo(share);
    }
    long made = Genesis.SUPPLY_CAP - Genesis.TREASURY - e.chip(Chart.unissuedChip());
    assertThat(made).isBetween(1_000 * CHIP - scores.size(), 1_000 * CHIP);
  }

  @Test
  void splittingAnAccountOfOneOwnerGainsAtMostFivePercent() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    for (int round = 0; round < 5; round++) {
      Random random = new Random(seed + round);
      List<Integer> scores = random.ints(8, 20, 101).boxed().toList();
      int accounts = 2 + random.nextInt(7);
      long whole = earned(scores, 1);
      assertThat(earned(scores, accounts) * 100).isLessThanOrEqualTo(whole * 105);
    }
  }

  /** What these articles of one person earn through so many accounts. */
  private long earned(List<Integer> scores, int accounts) {
    Economy x = new Economy();
    for (int i = 0; i < scores.size(); i++) {
      TenantId account = new TenantId("m" + i % accounts);
      x.rewards.claim(Economy.work("a" + i, account, "person", scores.get(i), 1, 1, false));
    }
    return Genesis.SUPPLY_CAP
        - Genesis.TREASURY
        - x.chip(Chart.unissuedChip())
        - x.chip(Chart.emission(Emission.epoch(x.now)));
  }

  @Test
  void whereverItIsKilledARewardIsMadeOnce() {
    Economy.whereverItIsKilled(
        x -> {
          x.parameters = Parameters.STANDARD.with(Parameter.EPOCH_EMISSION, 300 * CHIP);
          x.now = Instant.ofEpochSecond(685 * Emission.EPOCH.toSeconds() + 60);
          x.step(() -> x.rewards.claim(Economy.work("a", Economy.ADA, 72)));
          x.step(() -> x.rewards.claim(Economy.work("b", Economy.BEN, 72)));
          x.days(11);
          x.step(() -> x.rewards.vest(x.now));
          x.step(() -> x.rewards.stop("a", "editor", "copied"));
          x.days(22);
          x.step(() -> x.rewards.vest(x.now));
          return x.chip(Chart.available(Economy.ADA, Currency.CHIP))
              + " "
              + x.chip(Chart.unvested(Economy.ADA))
              + " "
              + x.chip(Chart.available(Economy.BEN, Currency.CHIP))
              + " "
              + x.chip(Chart.unvested(Economy.BEN))
              + " "
              + x.chip(Chart.unissuedChip());
        });
  }

  @Test
  void randomLivesStaySound() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    live(new Random(seed), e);
  }

  @Tag("long")
  @Test
  void manyRandomLivesStaySound() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Map<String, Long> ends = new TreeMap<>();
    for (int life = 0; life < 40; life++) {
      e = new Economy();
      live(random, e);
      e.database
          .transaction(
              c -> Rows.list(c, "select 'reward ' || state from economy.reward", Economy::first))
          .forEach(end -> ends.merge(end, 1L, Long::sum));
      e.database
          .transaction(
              c -> Rows.list(c, "select 'stake ' || state from economy.stake", Economy::first))
          .forEach(end -> ends.merge(end, 1L, Long::sum));
    }
    System.out.println(ends);
    assertThat(ends)
        .containsKeys("reward vested", "reward stopped", "reward nothing", "reward held")
        .containsKeys("stake returned", "stake slashed");
  }

  private void live(Random random, Economy e) {
    e.parameters = Parameters.STANDARD.with(Parameter.EPOCH_EMISSION, 900 * CHIP);
    int articles = 0;
    for (int step = 0; step < 120; step++) {
      String some = "a" + random.nextInt(Math.max(1, articles));
      TenantId user = new TenantId("u" + random.nextInt(4));
      boolean killed = random.nextInt(6) == 0;
      e.ledger.kill(killed ? 1 + random.nextInt(2) : Integer.MAX_VALUE, random.nextBoolean());
      try {
        switch (random.nextInt(9)) {
          case 0 -> e.signUp(user);
          case 1, 2 -> {
            String article = "a" + articles++;
            e.stakes.take(user, "k" + article, 100 * CHIP);
            e.stakes.bind("k" + article, article);
            e.rewards.claim(
                Economy.work(
                    article, user, user.value(), random.nextInt(101), 1, 1, random.nextBoolean()));
          }
          case 3 -> e.rewards.reviewed(some, random.nextInt(3) > 0);
          case 4 -> e.cases.accuse(some, "editor", 1 + random.nextLong(1_000_000), "reasons");
          case 5 -> e.cases.appeal(some, e.stakes.of(some).map(Stake::user).orElse(user), "no");
          case 6 -> e.cases.decide(some, "reader", random.nextBoolean(), "because");
          default -> {
            e.days(random.nextInt(12));
            e.stakes.run();
            e.rewards.vest(e.now);
          }
        }
      } catch (ChoirException refused) {
        assertThat(refused.code()).doesNotStartWith("ledger_").doesNotStartWith("database_");
      }
      e.restart();
    }
    e.days(400);
    e.stakes.run();
    e.rewards.vest(e.now);
    for (int i = 0; i < articles; i++) {
      String article = "a" + i;
      e.stakes
          .of(article)
          .filter(s -> s.state() == Stake.State.APPEALED)
          .ifPresent(s -> e.cases.decide(article, "third", true, "at last"));
    }
    e.days(1);
    e.stakes.run();
    e.rewards.vest(e.now);
    requireSound();
    assertThat(e.books.accounts("staked", Currency.CHIP)).allMatch(a -> e.chip(a) == 0);
    assertThat(e.books.accounts("unvested", Currency.CHIP)).allMatch(a -> e.chip(a) == 0);
  }
}
