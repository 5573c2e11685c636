package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.choir.economy.TreasuryTest.requireFails;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Proposals and votes. */
@ExtendWith(OneDatabase.class)
class GovernanceTest {
  private static final long CHIP = TreasuryWorld.CHIP;
  private static final long DOLLAR = TreasuryWorld.DOLLAR;
  private static final TenantId ADA = TreasuryWorld.ADA;
  private static final TenantId BEN = TreasuryWorld.BEN;
  private static final TenantId EVE = TreasuryWorld.EVE;
  private static final Duration VOTE = Duration.ofDays(7);
  private static final Duration TIMELOCK = Duration.ofDays(3);

  private final TreasuryWorld world;

  GovernanceTest(Database database) {
    world = new TreasuryWorld(database);
  }

  @BeforeEach
  void voters() {
    world.steady(1_000_000, 24);
    world.give(ADA, 6_000);
    world.give(BEN, 4_000);
    world.give(EVE, 1_000);
  }

  private Proposal quicker() {
    return world.governance.propose(ADA, Parameter.RUN_QUICK, 24, "one");
  }

  private Proposal.State state(Proposal proposal) {
    return world.governance.count(proposal.id()).proposal().state();
  }

  @Test
  void aNumberChangesAfterAMajorityAQuorumAndTheTimelock() {
    Proposal proposal = quicker();
    assertThat(proposal.circulating()).isEqualTo(11_000 * CHIP);
    assertThat(world.chip(ADA)).isEqualTo(5_900 * CHIP);
    assertThat(world.governance.vote(ADA, proposal.id(), true).weight()).isEqualTo(6_000 * CHIP);
    world.governance.vote(BEN, proposal.id(), false);
    world.pass(VOTE);
    assertThat(world.governance.settle()).containsExactly(proposal.id());
    assertThat(state(proposal)).isEqualTo(Proposal.State.PASSED);
    assertThat(world.chip(ADA)).isEqualTo(6_000 * CHIP);
    Instant ended = world.now;
    world.pass(TIMELOCK.minusSeconds(1));
    assertThat(world.governance.settle()).isEmpty();
    assertThat(world.parameters.at(world.now).of(Parameter.RUN_QUICK)).isEqualTo(20);
    world.pass(Duration.ofSeconds(1));
    assertThat(world.governance.settle()).containsExactly(proposal.id());
    assertThat(world.governance.settle()).isEmpty();
    assertThat(world.parameters.at(world.now).of(Parameter.RUN_QUICK)).isEqualTo(24);
    assertThat(world.parameters.at(ended).of(Parameter.RUN_QUICK)).isEqualTo(20);
    assertThat(world.parameters.changes())
        .containsExactly(
            new ParameterHistory.Change(proposal.id(), Parameter.RUN_QUICK, 20, 24, world.now));
    Proposal.Count count = world.governance.count(proposal.id());
    assertThat(count.proposal().reason()).isEqualTo("passed: 6000000000 to 4000000000");
    assertThat(count.voters()).isEqualTo(2);
  }

  @Test
  void moreAgainstThanForAndATieReject() {
    Proposal proposal = quicker();
    world.governance.vote(ADA, proposal.id(), false);
    world.governance.vote(BEN, proposal.id(), true);
    world.pass(VOTE);
    world.governance.settle();
    assertThat(state(proposal)).isEqualTo(Proposal.State.REJECTED);
    assertThat(VoteRule.decide(5, 5, 10, 50_000).passed()).isFalse();
    world.pass(TIMELOCK);
    assertThat(world.governance.settle()).isEmpty();
    assertThat(world.parameters.changes()).isEmpty();
  }

  @Test
  void tooFewVotesMissTheQuorum() {
    world.give(EVE, 200_000);
    Proposal proposal = quicker();
    world.governance.vote(ADA, proposal.id(), true);
    world.pass(VOTE);
    world.governance.settle();
    assertThat(world.governance.count(proposal.id()).proposal().reason())
        .isEqualTo("quorum missed: 6000000000 of 10550000000 votes");
    assertThat(state(proposal)).isEqualTo(Proposal.State.REJECTED);
  }

