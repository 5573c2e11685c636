package org.choir.economy.demo;

import java.net.URI;
import java.util.Locale;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.economy.AccountId;
import org.choir.economy.Chart;
import org.choir.economy.EconomyServices;
import org.choir.economy.Ledger;
import org.choir.economy.Purchase;
import org.choir.economy.Reward;
import org.choir.economy.RewardRule;
import org.choir.economy.Rewards;
import org.choir.economy.RunCharges;
import org.choir.economy.RunClass;
import org.choir.economy.SignUps;
import org.choir.economy.Stake;
import org.choir.economy.Withdrawal;

/** What Ada does, and what happens to her. Each may be repeated. */
final class UserActs {
  private static final long CHIP = 1_000_000;

  /** What she buys. */
  static final long BOUGHT = 100 * CHIP;

  private static final long STAKE = 100 * CHIP;
  private static final long WITHDRAWN = 173_450_000;
  private static final URI BACK = URI.create("https://choir.example/wallet");

  private final YearParts parts;
  private final YearRounds rounds;
  private final Telling telling;
  private final boolean buysChip;

  UserActs(YearParts parts, YearRounds rounds, Telling telling, boolean buysChip) {
    this.parts = parts;
    this.rounds = rounds;
    this.telling = telling;
    this.buysChip = buysChip;
  }

  private EconomyServices services() {
    return parts.services();
  }

  private Ledger ledger() {
    return services().ledger();
  }

  private static AccountId available(Currency currency) {
    return Chart.available(EconomyYear.ADA, currency);
  }

  void signUp() {
    services()
        .signUps()
        .grant(EconomyYear.ADA, new SignUps.Proof("card", Digest.of("the card of ada")));
    EconomyYear.Standing now = EconomyYear.Standing.of(ledger());
    telling.tell(
        "Ada signs up: +"
            + now.credits()
            + " credits and +"
            + Receipts.chip(now.starter())
            + " that can only be staked");
    telling.receipt(Chart.starter(EconomyYear.ADA), "starter");
    rounds.run();
  }

  void buyChip() {
    rounds.run();
    Purchase page = parts.desk().purchases().buyChip(EconomyYear.ADA, "first-chip", BOUGHT, BACK);
    if (page.state() == Purchase.State.OPEN) {
      telling.tell("Ada opens a page to pay for " + Receipts.chip(BOUGHT) + ": " + dollarsOf(page));
      parts.sandbox().pay(page.checkout().orElseThrow());
    }
    parts.bringWebhooks();
    Purchase paid = parts.desk().purchases().find(page.id()).orElseThrow();
    Telling.require(
        paid.state() == Purchase.State.PAID, "the purchase is paid, not " + paid.state());
    telling.tell(
        "Stripe's webhook says paid: +"
            + Receipts.chip(EconomyYear.Standing.of(ledger()).held())
            + " for "
            + dollarsOf(paid)
            + ", held for 72 hours");
    telling.receipt(Chart.treasury(Currency.USDC), "chip_sold");
    rounds.run();
  }

  private static String dollarsOf(Purchase purchase) {
    return Receipts.dollars(Math.multiplyExact(purchase.cents(), 10_000));
  }

  void holdEnds() {
    rounds.run();
    telling.tell(
        "what was bought is free: "
            + Receipts.chip(EconomyYear.Standing.of(ledger()).chip())
            + " to spend or stake");
  }

  void research() {
    RunCharges runs = services().runs();
    runs.reserve("run-1", EconomyYear.ADA, RunClass.STANDARD);
    runs.charge("run-1");
    telling.tell(
        "Ada lets one standard run do research: -50 credits, "
            + EconomyYear.Standing.of(ledger()).credits()
            + " left");
    telling.receipt(available(Currency.CREDITS), "run");
    rounds.run();
  }

