package org.choir.economy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.database.Database;
import org.choir.economy.sui.LocalSui;
import org.choir.economy.sui.LocalSui.Fault;
import org.choir.economy.sui.SuiGateway;
import org.choir.economy.sui.SuiOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Settling on a chain that speaks Sui's GraphQL, over PostgreSQL. */
class SettlementsTest {
  private static final TenantId ADA = new TenantId("ada");
  private static final long CHIP = 1_000_000;
  private static final long CAP = 100_000_000 * CHIP;
  private static final long GENESIS = 5_000_000 * CHIP;
  private static final Duration SHORT = Duration.ofMillis(400);

  private static final Database DATABASE = TestDatabase.fresh();

  private final Database database = DATABASE;
  private final TestClock clock = new TestClock();
  private final ReferenceLedger ledger = new ReferenceLedger(clock);
  private final ChainSigner platform = LocalSui.signer(1);
  private final ChainSigner ada = LocalSui.signer(2);
  private final LocalSui sui = new LocalSui(platform);
  private final ChainHalts halts = new ChainHalts(database, clock);
  private final SuiGateway gateway = gateway(sui.options(Duration.ofSeconds(20)));
  private final Settlements settlements = over(gateway);

  @AfterAll
  static void stop() {
    DATABASE.close();
  }

  @BeforeEach
  void begin() throws SQLException {
    try (var c = database.dataSource().getConnection();
        var s = c.createStatement()) {
      s.execute(
          "truncate economy.settlement, economy.settlement_attempt, economy.settlement_cursor,"
              + " economy.chain_halt restart identity");
    }
    ledger.open(Chart.mint(), Limit.NONE);
    ledger.open(Chart.unissuedChip(), Limit.NO_OVERDRAFT);
    for (Currency currency : List.of(Currency.CHIP, Currency.USDC)) {
      ledger.open(Chart.treasury(currency), Limit.NO_OVERDRAFT);
      ledger.open(Chart.available(ADA, currency), Limit.NO_OVERDRAFT);
    }
    ledger.open(Chart.staked(ADA), Limit.NO_OVERDRAFT);
    ledger.open(Chart.bank("stripe"), Limit.NONE);
    move("cap", Chart.mint(), Chart.unissuedChip(), CAP, "supply_cap");
    move("genesis", Chart.unissuedChip(), Chart.treasury(Currency.CHIP), GENESIS, "genesis");
    move("fund", Chart.bank("stripe"), Chart.treasury(Currency.USDC), 1_000_000_000, "sale");
    sui.fund(1_000_000_000);
  }

  @AfterEach
  void end() {
    gateway.close();
    sui.close();
  }

  private SuiGateway gateway(SuiOptions options) {
    return new SuiGateway(options, platform, user -> ada);
  }

  private Settlements over(ChainGateway chain) {
    return new Settlements(database, ledger, chain, halts, clock);
  }

  private UUID move(String name, AccountId from, AccountId to, long amount, String reason) {
    UUID id = Transfer.id("test", name);
    ledger.require(Transfer.move(id, from, to, amount, reason, Explanation.NONE));
    return id;
  }

  private UUID reward(String name, long amount) {
    UUID id =
        move(
            name,
            Chart.unissuedChip(),
            Chart.available(ADA, Currency.CHIP),
            amount,
            "reward_vested");
    collect();
    return id;
  }

  private int collect() {
    return settlements.collect(
        Chart.unissuedChip(), Map.of("reward_vested", Settlement.Kind.REWARD));
  }

  private Settlements.Report reconcile() {
    return settlements.reconcile(this::collect, () -> 0);
  }

  private static String receipt(UUID transfer) {
    return Settlement.receipt(transfer).hex();
  }

  private Settlements.Standing standing(UUID transfer) {
    return settlements.of(transfer).orElseThrow();
  }