  @Test
  void aVoteIsCastOnceAndBeforeTheEnd() {
    Proposal proposal = quicker();
    Proposal.Vote vote = world.governance.vote(ADA, proposal.id(), true);
    assertThat(world.governance.vote(ADA, proposal.id(), true)).isEqualTo(vote);
    requireFails(() -> world.governance.vote(ADA, proposal.id(), false), "already_voted");
    world.pass(VOTE);
    requireFails(() -> world.governance.vote(BEN, proposal.id(), true), "vote_closed");
    requireFails(() -> world.governance.vote(BEN, "p0", true), "no_such_proposal");
    assertThat(world.governance.count(proposal.id()).voters()).isEqualTo(1);
  }

  @Test
  void oneVoteMovesANumberByAFifthWithinItsBounds() {
    requireFails(() -> world.governance.propose(ADA, Parameter.RUN_QUICK, 25, "k"), "bad_change");
    requireFails(() -> world.governance.propose(ADA, Parameter.RUN_QUICK, 20, "k"), "bad_change");
    requireFails(
        () -> world.governance.propose(ADA, Parameter.SLASH_SHARE_MAX, 1_000_001, "k"),
        "bad_change");
    assertThat(VoteRule.within(Parameter.RUN_QUICK, 1, 2)).isTrue();
    assertThat(VoteRule.within(Parameter.CREDIT_BONUS, 0, 20)).isTrue();
    assertThat(VoteRule.within(Parameter.CREDIT_BONUS, 0, 21)).isFalse();
    for (Parameter parameter : Parameter.values()) {
      long now = parameter.standard();
      assertThat(VoteRule.within(parameter, now, now)).isTrue();
      assertThat(VoteRule.within(parameter, now, parameter.most() + 1)).isFalse();
      assertThat(VoteRule.within(parameter, now, parameter.least() - 1)).isFalse();
    }
  }

  @Test
  void aFlashGovernanceVoteWithBorrowedChipWeighsNothing() {
    // Beanstalk 2022: get CHIP for a moment, vote, give them back.
    Proposal proposal = quicker();
    world.give(EVE, 1_000_000);
    TenantId fresh = new TenantId("fresh");
    world.give(fresh, 1_000_000);
    assertThat(world.governance.vote(EVE, proposal.id(), false).weight()).isEqualTo(1_000 * CHIP);
    requireFails(() -> world.governance.vote(fresh, proposal.id(), false), "no_votes");
    // The same CHIP, passed on after the proposal, do not vote a second time.
    Purses.open(world.ledger, new TenantId("friend"));
    world.move(
        Chart.available(ADA, Currency.CHIP),
        Chart.available(new TenantId("friend"), Currency.CHIP),
        5_000 * CHIP,
        "gift");
    requireFails(
        () -> world.governance.vote(new TenantId("friend"), proposal.id(), true), "no_votes");
    assertThat(world.governance.vote(ADA, proposal.id(), true).weight()).isEqualTo(6_000 * CHIP);
  }

  @Test
  void pledgedChipAndChipBoughtWithALoanDoNotVote() {
    world.pay(Chart.lending(), 10_000);
    world.loans.open(EVE, 1_000 * CHIP, 299 * DOLLAR, "one");
    // With the loan EVE buys 299 CHIP from BEN.
    world.move(
        Chart.available(EVE, Currency.USDC),
        Chart.available(BEN, Currency.USDC),
        299 * DOLLAR,
        "sale");
    world.move(
        Chart.available(BEN, Currency.CHIP),
        Chart.available(EVE, Currency.CHIP),
        299 * CHIP,
        "sale");
    Proposal proposal = quicker();
    requireFails(() -> world.governance.vote(EVE, proposal.id(), true), "no_votes");
    // Who has 1,000 CHIP of their own besides votes with these.
    world.pass(VOTE);
    world.governance.settle();
    world.give(EVE, 1_000);
    Proposal next = world.governance.propose(BEN, Parameter.RUN_DEEP, 160, "two");
    assertThat(world.governance.vote(EVE, next.id(), true).weight()).isEqualTo(1_000 * CHIP);
    assertThat(world.governance.votes(next.id()).getFirst().explanation().inputs())
        .containsEntry("owed_on_loans", "299000000");
  }