  void publish() {
    EconomyServices services = services();
    services.stakes().take(EconomyYear.ADA, EconomyYear.ARTICLE, STAKE);
    Stake stake = services.stakes().bind(EconomyYear.ARTICLE, EconomyYear.ARTICLE);
    telling.tell(
        "Ada publishes and stakes "
            + Receipts.chip(stake.amount())
            + ": "
            + Receipts.chip(stake.starter())
            + " of her start, "
            + Receipts.chip(stake.available())
            + " of her own, "
            + Receipts.chip(stake.amount() - stake.starter() - stake.available())
            + " of the article's own reward");
    telling.receipt(Chart.staked(EconomyYear.ADA), "stake_taken");
    Reward reward =
        services
            .rewards()
            .claim(
                new Rewards.Work(
                    EconomyYear.ARTICLE,
                    EconomyYear.ADA,
                    EconomyYear.ADA.value(),
                    new RewardRule.Findings(72, 10, 10, 1_000_000),
                    false));
    telling.tell(
        "its score of 72 is worth "
            + Receipts.chip(reward.made())
            + "; hers at once "
            + Receipts.chip(reward.vested())
            + ", the rest day by day for 90 days");
    telling.receipt(Receipts.words(reward.why()));
    rounds.run();
    telling.table("published");
  }

  void stakeIsFree() {
    rounds.run();
    Stake stake = services().stakes().of(EconomyYear.ARTICLE).orElseThrow();
    Telling.require(
        stake.state() == Stake.State.RETURNED, "the stake is free, not " + stake.state());
    telling.tell(
        "30 days without a finding: the stake of " + Receipts.chip(stake.amount()) + " is free");
    telling.receipt(newestOf("stake_returned"));
  }

  private String newestOf(String reason) {
    return Receipts.why(ledger(), Chart.staked(EconomyYear.ADA), reason);
  }

  void allIsVested() {
    rounds.run();
    Reward reward = services().rewards().of(EconomyYear.ARTICLE).orElseThrow();
    Telling.require(reward.state() == Reward.State.VESTED, "all is vested, not " + reward.state());
    telling.tell("90 days: all of the reward is Ada's, " + Receipts.chip(reward.vested()));
    telling.receipt(Chart.unvested(EconomyYear.ADA), "reward_vested");
  }

  void withdraw() {
    URI papers = parts.desk().payers().onboard(EconomyYear.ADA, BACK);
    String path = papers.getPath();
    parts.sandbox().onboarded(path.substring(path.lastIndexOf('/') + 1), true);
    parts.bringWebhooks();
    Withdrawal asked =
        parts.desk().withdrawals().request(EconomyYear.ADA, "first-withdrawal", WITHDRAWN);
    telling.tell(
        "Ada gives her papers to Stripe and asks for "
            + Receipts.dollars(WITHDRAWN)
            + ": "
            + word(asked)
            + ", as every first withdrawal, for 72 hours");
    telling.receipt(available(Currency.USDC), "withdrawal");
    rounds.run();
  }

  private Withdrawal withdrawal() {
    return parts.desk().withdrawals().list(EconomyYear.ADA, 1).getFirst();
  }

  private static String word(Withdrawal withdrawal) {
    return withdrawal.state().name().toLowerCase(Locale.ROOT);
  }

  void stillHeld() {
    rounds.run();
    Telling.require(withdrawal().state() == Withdrawal.State.HELD, "the withdrawal is held");
    telling.tell("it is still held: nothing has been sent");
  }

  void send() {
    rounds.run();
    Telling.require(withdrawal().state() == Withdrawal.State.PAYOUT, "the payout is on its way");
    telling.tell(
        "the hold is over: transfer to Ada's account at Stripe, payout from there to her bank");
  }

  void arrive() {
    parts.sandbox().arrive(withdrawal().payout().orElseThrow());
    parts.bringWebhooks();
    Telling.require(withdrawal().state() == Withdrawal.State.PAID, "the bank has it");
    telling.tell("Stripe's webhook says that the bank has it: -" + Receipts.dollars(WITHDRAWN));
    telling.receipt(available(Currency.USDC), "withdrawal");
    rounds.run();
  }

  void end() {
    rounds.run();
    EconomyYear.Standing now = EconomyYear.Standing.of(ledger());
    telling.table("the end");
    telling.tell(
        "Ada has "
            + String.format(Locale.ENGLISH, "%,d", now.credits())
            + " credits (500 - 50 + 1,700), "
            + Receipts.chip(now.allChip())
            + (buysChip ? " (50 + 100 + 196)" : " (50 + 196)")
            + ", all vested and none at stake, and "
            + Receipts.dollars(now.usdc()));
  }
}