  private static void requireFails(ThrowingCallable call, String code) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(ChoirException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void aRewardIsSettledOnceAndItsDigestIsStoredWithIt() {
    UUID id = reward("r1", 196 * CHIP);
    assertThat(collect()).isZero();
    assertThat(settlements.settle(10)).isEqualTo(1);
    assertThat(settlements.settle(10)).isZero();

    assertThat(sui.paid(receipt(id))).isEqualTo(196 * CHIP);
    assertThat(sui.chip(ada)).isEqualTo(196 * CHIP);
    assertThat(standing(id).state()).isEqualTo("settled");
    assertThat(standing(id).digest().orElseThrow()).matches("[1-9A-HJ-NP-Za-km-z]{43,44}");
    Settlements.Report report = reconcile();
    assertThat(report.complete()).isTrue();
    assertThat(report.mismatches()).isEmpty();
    assertThat(report.receipts()).isEqualTo(1);
    assertThat(halts.standing()).isEmpty();
  }

  @Test
  void aCitationIsPaidInDollarsOutOfTheTreasury() {
    UUID id =
        move(
            "c1",
            Chart.treasury(Currency.USDC),
            Chart.available(ADA, Currency.USDC),
            4_500_000,
            "citation_paid");
    settlements.add(id, Settlement.Kind.CITATION, ADA, Optional.empty(), "");
    assertThat(settlements.settle(10)).isEqualTo(1);
    assertThat(sui.paid(receipt(id))).isEqualTo(4_500_000);
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void aUserStakesWithTheirOwnSignatureAndTheTreasurySponsorsTheGas() {
    reward("r1", 60 * CHIP);
    reward("r2", 70 * CHIP);
    UUID stake =
        move(
            "s1", Chart.available(ADA, Currency.CHIP), Chart.staked(ADA), 100 * CHIP, "stake_held");
    settlements.add(stake, Settlement.Kind.STAKE, ADA, Optional.empty(), "");
    assertThat(settlements.settle(10)).isEqualTo(3);
    assertThat(sui.paid(receipt(stake))).isEqualTo(100 * CHIP);
    assertThat(sui.chip(ada)).isEqualTo(30 * CHIP);

    UUID slash =
        move("s2", Chart.staked(ADA), Chart.treasury(Currency.CHIP), 40 * CHIP, "stake_slashed");
    settlements.add(slash, Settlement.Kind.SLASH, ADA, Optional.of(stake), "a fabricated source");
    UUID free =
        move(
            "s3", Chart.staked(ADA), Chart.available(ADA, Currency.CHIP), 60 * CHIP, "stake_freed");
    settlements.add(free, Settlement.Kind.FREE, ADA, Optional.of(stake), "");
    assertThat(settlements.settle(10)).isEqualTo(2);
    assertThat(sui.chip(ada)).isEqualTo(90 * CHIP);
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void aStakeSignedByAnotherThanItsOwnerIsNotTaken() {
    reward("r1", 100 * CHIP);
    settlements.settle(1);
    UUID stake =
        move("s1", Chart.available(ADA, Currency.CHIP), Chart.staked(ADA), 100 * CHIP, "stake");
    settlements.add(stake, Settlement.Kind.STAKE, ADA, Optional.empty(), "");
    ChainSigner thief = LocalSui.signer(9);
    ChainSigner forged =
        new ChainSigner() {
          @Override
          public byte[] publicKey() {
            return ada.publicKey();
          }

          @Override
          public byte[] sign(byte[] digest) {
            return thief.sign(digest);
          }
        };
    try (SuiGateway other =
        new SuiGateway(sui.options(Duration.ofSeconds(20)), platform, user -> forged)) {
      requireFails(() -> over(other).settle(1), "bad_signature");
    }
    assertThat(standing(stake).trouble()).contains("does not verify");
    clock.forward(Duration.ofMinutes(11));
    UUID behind = reward("r2", CHIP);
    try (SuiGateway other =
        new SuiGateway(
            sui.options(Duration.ofSeconds(20)), platform, user -> LocalSui.refusing(2))) {
      // Whoever does not sign keeps nobody else waiting.
      assertThat(over(other).settle(2)).isEqualTo(1);
    }
    assertThat(standing(stake).trouble()).contains("this is not signed");
    assertThat(standing(behind).state()).isEqualTo("settled");
    clock.forward(Duration.ofMinutes(11));
    // Nothing is under way, and once the user signs it goes through.
    assertThat(standing(stake).state()).isEqualTo("waiting");
    assertThat(settlements.settle(1)).isEqualTo(1);
  }

  /** Ends the process, as far as the code under test can tell. */
  private static final class Killed extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Dies at the n-th boundary: before and after each step of the chain, and at each clock call. */
  private final class Boundaries {
    private final AtomicInteger left;

    Boundaries(int n) {
      this.left = new AtomicInteger(n);
    }

    private void pass() {
      if (left.getAndDecrement() == 0) {
        throw new Killed();
      }
    }

    Settlements over(ChainGateway chain) {
      ChainGateway wrapped =
          new ChainGateway() {
            @Override
            public String name() {
              return chain.name();
            }

            @Override
            public Signed prepare(Settlement settlement) {
              pass();
              Signed signed = chain.prepare(settlement);
              pass();
              return signed;
            }

            @Override
            public Answer submit(Signed signed) {
              pass();
              Answer answer = chain.submit(signed);
              pass();
              return answer;
            }

            @Override
            public Answer look(Signed signed) {
              pass();
              Answer answer = chain.look(signed);
              pass();
              return answer;
            }

            @Override
            public Reading read(List<Settlement> settlements) {
              return chain.read(settlements);
            }
          };
      return new Settlements(
          database,
          ledger,
          wrapped,
          halts,
          () -> {
            pass();
            return clock.instant();
          });
    }
  }

  @Test
  void whereverItIsKilledTheChainPaysOnceWithTheSameTransaction() {
    int killed = 0;
    for (int n = 0; ; n++) {
      UUID id = reward("kill" + n, CHIP + n);
      int before = sui.sent().size();
      int executed = sui.executed();
      boolean died = false;
      try {
        new Boundaries(n).over(gateway).settle(1);
      } catch (Killed e) {
        died = true;
        killed++;
        // A second death while the first is being mended.
        assertThatThrownBy(() -> new Boundaries(1).over(gateway).settle(1))
            .isInstanceOf(Killed.class);
      }
      if (died) {
        settlements.settle(1);
      }
      assertThat(sui.paid(receipt(id))).isEqualTo(CHIP + n);
      assertThat(sui.executed()).as("boundary " + n).isEqualTo(executed + 1);
      List<String> sent = sui.sent().subList(before, sui.sent().size());
      assertThat(sent.stream().distinct()).as("boundary " + n).hasSize(1);
      assertThat(standing(id).state()).isEqualTo("settled");
      if (!died) {
        break;
      }
    }
    assertThat(killed).isGreaterThanOrEqualTo(6);
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void aLostAnswerIsLookedUpBeforeAnythingIsSignedAgain() {
    try (SuiGateway hasty = gateway(sui.options(SHORT))) {
      Settlements own = over(hasty);
      int number = 0;
      for (Fault fault :
          List.of(
              Fault.BUSY,
              Fault.CUT_AFTER,
              Fault.LATE_AFTER,
              Fault.GARBAGE,
              Fault.INTERNAL_AFTER,
              Fault.LOST)) {
        UUID id = reward("lost" + number++, 7 * CHIP);
        int sent = sui.sent().size();
        sui.failSending(fault);
        requireFails(() -> own.settle(1), "sui_unreachable");
        assertThat(standing(id).state()).as(fault.name()).isEqualTo("signed");
        assertThat(standing(id).trouble()).isNotEmpty();
        Optional<String> digest = standing(id).digest();
        assertThat(settlements.settle(1)).as(fault.name()).isEqualTo(1);
        assertThat(standing(id).digest()).as(fault.name()).isEqualTo(digest);
        assertThat(sui.sent().subList(sent, sui.sent().size()).stream().distinct()).hasSize(1);
        assertThat(sui.executed()).isEqualTo(number);
      }
    }
    assertThat(sui.chip(ada)).isEqualTo(6 * 7 * CHIP);
  }

  @Test
  void aQuestionIsAskedAgainWhileTheServerIsBusyOrCutOff() {
    reward("r1", CHIP);
    sui.failReading(Fault.BUSY, Fault.CUT_AFTER, Fault.GARBAGE);
    assertThat(settlements.settle(1)).isEqualTo(1);
    sui.failReading(Fault.BUSY, Fault.BUSY, Fault.BUSY, Fault.BUSY);
    requireFails(this::reconcile, "sui_unreachable");
    assertThat(halts.standing()).isEmpty();
  }

  @Test
  void aTransactionThatAProxySentTwicePaysOnce() {
    UUID id = reward("r1", 5 * CHIP);
    sui.failSending(Fault.TWICE);
    assertThat(settlements.settle(1)).isEqualTo(1);
    assertThat(sui.executed()).isEqualTo(1);
    assertThat(sui.chip(ada)).isEqualTo(5 * CHIP);
    assertThat(standing(id).state()).isEqualTo("settled");
  }

  @Test
  void theSameReceiptPaidByAnotherTransactionIsNotPaidAgain() {
    UUID id = reward("r1", 5 * CHIP);
    sui.payElsewhere(receipt(id), 1, 5 * CHIP);
    assertThat(settlements.settle(1)).isEqualTo(1);
    assertThat(sui.chip(ada)).isZero();
    assertThat(standing(id).trouble()).contains("earlier transaction");
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void aReceiptThatWasUsedForAnotherAmountStopsPayouts() {
    UUID id = reward("r1", 5 * CHIP);
    UUID next = reward("r2", 5 * CHIP);
    sui.payElsewhere(receipt(id), 1, 6 * CHIP);
    assertThat(settlements.settle(2)).isZero();
    assertThat(halts.standing().orElseThrow().reason()).contains("6000000");
    requireFails(() -> settlements.settle(1), "payouts_halted");
    assertThat(standing(next).state()).isEqualTo("waiting");
  }

  @Test
  void anAnswerForAnotherTransactionStopsPayouts() {
    UUID id = reward("r1", 5 * CHIP);
    sui.failSending(Fault.OTHER_DIGEST);
    requireFails(() -> settlements.settle(1), "chain_contradiction");
    assertThat(halts.standing().orElseThrow().reason()).contains("Sui answers for");
    requireFails(() -> settlements.settle(1), "payouts_halted");
    halts.lift("operator", "another server is configured");
    assertThat(settlements.settle(1)).isEqualTo(1);
    assertThat(sui.executed()).isEqualTo(1);
    assertThat(standing(id).state()).isEqualTo("settled");
  }

  @Test
  void aServerThatTakesBackWhatItSaidStopsPayouts() {
    reward("r1", 5 * CHIP);
    settlements.settle(1);
    sui.deny();
    assertThat(reconcile().mismatches().getFirst()).contains("now said to have failed");
    requireFails(() -> settlements.settle(1), "payouts_halted");
  }

  @Test
  void anExecutedTransactionThatCannotBeReadAnHourLaterStopsPayouts() {
    UUID id = reward("r1", 5 * CHIP);
    settlements.settle(1);
    sui.hide(standing(id).digest().orElseThrow());
    Settlements.Report report = reconcile();
    assertThat(report.mismatches()).isEmpty();
    assertThat(report.notes().getFirst()).contains("cannot be read yet");
    clock.forward(Duration.ofMinutes(61));
    assertThat(reconcile().mismatches().getFirst()).contains("is not on the chain");
    assertThat(halts.standing()).isPresent();
  }

  @Test
  void aReadingThatIsBehindIsNoMismatch() {
    reward("r1", 5 * CHIP);
    settlements.settle(1);
    assertThat(reconcile().complete()).isTrue();
    sui.readableUpTo(1_000);
    Settlements.Report report = reconcile();
    assertThat(report.complete()).isFalse();
    assertThat(report.notes().getFirst()).contains("behind");
    assertThat(halts.standing()).isEmpty();
  }

  @Test
  void aTransactionThatCanStillBeExecutedIsSentAgainAsItIs() {
    UUID id = reward("r1", 5 * CHIP);
    sui.failSending(Fault.LOST);
    requireFails(() -> settlements.settle(1), "sui_unreachable");
    String first = standing(id).digest().orElseThrow();
    // Built now, it would be another transaction; the first is valid in this epoch too.
    sui.passEpochs(1);
    assertThat(settlements.settle(1)).isEqualTo(1);
    assertThat(standing(id).digest()).contains(first);
    assertThat(sui.sent().stream().distinct()).hasSize(1);
  }

  @Test
  void aTransactionThatCanNeverBeExecutedIsReplacedAndOnlyThen() {
    UUID id = reward("r1", 5 * CHIP);
    sui.failSending(Fault.LOST);
    requireFails(() -> settlements.settle(1), "sui_unreachable");
    String first = standing(id).digest().orElseThrow();
    sui.useGasElsewhere();
    assertThat(settlements.settle(1)).isEqualTo(1);
    String second = standing(id).digest().orElseThrow();
    assertThat(second).isNotEqualTo(first);

    UUID late = reward("r2", 5 * CHIP);
    sui.failSending(Fault.LOST);
    requireFails(() -> settlements.settle(1), "sui_unreachable");
    String third = standing(late).digest().orElseThrow();
    sui.passEpochs(2);
    assertThat(settlements.settle(1)).isEqualTo(1);
    assertThat(standing(late).digest().orElseThrow()).isNotEqualTo(third);
    assertThat(sui.chip(ada)).isEqualTo(10 * CHIP);
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void whatExceedsTheEpochsCapWaitsForTheNextEpoch() {
    sui.rewardedBefore(100_000 * CHIP - 3 * CHIP);
    UUID large = reward("r1", 5 * CHIP);
    UUID small = reward("r2", 2 * CHIP);
    assertThat(settlements.settle(5)).isZero();
    assertThat(standing(large).state()).isEqualTo("waiting");
    assertThat(standing(large).trouble()).contains("::5");
    assertThat(settlements.settle(5)).isZero();
    assertThat(reconcile().mismatches()).isEmpty();
    sui.renewCaps();
    clock.forward(Duration.ofDays(31));
    assertThat(settlements.settle(5)).isEqualTo(2);
    assertThat(sui.paid(receipt(small))).isEqualTo(2 * CHIP);
    assertThat(reconcile().mismatches()).isEmpty();
  }

  @Test
  void whatTheContractRefusesWaitsForAPerson() {
    UUID id =
        move(
            "s1",
            Chart.treasury(Currency.CHIP),
            Chart.available(ADA, Currency.CHIP),
            CHIP,
            "stake_freed");
    settlements.add(id, Settlement.Kind.FREE, ADA, Optional.of(Transfer.id("none")), "");
    assertThat(settlements.settle(1)).isZero();
    assertThat(standing(id).state()).isEqualTo("refused");
    assertThat(standing(id).trouble()).contains("::7");
    settlements.retry(id);
    assertThat(standing(id).state()).isEqualTo("waiting");
  }

  @Test
  void chipThatNobodyWasRewardedStopsPayoutsUntilAPersonLiftsIt() {
    reward("r1", 5 * CHIP);
    settlements.settle(1);
    reward("r2", 3 * CHIP);
    assertThat(reconcile().mismatches()).isEmpty();
    sui.mintSecretly(1);
    assertThat(reconcile().mismatches().getFirst())
        .contains("the chain has 5000005.000001 CHIP, the ledger says 5000005 CHIP");
    requireFails(() -> settlements.settle(1), "payouts_halted");
    assertThat(new ChainHalts(database, clock).standing()).isPresent();
    requireFails(() -> halts.lift("operator", " "), "bad_reason");
    halts.lift("operator", "we look at it");
    assertThat(reconcile().mismatches()).isNotEmpty();
    requireFails(() -> settlements.settle(1), "payouts_halted");
  }

  @Test
  void aReceiptWithAnotherAmountThanTheLedgersStopsPayouts() {
    UUID id = reward("r1", 5 * CHIP);
    settlements.settle(1);
    sui.falsify(receipt(id), 4 * CHIP);
    assertThat(reconcile().mismatches().getFirst()).contains("reward of 4000000 on the chain");
    assertThat(halts.standing()).isPresent();
  }

  @Test
  void whatIsUnvestedIsNotMissedOnTheChain() {
    move("made", Chart.unissuedChip(), Chart.treasury(Currency.CHIP), 80 * CHIP, "reward_made");
    assertThat(settlements.reconcile(this::collect, () -> 80 * CHIP).mismatches()).isEmpty();
    assertThat(settlements.reconcile(this::collect, () -> 79 * CHIP).mismatches()).isNotEmpty();
  }

  @Test
  void twoWorkersHaveOneTransactionUnderWay() {
    reward("r1", CHIP);
    reward("r2", CHIP);
    sui.failSending(Fault.LOST);
    requireFails(() -> settlements.settle(1), "sui_unreachable");
    UUID second = Transfer.id("test", "r2");
    assertThatThrownBy(
            () ->
                database.transaction(
                    c -> {
                      SettlementTable.signed(
                          c, gateway.prepare(standing(second).settlement()), clock.instant());
                      return 0;
                    }))
        .isInstanceOf(ChoirException.class)
        .hasMessageContaining("settlement_under_way");
    assertThat(standing(second).state()).isEqualTo("waiting");
    assertThat(settlements.settle(2)).isEqualTo(2);
  }

  @Test
  void whatASettlementIsForNeverChanges() {
    reward("r1", CHIP);
    settlements.settle(1);
    for (String sql :
        List.of(
            "update economy.settlement set amount = amount + 1",
            "update economy.settlement set account = 'eve'",
            "update economy.settlement set state = 'waiting'",
            "delete from economy.settlement",
            "delete from economy.settlement_attempt",
            "update economy.settlement_attempt set bytes = ''")) {
      assertThatThrownBy(
              () -> {
                try (var c = database.dataSource().getConnection();
                    var s = c.createStatement()) {
                  s.execute(sql);
                }
              })
          .as(sql)
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void anotherNetworkThanTheConfiguredOneIsRefused() {
    reward("r1", CHIP);
    SuiOptions own = sui.options(Duration.ofSeconds(20));
    String other = "2" + own.chain().substring(1);
    SuiOptions wrong =
        SuiOptions.of(
            own.endpoint(), other, own.contract(), own.treasury(), own.payer(), own.dollar());
    try (SuiGateway elsewhere = gateway(wrong)) {
      requireFails(() -> over(elsewhere).settle(1), "wrong_chain");
    }
    assertThat(sui.executed()).isZero();
  }

  @Test
  void withoutAChainTheLedgerIsTheTruth() {
    Settlements own = over(new LedgerGateway(ledger));
    UUID id = reward("r1", 196 * CHIP);
    assertThat(own.settle(5)).isEqualTo(1);
    assertThat(own.of(id).orElseThrow().digest()).contains(receipt(id));
    Settlements.Report report = own.reconcile(this::collect, () -> 0);
    assertThat(report.complete()).isTrue();
    assertThat(report.mismatches()).isEmpty();
    assertThat(report.receipts()).isEqualTo(1);
    requireFails(
        () -> own.add(Transfer.id("no"), Settlement.Kind.REWARD, ADA, Optional.empty(), ""),
        "no_such_transfer");
  }
}