  @Test
  void noChainOfLoansAndFriendsEverGainsVotes() {
    long seed = new Random().nextLong();
    System.out.println("seed of the leverage: " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < 5_000; round++) {
      long own = random.nextLong(1, 1_000_000 * CHIP);
      long price = random.nextLong(1_000, 100_000_000);
      long share = random.nextLong(100_000, Parameter.USER_LOAN_TO_VALUE.most() + 1);
      // All is pledged, the loan goes to a friend who buys CHIP with it and pledges again.
      long votes = 0;
      long held = own;
      for (int friend = 0; friend < 5; friend++) {
        long pledged = random.nextLong(0, held + 1);
        long loan = LoanRule.most(pledged, 0, price, Long.MAX_VALUE >> 20, share);
        VoteRule.Snapshot had = new VoteRule.Snapshot(held - pledged, 0, 0, loan, price);
        votes += VoteRule.weight(had);
        held = Shares.part(loan, 1_000_000, price);
      }
      assertThat(votes + held).isLessThanOrEqualTo(own);
    }
  }

  @Test
  void starterChipDoesNotVoteEvenAtStake() {
    TenantId zoe = new TenantId("zoe");
    Purses.open(world.ledger, zoe);
    world.ledger.require(
        Transfer.move(
            Transfer.id("sign-up", "starter", "zoe"),
            Chart.treasury(Currency.CHIP),
            Chart.starter(zoe),
            50 * CHIP,
            "starter",
            Explanation.NONE));
    world.move(Chart.starter(zoe), Chart.staked(zoe), 50 * CHIP, "stake_taken");
    Proposal proposal = quicker();
    requireFails(() -> world.governance.vote(zoe, proposal.id(), true), "no_votes");
    world.give(zoe, 100);
    world.move(Chart.available(zoe, Currency.CHIP), Chart.staked(zoe), 100 * CHIP, "stake_taken");
    Proposal next = world.governance.propose(BEN, Parameter.RUN_DEEP, 160, "two");
    assertThat(world.governance.vote(zoe, next.id(), true).weight()).isEqualTo(100 * CHIP);
  }

  @Test
  void aParameterChangeInsideTheVotingWindowTouchesNoOpenVote() {
    Proposal quorum = world.governance.propose(ADA, Parameter.VOTE_QUORUM, 60_000, "quorum");
    world.governance.vote(ADA, quorum.id(), true);
    world.pass(VOTE);
    world.governance.settle();
    // A second proposal opens while the change of the quorum waits for its timelock.
    Proposal open = world.governance.propose(BEN, Parameter.RUN_DEEP, 160, "deep");
    requireFails(
        () -> world.governance.propose(EVE, Parameter.VOTE_QUORUM, 40_000, "again"),
        "proposal_open");
    world.pass(TIMELOCK);
    assertThat(world.governance.settle()).containsExactly(quorum.id());
    assertThat(world.parameters.at(world.now).of(Parameter.VOTE_QUORUM)).isEqualTo(60_000);
    Proposal still = world.governance.count(open.id()).proposal();
    assertThat(still.quorum()).isEqualTo(50_000);
    assertThat(still.closesAt()).isEqualTo(open.closesAt());
    assertThat(still.timelock()).isEqualTo(open.timelock());
    // The next proposal follows the new rule.
    Proposal next = world.governance.propose(EVE, Parameter.RUN_STANDARD, 55, "later");
    assertThat(next.quorum()).isEqualTo(60_000);
  }

  @Test
  void twoProposalsAboutOneNumberNeverWaitTogether() {
    quicker();
    requireFails(
        () -> world.governance.propose(BEN, Parameter.RUN_QUICK, 16, "two"), "proposal_open");
    requireFails(
        () -> world.governance.propose(ADA, Parameter.RUN_DEEP, 160, "two"), "proposal_open");
  }

  @Test
  void aProposalNeedsItsBondAndIsMadeOnce() {
    TenantId poor = new TenantId("poor");
    world.give(poor, 99);
    requireFails(
        () -> world.governance.propose(poor, Parameter.RUN_QUICK, 24, "k"),
        "ledger_exceeds_credits");
    assertThat(world.governance.proposals()).isEmpty();
    assertThat(quicker()).isEqualTo(quicker());
    assertThat(world.governance.proposals()).hasSize(1);
  }

