package org.choir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.choir.server.DelegateWorld.ADA;
import static org.choir.server.DelegateWorld.BEN;
import static org.choir.server.DelegateWorld.EVE;
import static org.choir.server.DelegateWorld.UNIT;
import static org.choir.server.DelegateWorld.code;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.choir.agent.AgentDefinition;
import org.choir.agent.RunState;
import org.choir.agent.RunStatus;
import org.choir.audit.Leaf;
import org.choir.audit.Prose;
import org.choir.core.Json;
import org.choir.core.RunId;
import org.choir.core.TenantId;
import org.choir.economy.Stake;
import org.choir.knowledge.Article;
import org.choir.knowledge.KnowledgeBase;
import org.choir.knowledge.Submission;
import org.choir.model.ToolCall;
import org.choir.server.DelegateWorld.Script;
import org.choir.vibewriter.WalletAccess;
import org.choir.vibewriter.WalletOrder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Agents that act for their users: real runs, gate, ledger and chain; only models are scripted. */
class DelegateTest {
  @TempDir static Path folder;
  static DelegateWorld world;

  @BeforeAll
  static void start() {
    world = new DelegateWorld(folder);
    world.fund(ADA, 10_000, 1_000);
  }

  @AfterAll
  static void stop() {
    world.close();
  }

  /** Each test has a day of its own. */
  @BeforeEach
  void anotherDay() {
    world.now = world.now.plus(Duration.ofDays(1));
    world.between = UnaryOperator.identity();
    world.blocked = Optional.empty();
    world.allow(ADA, 0, 0, 0);
  }

  private static RunStatus.Waiting waiting(RunId run) {
    return world.agents.state(run).waiting().getFirst();
  }

  private static Decisions.Said say(TenantId user, String action, boolean approve, String reason)
      throws InterruptedException {
    return world.decisions.say(user, action, approve, reason);
  }

  private static List<String> results(RunId run) {
    return world.events(run.lead(), "observed").stream().map(e -> e.path("text").asText()).toList();
  }

