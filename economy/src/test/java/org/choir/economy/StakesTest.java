package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.junit.jupiter.api.Test;

/** Stakes over real tables: taken, bound, free, accused, slashed. */
class StakesTest {
  private static final long CHIP = Economy.CHIP;
  private static final long STAKE = 100 * CHIP;
  private final Economy e = new Economy();

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, x -> assertThat(x.code()).isEqualTo(code));
  }

  private long staked() {
    return e.chip(Chart.staked(Economy.ADA));
  }

  private long free() {
    return e.chip(Chart.available(Economy.ADA, Currency.CHIP));
  }

  private void staked(String article) {
    e.stakes.take(Economy.ADA, "key-" + article, STAKE);
    e.stakes.bind("key-" + article, article);
  }

  @Test
  void starterChipAreStakedFirstAndComeBackAsStarterChip() {
    e.signUp(Economy.ADA);
    e.buy(Economy.ADA, 60);
    staked("a");
    e.stakes.take(Economy.ADA, "key-a", STAKE);
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(free()).isEqualTo(10 * CHIP);
    e.live(29);
    assertThat(staked()).isEqualTo(STAKE);
    e.live(1);
    e.stakes.run();
    assertThat(staked()).isZero();
    assertThat(free()).isEqualTo(60 * CHIP);
    assertThat(e.chip(Chart.starter(Economy.ADA))).isEqualTo(50 * CHIP);
  }

  @Test
  void starterChipPayNoFee() {
    e.signUp(Economy.ADA);
    assertThatThrownBy(() -> e.fees.boost(Economy.ADA, "a", 25 * CHIP, "k"))
        .isInstanceOfSatisfying(
            LedgerException.class, x -> assertThat(x.outcome()).isEqualTo(Outcome.EXCEEDS_CREDITS));
  }

  @Test
  void aFirstStakeIsCompletedFromItsArticlesOwnReward() {
    e.signUp(Economy.ADA);
    staked("a");
    assertThat(e.stakes.of("a").orElseThrow().missing()).isEqualTo(50 * CHIP);
    e.rewards.claim(Economy.work("a", Economy.ADA, 58));
    // 103: the stake first, then a fifth of the whole at once.
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(free()).isEqualTo(20_600_000);
    e.live(30);
    e.stakes.run();
    assertThat(staked()).isZero();
    e.live(60);
    assertThat(free()).isEqualTo(103 * CHIP);
    assertThat(e.chip(Chart.starter(Economy.ADA))).isEqualTo(50 * CHIP);
    assertThat(e.rewards.of("a").orElseThrow().state()).isEqualTo(Reward.State.VESTED);
  }

  @Test
  void aRewardThatIsJustEnoughCompletesTheStakeAndVestsLater() {
    e.signUp(Economy.ADA);
    staked("a");
    e.rewards.claim(Economy.work("a", Economy.ADA, 50));
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(free()).isZero();
    e.live(91);
    assertThat(free()).isEqualTo(50 * CHIP);
  }

  @Test
  void aRewardBelowWhatIsMissingIsRefusedAndTheStakeGoesBack() {
    e.signUp(Economy.ADA);
    staked("a");
    for (int i = 0; i < 2; i++) {
      requireFails(() -> e.rewards.claim(Economy.work("a", Economy.ADA, 49)), "reward_below_stake");
    }
    e.stakes.giveBack("key-a");
    e.stakes.giveBack("key-a");
    assertThat(staked()).isZero();
    assertThat(e.allChip(Economy.ADA)).isEqualTo(50 * CHIP);
    // It was no publication: the next is the first.
    staked("b");
    e.rewards.claim(Economy.work("b", Economy.ADA, 72));
    assertThat(staked()).isEqualTo(STAKE);
  }

  @Test
  void onlyTheFirstStakeMayBeIncomplete() {
    e.signUp(Economy.ADA);
    staked("a");
    e.rewards.claim(Economy.work("a", Economy.ADA, 58));
    requireFails(() -> e.stakes.take(Economy.ADA, "second", STAKE), "too_little_chip");
    requireFails(() -> e.stakes.take(Economy.ADA, "tiny", CHIP), "bad_stake");
    requireFails(() -> e.stakes.take(Economy.ADA, "key-a", 2 * STAKE), "stake_key_used");
  }

  @Test
  void anIncompleteStakeWaitsWithItsArticlesReview() {
    e.signUp(Economy.ADA);
    staked("a");
    e.rewards.claim(Economy.work("a", Economy.ADA, "ada", 90, 1, 1, true));
    assertThat(staked()).isEqualTo(50 * CHIP);
    requireFails(() -> e.stakes.take(Economy.ADA, "second", STAKE), "too_little_chip");
    e.rewards.reviewed("a", true);
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(e.stakes.of("a").orElseThrow().missing()).isZero();
  }

  @Test
  void aStakeWhosePublicationNeverCameGoesBackAfterADay() {
    e.buy(Economy.ADA, 100);
    e.stakes.take(Economy.ADA, "lost", STAKE);
    e.live(1);
    e.stakes.run();
    assertThat(free()).isEqualTo(STAKE);
    requireFails(() -> e.stakes.bind("lost", "late"), "stake_used");
  }

  @Test
  void aStakeThatWentBackUnusedIsTakenAgainWithItsKey() {
    e.buy(Economy.ADA, 100);
    for (int i = 0; i < 3; i++) {
      assertThat(e.stakes.take(Economy.ADA, "late", STAKE).state()).isEqualTo(Stake.State.HELD);
      assertThat(staked()).isEqualTo(STAKE);
      e.stakes.giveBack("late");
      assertThat(free()).isEqualTo(STAKE);
    }
    requireFails(() -> e.stakes.take(Economy.BEN, "late", STAKE), "stake_key_used");
    e.stakes.take(Economy.ADA, "late", STAKE);
    e.stakes.bind("late", "a");
    e.live(30);
    e.stakes.run();
    // It answered for an article: the same act again is no new stake.
    assertThat(e.stakes.take(Economy.ADA, "late", STAKE).state()).isEqualTo(Stake.State.RETURNED);
    assertThat(free()).isEqualTo(STAKE);
  }

  @Test
  void anAccusedStakeIsFrozenAndSlashedWithReasonsWhenNobodyAppeals() {
    e.buy(Economy.ADA, 100);
    staked("a");
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    e.live(28);
    long treasury = e.chip(Chart.treasury(Currency.CHIP));
    long vested = free();
    requireFails(() -> e.cases.accuse("a", "nobody", 500_000, "x"), "not_a_reviewer");
    requireFails(() -> e.cases.accuse("a", "editor", 500_000, " "), "bad_accusation");
    requireFails(() -> e.cases.accuse("a", "editor", 1_000_001, "x"), "bad_accusation");
    e.cases.accuse("a", "editor", 600_000, "section 2 is copied");
    e.live(6);
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(free()).isEqualTo(vested);
    e.live(1);
    assertThat(e.chip(Chart.treasury(Currency.CHIP)) - treasury).isEqualTo(60 * CHIP);
    Stake stake = e.stakes.of("a").orElseThrow();
    assertThat(stake.slashed()).isEqualTo(60 * CHIP);
    assertThat(stake.reasons()).isEqualTo("section 2 is copied");
    assertThat(e.rewards.of("a").orElseThrow().reason()).contains("section 2 is copied");
    e.live(2);
    assertThat(free()).isEqualTo(vested + 40 * CHIP);
    assertThat(e.chip(Chart.unvested(Economy.ADA))).isZero();
  }

  @Test
  void anAppealIsDecidedByAReviewerWhoDidNotAccuse() {
    e.buy(Economy.ADA, 100);
    staked("a");
    e.rewards.claim(Economy.work("a", Economy.ADA, 72));
    e.cases.accuse("a", "editor", 1_000_000, "made up");
    requireFails(() -> e.cases.appeal("a", Economy.BEN, "no"), "not_yours");
    e.cases.appeal("a", Economy.ADA, "it is in the archive, box 4");
    e.live(40);
    assertThat(staked()).as("frozen").isEqualTo(STAKE);
    requireFails(() -> e.cases.decide("a", "editor", true, "yes"), "reviewer_is_accuser");
    requireFails(() -> e.cases.decide("a", "ada", false, "no"), "not_a_reviewer");
    e.cases.decide("a", "reader", false, "box 4 has it");
    assertThat(e.rewards.of("a").orElseThrow().state()).isEqualTo(Reward.State.ACTIVE);
    e.live(1);
    assertThat(staked()).isZero();
    assertThat(free()).isGreaterThan(STAKE + 39_200_000);
    requireFails(() -> e.cases.accuse("a", "editor", 1_000_000, "again"), "stake_not_held");
  }

  @Test
  void anAppealThatComesTooLateIsRefused() {
    e.buy(Economy.ADA, 100);
    staked("a");
    e.cases.accuse("a", "editor", 1_000_000, "made up");
    e.days(7);
    requireFails(() -> e.cases.appeal("a", Economy.ADA, "late"), "too_late_to_appeal");
    e.stakes.run();
    assertThat(e.stakes.of("a").orElseThrow().state()).isEqualTo(Stake.State.SLASHED);
  }

  @Test
  void aSlashTakesWhatTheArticleEarnedFirstAndRoundsDown() {
    assertThat(StakeRule.slash(50, 0, 53, 1_000_000)).isEqualTo(new StakeRule.Rest(0, 0, 0, 103));
    assertThat(StakeRule.slash(50, 10, 40, 500_000)).isEqualTo(new StakeRule.Rest(40, 10, 0, 50));
    assertThat(StakeRule.slash(1, 1, 1, 500_000)).isEqualTo(new StakeRule.Rest(1, 1, 0, 1));
  }

  /** Attack: stake and withdraw the same CHIP at the same moment. */
  @Test
  void stakeWithdrawRace() throws Exception {
    for (int round = 0; round < 20; round++) {
      Economy x = new Economy();
      x.buy(Economy.ADA, 100);
      x.ledger.open(Chart.available(Economy.BEN, Currency.CHIP), Limit.NO_OVERDRAFT);
      CountDownLatch start = new CountDownLatch(1);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Boolean> stake =
            threads.submit(
                () -> {
                  start.await();
                  try {
                    return x.stakes.take(Economy.ADA, "k", STAKE).there() == STAKE;
                  } catch (ChoirException refused) {
                    return false;
                  }
                });
        Future<Boolean> away =
            threads.submit(
                () -> {
                  start.await();
                  Transfer out =
                      Transfer.move(
                          Transfer.id("out"),
                          Chart.available(Economy.ADA, Currency.CHIP),
                          Chart.available(Economy.BEN, Currency.CHIP),
                          STAKE,
                          "transfer",
                          Explanation.NONE);
                  return x.ledger.submit(List.of(out)).getFirst().done();
                });
        start.countDown();
        assertThat(stake.get() ^ away.get()).as("exactly one of both").isTrue();
      }
      assertThat(
              x.chip(Chart.staked(Economy.ADA))
                  + x.chip(Chart.available(Economy.BEN, Currency.CHIP)))
          .isEqualTo(STAKE);
    }
  }

  /** Attack: one stake for an article and for its revision or another article. */
  @Test
  void doubleSpendOfAStakeAcrossARevision() {
    e.buy(Economy.ADA, 150);
    staked("a");
    requireFails(() -> e.stakes.bind("key-a", "a-revised"), "stake_used");
    e.fees.revision(Economy.ADA, "a", "version-2");
    e.fees.revision(Economy.ADA, "a", "version-2");
    assertThat(staked()).isEqualTo(STAKE);
    assertThat(free()).isZero();
    requireFails(() -> e.stakes.take(Economy.ADA, "key-b", STAKE), "too_little_chip");
    e.buy(Economy.ADA, 100);
    e.stakes.take(Economy.ADA, "key-b", STAKE);
    requireFails(() -> e.stakes.bind("key-b", "a"), "stake_used");
  }

  @Test
  void whereverItIsKilledNoStakeIsTakenTwiceOrLost() {
    Economy.whereverItIsKilled(
        x -> {
          x.step(() -> x.signUp(Economy.ADA));
          x.step(() -> x.stakes.take(Economy.ADA, "k", STAKE));
          x.step(() -> x.stakes.bind("k", "a"));
          x.step(() -> x.rewards.claim(Economy.work("a", Economy.ADA, 72)));
          x.step(() -> x.cases.accuse("a", "editor", 250_000, "reasons"));
          x.step(() -> x.cases.appeal("a", Economy.ADA, "answer"));
          x.step(
              () -> {
                if (x.stakes.of("a").orElseThrow().state() == Stake.State.APPEALED) {
                  x.cases.decide("a", "reader", true, "yes");
                }
              });
          x.step(() -> x.stakes.run());
          x.days(31);
          x.step(() -> x.stakes.run());
          x.step(() -> x.rewards.vest(x.now));
          assertThat(x.chip(Chart.staked(Economy.ADA))).isZero();
          return x.chip(Chart.starter(Economy.ADA))
              + " "
              + x.chip(Chart.available(Economy.ADA, Currency.CHIP))
              + " "
              + x.chip(Chart.treasury(Currency.CHIP))
              + " "
              + x.chip(Chart.unissuedChip());
        });
  }
}