  @Test
  void anAllocationIsBoundedAndPaidOnce() {
    world.pay(Chart.treasury(Currency.USDC), 1_000);
    AccountId to = Chart.available(EVE, Currency.USDC);
    requireFails(
        () -> world.governance.propose(ADA, to, 50 * DOLLAR + 1, "grant", "k"), "bad_allocation");
    requireFails(
        () -> world.governance.propose(ADA, Chart.bank("test"), DOLLAR, "leak", "k"),
        "bad_allocation");
    Proposal proposal = world.governance.propose(ADA, to, 50 * DOLLAR, "grant", "k");
    world.governance.vote(ADA, proposal.id(), true);
    world.pass(VOTE.plus(TIMELOCK));
    assertThat(world.governance.settle()).containsExactly(proposal.id(), proposal.id());
    world.governance.settle();
    assertThat(world.usdc(EVE)).isEqualTo(50 * DOLLAR);
    assertThat(state(proposal)).isEqualTo(Proposal.State.EXECUTED);
    assertThat(TreasuryBooks.of(world.books, Currency.USDC, world.books.seq()).outflows())
        .containsEntry(TreasuryFlow.ALLOCATION, 50 * DOLLAR);
  }

  @Test
  void anAllocationThatTheTreasuryCannotBearAnyMoreIsVoid() {
    world.pay(Chart.treasury(Currency.USDC), 1_000);
    AccountId to = Chart.available(EVE, Currency.USDC);
    Proposal proposal = world.governance.propose(ADA, to, 50 * DOLLAR, "grant", "k");
    world.governance.vote(ADA, proposal.id(), true);
    world.treasury.fundLending(500 * DOLLAR, "l");
    world.pass(VOTE.plus(TIMELOCK));
    world.governance.settle();
    assertThat(state(proposal)).isEqualTo(Proposal.State.VOID);
    assertThat(world.usdc(EVE)).isZero();
  }

  @Test
  void anUpgradeIsATextWithADigestAndADecision() {
    Proposal proposal = world.governance.propose(ADA, "Judge 2", "Replace the judge.", "k");
    world.governance.vote(ADA, proposal.id(), true);
    world.pass(VOTE.plus(TIMELOCK));
    world.governance.settle();
    Proposal.Upgrade upgrade = (Proposal.Upgrade) proposal.content();
    assertThat(world.governance.count(proposal.id()).proposal().reason())
        .endsWith("decided: " + upgrade.digest());
  }

  @Test
  void whatWasDecidedCannotBeChangedInTheTables() {
    Proposal proposal = quicker();
    world.governance.vote(ADA, proposal.id(), true);
    for (String sql :
        List.of(
            "update economy.vote set weight = 1",
            "delete from economy.vote",
            "update economy.price set told = 1",
            "delete from economy.price")) {
      assertThatThrownBy(() -> world.database.transaction(c -> Rows.update(c, sql)))
          .isInstanceOf(ChoirException.class)
          .hasMessageContaining("never changes");
    }
  }

  @Test
  void aServerKilledAnywhereTakesAndReturnsTheBondAndGivesEffectOnce() {
    for (int n = 1; n <= 4; n++) {
      for (boolean after : new boolean[] {false, true}) {
        TreasuryWorld fresh = new TreasuryWorld(world.database);
        fresh.give(ADA, 1_000);
        fresh.pay(Chart.treasury(Currency.USDC), 1_000);
        AccountId to = Chart.available(EVE, Currency.USDC);
        fresh.ledger.kill(n, after);
        attempt(fresh, () -> fresh.governance.propose(ADA, to, 50 * DOLLAR, "grant", "k"));
        String id = fresh.governance.proposals().getFirst().id();
        fresh.governance.vote(ADA, id, true);
        fresh.pass(VOTE);
        attempt(fresh, () -> fresh.governance.settle());
        fresh.pass(TIMELOCK);
        attempt(fresh, () -> fresh.governance.settle());
        assertThat(fresh.chip(ADA)).isEqualTo(1_000 * CHIP);
        assertThat(fresh.usdc(EVE)).isEqualTo(50 * DOLLAR);
      }
    }
  }

  private static void attempt(TreasuryWorld world, Runnable work) {
    for (int i = 0; i < 5; i++) {
      try {
        work.run();
        return;
      } catch (ChoirException e) {
        assertThat(e.code()).isEqualTo("killed");
        world.restart();
        world.governance.finish();
      }
    }
    throw new AssertionError("it never ends");
  }
}