  @Test
  void belowTheThresholdItGoesThroughAboveItWaitsAndGoesOnWhenApproved() throws Exception {
    world.allow(ADA, 0, 5, 0);
    long before = world.usdc(BEN);
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "3"), Script.send(BEN, "3")));

    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(world.usdc(BEN)).isEqualTo(before + 3 * UNIT);
    RunStatus.Waiting waits = waiting(run);
    assertThat(waits.action()).isEqualTo(run + ":2:1");
    assertThat(waits.reason())
        .isEqualTo(
            "3 USDC asked, 3 used today, at most 5 a day; it would send 3 USDC to the user ben");
    ObjectNode summary = world.runs.summary(run);
    assertThat(summary.path("message").asText()).contains(run + ":2:1").contains("3 USDC asked");
    assertThat(summary.path("remedy").asText())
        .contains("choir approve " + run + ":2:1")
        .contains("choir deny " + run + ":2:1 --reason TEXT");
    assertThat(summary.path("waiting").path(0).path("approve").asText())
        .isEqualTo("choir approve " + run + ":2:1");
    assertThat(Decisions.text(run, Decisions.waiting(world.agents.state(run))))
        .contains("waits for you")
        .contains("it would send 3 USDC to the user ben")
        .contains("choir approve " + run + ":2:1");

    Decisions.Said said = say(ADA, waits.action(), true, "");
    assertThat(said.sentence()).startsWith("approved " + run + ":2:1 (transfer_usdc: 3 USDC");
    assertThat(said.open()).isTrue();
    assertThat(say(ADA, waits.action(), true, "").sentence())
        .contains("was approved by ada before; the run has not come to it yet");
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(world.usdc(BEN)).isEqualTo(before + 6 * UNIT);
    assertThat(world.allowances.usedToday(ADA).usdc())
        .as("what a person approved does not count")
        .isEqualTo(3 * UNIT);

    Decisions.Said again = say(ADA, waits.action(), true, "");
    assertThat(again.sentence()).contains("was approved by ada before, and it is done");
    assertThat(again.open()).isFalse();
    assertThat(code(() -> say(ADA, waits.action(), false, "no"))).isEqualTo("already_decided");
    assertThat(world.events(run.lead(), "decided")).hasSize(1);
    assertThat(world.usdc(BEN)).isEqualTo(before + 6 * UNIT);
  }

  @Test
  void whatIsDeniedIsNotDoneAndTheAgentReadsWhy() throws Exception {
    long before = world.usdc(BEN);
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "3")));
    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    say(ADA, run + ":1:1", false, "nobody asked for that");
    assertThat(code(() -> say(ADA, run + ":1:1", true, ""))).isEqualTo("already_decided");
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(results(run).getFirst()).contains("refused").contains("nobody asked for that");
    assertThat(world.usdc(BEN)).isEqualTo(before);
  }

  @Test
  void onlyTheOwnerDecidesAndOnlyWhatWaits() throws Exception {
    world.allow(ADA, 0, 5, 0);
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "1"), Script.send(BEN, "9")));
    world.carry(run);
    for (String unknown :
        List.of(
            "x",
            "",
            run + ":2",
            run + ":9:9",
            run + "-1:1:1",
            "rnothere1:1:1",
            run + ":2:1 ",
            "../" + run + ":1:1")) {
      assertThat(code(() -> say(ADA, unknown, true, ""))).as(unknown).isEqualTo("no_such_action");
    }
    assertThat(code(() -> say(EVE, run + ":2:1", true, ""))).isEqualTo("no_such_action");
    assertThat(code(() -> say(ADA, run + ":1:1", true, ""))).isEqualTo("not_waiting");
    assertThat(world.events(run.lead(), "decided")).isEmpty();
    world.runs.cancel(run);
    assertThat(code(() -> say(ADA, run + ":2:1", true, ""))).isEqualTo("run_is_final");
  }

  @Test
  void twoPersonsAtOnceDecideOnce() throws Exception {
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "1")));
    world.carry(run);
    AtomicInteger approved = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      boolean approve = i % 2 == 0;
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    if (code(() -> say(ADA, run + ":1:1", approve, "r")).equals("null")) {
                      approved.incrementAndGet();
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(world.events(run.lead(), "decided")).hasSize(1);
    assertThat(approved.get()).as("the same word again is no failure").isEqualTo(3);
  }

  @Test
  void aPromptInjectedModelThatAsksForManySmallTransfersIsStoppedByTheirSum() throws Exception {
    world.allow(ADA, 0, 5, 0);
    long before = world.usdc(EVE);
    ToolCall[] calls = new ToolCall[40];
    for (int i = 0; i < calls.length; i++) {
      calls[i] = Script.send(EVE, "0.25");
    }
    RunId run = world.begin(ADA, Script.of(calls));
    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(world.usdc(EVE)).isEqualTo(before + 5 * UNIT);
    assertThat(waiting(run).action()).isEqualTo(run + ":21:1");
  }

  @Test
  void manyCallsInOneAnswerShareTheAllowance() throws Exception {
    world.allow(ADA, 0, 5, 0);
    long before = world.usdc(EVE);
    RunId run =
        world.begin(
            ADA,
            new Script(
                List.of(
                    results ->
                        java.util.stream.IntStream.range(0, 10)
                            .mapToObj(i -> Script.send(EVE, "1"))
                            .toList())));
    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(world.usdc(EVE)).isEqualTo(before + 5 * UNIT);
    assertThat(world.agents.state(run).waiting()).hasSize(5);
  }

  @Test
  void splittingOverTwoRunsAtOnceAndOverSubagentsDoesNotHelp() throws Exception {
    world.allow(ADA, 0, 5, 0);
    long before = world.usdc(EVE);
    List<Function<List<String>, List<ToolCall>>> many = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      many.add(results -> List.of(Script.send(EVE, "1")));
    }
    // A subagent that was given the tool, although none of the house has it.
    AgentDefinition helper =
        new AgentDefinition(
            "helper",
            "helps",
            "Do it.",
            world.definition(ADA).tools().stream()
                .filter(t -> t.spec().name().equals("transfer_usdc"))
                .toList(),
            List.of(),
            List.of(),
            AgentDefinition.Policy.NONE);
    ToolCall task = Script.call("task", "description", "send", "subagent_type", "helper");
    Script delegating = new Script(List.of(results -> List.of(task, task)), many);
    RunId third = world.begin(ADA, delegating, List.of(helper));
    RunId first = world.begin(ADA, new Script(many));
    RunId second = world.begin(ADA, new Script(many));
    world.runs.start(first, null);
    world.runs.start(second, null);
    world.runs.start(third, null);
    for (RunId run : List.of(first, second, third)) {
      assertThat(world.stopped(run)).isEqualTo(RunState.WAITING_APPROVAL);
    }
    assertThat(world.usdc(EVE)).isEqualTo(before + 5 * UNIT);
    assertThat(world.agents.state(third).waiting())
        .extracting(RunStatus.Waiting::action)
        .allMatch(a -> a.startsWith(third + "-"))
        .hasSize(2);
    String held = waiting(third).action();
    say(ADA, held, true, "");
    world.carry(third);
    assertThat(world.usdc(EVE)).isEqualTo(before + 6 * UNIT);
  }

  @Test
  void changedArgumentsAfterAnApprovalAreNotCoveredByIt() throws Exception {
    long before = world.usdc(BEN);
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "3"), Script.send(BEN, "3.000001")));
    world.carry(run);
    say(ADA, run + ":1:1", true, "");
    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(world.usdc(BEN)).isEqualTo(before + 3 * UNIT);
    assertThat(waiting(run).action()).isEqualTo(run + ":2:1");

    // A decision about other arguments than the recorded ones counts for nothing.
    world.agents.tell(
        run,
        Json.object()
            .put("kind", "approve")
            .put("action", run + ":2:1")
            .put("by", "ada")
            .put("digest", "0".repeat(64)));
    assertThat(world.carry(run)).isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(world.usdc(BEN)).isEqualTo(before + 3 * UNIT);
    say(ADA, run + ":2:1", true, "");
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(world.usdc(BEN)).isEqualTo(before + 6 * UNIT + 1);
  }

  @Test
  void aCrashAfterTheTransferAndBeforeItsRecordSendsOnce() throws Exception {
    world.allow(ADA, 0, 5, 0);
    long before = world.usdc(BEN);
    AtomicInteger calls = new AtomicInteger();
    world.between = wallet -> new Breaking(wallet, calls);
    RunId run = world.begin(ADA, Script.of(Script.send(BEN, "3")));
    world.runs.start(run, null);
    assertThat(world.stopped(run)).isEqualTo(RunState.PAUSED);
    assertThat(world.usdc(BEN)).isEqualTo(before + 3 * UNIT);
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(calls.get()).isEqualTo(2);
    assertThat(world.usdc(BEN)).isEqualTo(before + 3 * UNIT);
    assertThat(world.allowances.usedToday(ADA).usdc()).isEqualTo(3 * UNIT);
    assertThat(results(run).getFirst()).contains("3 USDC were sent to ben");
  }

  /** A server that is killed the first time, when the transfer is made and not yet recorded. */
  private record Breaking(WalletAccess wallet, AtomicInteger calls) implements WalletAccess {
    @Override
    public boolean has(TenantId user) {
      return wallet.has(user);
    }

    @Override
    public List<Sum> standing(TenantId user) {
      return wallet.standing(user);
    }

    @Override
    public String stake(TenantId user, RunId run, long amount) {
      return wallet.stake(user, run, amount);
    }

    @Override
    public Article publish(KnowledgeBase base, RunId run, Submission submission) {
      return wallet.publish(base, run, submission);
    }

    @Override
    public String transfer(TenantId user, String action, WalletOrder.Transfer order) {
      String sent = wallet.transfer(user, action, order);
      if (calls.incrementAndGet() == 1) {
        throw new Killed();
      }
      return sent;
    }

    @Override
    public Optional<String> refusal(TenantId user, String action) {
      return wallet.refusal(user, action);
    }

    @Override
    public void refused(TenantId user, String action, String why) {
      wallet.refused(user, action, why);
    }
  }

  private static final class Killed extends Error {}

  @Test
  void whatTheLedgerRefusesIsGivenBackAndStaysRefused() throws Exception {
    world.allow(EVE, 0, 50, 0);
    RunId run =
        world.begin(
            EVE, Script.of(Script.send(BEN, "49"), Script.send(new TenantId("nobody"), "1")));
    if (world.usdc(EVE) >= 49 * UNIT) {
      throw new AssertionError("eve is too rich for this test");
    }
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(results(run).get(0)).contains("too_little_usdc");
    assertThat(results(run).get(1)).contains("no_such_user");
    assertThat(world.allowances.usedToday(EVE).usdc()).isZero();
    assertThat(world.allowances.refusal(EVE, run + ":1:1").orElseThrow())
        .contains("too_little_usdc");
  }

  @Test
  void oneselfAHoldAndADebtAreRefusedAndGiveTheirPartBack() throws Exception {
    world.allow(ADA, 0, 50, 0);
    RunId run = world.begin(ADA, Script.of(Script.send(ADA, "1")));
    world.carry(run);
    assertThat(results(run).getFirst()).contains("same_user");
    world.blocked = Optional.of("a debt of 12 USDC to the treasury");
    RunId blocked = world.begin(ADA, Script.of(Script.send(BEN, "1")));
    world.carry(blocked);
    assertThat(results(blocked).getFirst()).contains("transfers_blocked").contains("a debt of 12");
    assertThat(world.allowances.usedToday(ADA).usdc()).isZero();
  }

  @Test
  void aRunHasOneStakeWhichIsTakenOnceAndPublishingAsksForNoSecond() throws Exception {
    world.allow(ADA, 100, 0, 1);
    RunId run = world.begin(ADA, Script.of(Script.call("stake_chip"), Script.call("stake_chip")));
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(results(run)).allMatch(r -> r.contains("100 CHIP are at stake"));
    Stake stake = world.stakes.withKey(WalletAccess.stakeKey(run)).orElseThrow();
    assertThat(stake.amount()).isEqualTo(100 * UNIT);
    assertThat(world.allowances.usedToday(ADA).chip()).isEqualTo(100 * UNIT);
    List<ObjectNode> intended = world.events(run.lead(), "intended");
    assertThat(intended.get(1).path("reason").asText()).startsWith("nothing asked; it would put");

    RunId publishing =
        world.begin(
            ADA,
            Script.of(
                Script.call("publish_to_choir", "field", "optics"), Script.call("wallet_balance")));
    assertThat(world.carry(publishing)).as("no CHIP are left").isEqualTo(RunState.WAITING_APPROVAL);
    assertThat(waiting(publishing).reason())
        .contains("1 publication asked, 0 used today, at most 1 a day")
        .contains("100 CHIP asked, 100 used today, at most 100 a day");
  }

  @Test
  void theBalanceTellsWhatThereIsAndWhatNeedsNoAsking() throws Exception {
    world.allow(BEN, 200, 5, 2);
    RunId run = world.begin(BEN, Script.of(Script.send(ADA, "0.5"), Script.call("wallet_balance")));
    world.fund(BEN, 1, 0);
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(results(run).get(1))
        .contains("CREDITS available: 500 CREDITS")
        .contains("CHIP that can only be staked: 50 CHIP")
        .contains("CHIP at stake: 0 CHIP")
        .contains("CHIP not yet vested: 0 CHIP")
        .containsPattern("CHIP you may stake without asking today \\(.*, UTC\\): 200 CHIP")
        .containsPattern("USDC you may send without asking today \\(.*, UTC\\): 4.5 USDC")
        .containsPattern("publications without asking today \\(.*, UTC\\): 2");
  }

  @Test
  void runsOfUsersWithoutAWalletHaveNoneOfTheTools() {
    List<String> with = names(ADA);
    List<String> without = names(new TenantId("nobody"));
    assertThat(with)
        .contains("publish_to_choir", "wallet_balance", "stake_chip", "transfer_usdc")
        .doesNotContain("cite_article");
    assertThat(without)
        .doesNotContain("publish_to_choir", "wallet_balance", "stake_chip", "transfer_usdc");
    world
        .definition(ADA)
        .subagents()
        .forEach(
            s ->
                assertThat(s.tools())
                    .extracting(t -> t.spec().name())
                    .doesNotContain("transfer_usdc", "stake_chip", "publish_to_choir"));
  }

  private static List<String> names(TenantId user) {
    return world.definition(user).tools().stream().map(t -> t.spec().name()).toList();
  }

  @Test
  void aModelCannotSetItsOwnAllowance() throws Exception {
    RunId run =
        world.begin(
            ADA,
            Script.of(
                Script.call("wallet_allow", "usdc", "5000"),
                Script.call("wallet.allow", "usdc", "5000"),
                Script.call("approve", "action", "x")));
    assertThat(world.carry(run)).isEqualTo(RunState.COMPLETED);
    assertThat(results(run)).allMatch(r -> r.startsWith("There is no tool"));
    assertThat(world.allowances.of(ADA).usdc()).isZero();
    assertThat(names(ADA)).noneMatch(n -> n.contains("allow") || n.contains("approve"));
  }

  @Test
  void everyDecisionIsInTheChainWithItsAmountsAndIsMadeAgain() throws Exception {
    world.allow(ADA, 0, 5, 0);
    RunId run =
        world.begin(
            ADA, Script.of(Script.send(BEN, "3"), Script.send(BEN, "-3"), Script.send(BEN, "3")));
    world.carry(run);
    say(ADA, run + ":3:1", true, "");
    world.carry(run);

    List<String> decided = new ArrayList<>();
    for (Leaf leaf : world.leaves(ADA, "action.decided")) {
      if (leaf.intent().equals(run.value())) {
        decided.add(leaf.verdict() + " " + leaf.data().path("rule").asText());
      }
    }
    assertThat(decided)
        .containsExactly("ALLOW allowance/within", "DENY allowance/refused", "HOLD allowance/ask");
    assertThat(told(run))
        .anyMatch(
            l ->
                l.contains("allowed by the rule allowance/within")
                    && l.contains("3 USDC asked, 0 used today, at most 5 a day"))
        .anyMatch(
            l ->
                l.contains("held for a person by the rule allowance/ask")
                    && l.contains("3 USDC asked, 3 used today, at most 5 a day"))
        .anyMatch(l -> l.contains("approved the action " + run + ":3:1"));
    var outcome = world.replay(ADA);
    assertThat(outcome.first()).isEmpty();
    assertThat(outcome.unknownRules()).isZero();
    assertThat(outcome.again()).isGreaterThanOrEqualTo(3);
  }

  private static List<String> told(RunId run) {
    var chain = world.audits.chain(ADA);
    var personal = new org.choir.audit.PersonalFields(chain);
    List<String> lines = new ArrayList<>();
    Prose.Reader reader = new Prose.Reader("en", java.time.ZoneOffset.UTC);
    for (long i = 0; i < chain.size(); i++) {
      Leaf leaf = chain.leaf(i);
      if (leaf.intent().equals(run.value())) {
        lines.add(Prose.sentence(leaf, personal.of(leaf), reader));
      }
    }
    return lines;
  }

  @Test
  void thePersonSetsTheAllowanceByCommandAndTheChainSaysSo() {
    AllowanceCommands commands =
        new AllowanceCommands(() -> world.allowances, world.audits, () -> world.now);
    ObjectNode asked = Json.object().put("usdc", "5.25").put("publications", 2);
    ObjectNode set = commands.handle(new Request(AllowanceCommands.SET, ADA, asked));
    assertThat(set.path("usdc").path("a_day").asText()).isEqualTo("5.25 USDC");
    assertThat(set.path("chip").path("a_day").asText()).isEqualTo("0 CHIP");
    assertThat(set.path("publications").path("left_today").asText()).isEqualTo("2");
    assertThat(
            world
                .leaves(ADA, "allowance.set")
                .getLast()
                .data()
                .path("usdc")
                .path("minorUnits")
                .asLong())
        .isEqualTo(5_250_000);
    for (String bad : List.of("-1", "1e9", "x", "0.0000001", "5001")) {
      assertThat(
              code(
                  () ->
                      commands.handle(
                          new Request(AllowanceCommands.SET, ADA, Json.object().put("usdc", bad)))))
          .as(bad)
          .isIn("bad_amount", "bad_allowance");
    }
    assertThat(
            commands
                .handle(new Request(AllowanceCommands.SHOW, ADA, Json.object()))
                .path("usdc")
                .path("a_day")
                .asText())
        .isEqualTo("5.25 USDC");
  }
}
