package org.choir.economy.demo;

import java.net.URI;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Digest;
import org.choir.core.TenantId;
import org.choir.economy.AccountId;
import org.choir.economy.BudgetRule;
import org.choir.economy.Chart;
import org.choir.economy.CitationMonth;
import org.choir.economy.Cited;
import org.choir.economy.EconomyRounds;
import org.choir.economy.EconomyServices;
import org.choir.economy.Explanation;
import org.choir.economy.Genesis;
import org.choir.economy.Ledger;
import org.choir.economy.Purchase;
import org.choir.economy.Reward;
import org.choir.economy.RewardRule;
import org.choir.economy.Rewards;
import org.choir.economy.RunCharges;
import org.choir.economy.RunClass;
import org.choir.economy.SignUps;
import org.choir.economy.Stake;
import org.choir.economy.Transfer;
import org.choir.economy.Withdrawal;

/**
 * A user's year: sign up, perhaps buy 100 CHIP, one standard run, publish an article of score 72,
 * be cited 3, 8, 12, 7 and 5 times in five months, withdraw what that paid. It is a list of steps,
 * each of which may be repeated: cut off anywhere, {@link #run} goes on with the step that was not
 * done, over services that were opened again, and ends with the same numbers.
 *
 * <p>Given, not lived: the treasury's 10 million CHIP, the prices at which it offers them, and that
 * everybody else is cited 15,000 times a month.
 */
public final class EconomyYear {
  /** The user. */
  public static final TenantId ADA = new TenantId("ada");

  /** Her article. */
  public static final String ARTICLE = "adas-article";

  /** The first month in which it is cited. */
  public static final YearMonth FIRST = YearMonth.of(2027, 2);

  static final Instant BEGIN = Instant.parse("2027-01-01T00:00:00Z");
  private static final int[] CITATIONS = {3, 8, 12, 7, 5};
  private static final long[] PRICES = {2_250_000, 2_375_000, 2_500_000, 2_550_000, 2_625_000};
  private static final long CHIP = 1_000_000;
  private static final long FIRST_PRICE = 2_500_000;
  private static final long BOUGHT = 100 * CHIP;
  private static final long STAKE = 100 * CHIP;
  private static final long STARTER = 50 * CHIP;

  /** What the treasury holds at the start of each month. */
  private static final long TREASURY = 10_000_000 * CHIP;

  /** Citations a month of everybody else. */
  private static final long AVERAGE = 15_000;

  private static final long WITHDRAWN = 173_450_000;
  private static final URI BACK = URI.create("https://choir.example/wallet");
  private static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("d MMM", Locale.ENGLISH).withZone(ZoneOffset.UTC);

  private final YearParts parts;
  private final boolean buysChip;
  private final Consumer<String> story;
  private final List<Step> steps = new ArrayList<>();
  private int done;

  private record Step(Instant at, Runnable act) {}

  /**
   * What Ada has; sums in each currency's smallest unit.
   *
   * @param chip that she may spend
   * @param starter CHIP that can only be staked
   * @param held CHIP bought by card a short while ago
   * @param pending what citations of open months have reserved for her
   * @param usdc that she may spend
   */
  public record Standing(
      long credits,
      long chip,
      long starter,
      long staked,
      long unvested,
      long held,
      long pending,
      long usdc) {
    /** Her CHIP, wherever it lies. */
    public long allChip() {
      return chip + starter + staked + unvested + held;
    }
  }

  /**
   * A year that begins.
   *
   * @param buysChip whether Ada buys 100 CHIP at the start
   * @param story is told what happens, line by line; if it throws, the year stops there and goes on
   *     with the next {@link #run}
   */
  public EconomyYear(YearParts parts, boolean buysChip, Consumer<String> story) {
    this.parts = parts;
    this.buysChip = buysChip;
    this.story = story;
    plan();
  }

  /** Lives what is left of the year; how Ada stands at its end. */
  public Standing run() {
    for (; done < steps.size(); done++) {
      Step step = steps.get(done);
      parts.clock().reach(step.at());
      step.act().run();
    }
    return standing();
  }

  private void plan() {
    at("2027-01-01T00:00:00Z", this::prepare);
    at("2027-01-04T09:00:00Z", this::signUp);
    if (buysChip) {
      at("2027-01-04T09:30:00Z", this::buyChip);
      at("2027-01-07T09:30:00Z", this::holdEnds);
    }
    at("2027-01-05T10:00:00Z", this::research);
    at("2027-01-08T12:00:00Z", this::publish);
    at("2027-02-07T12:00:00Z", this::stakeIsFree);
    at("2027-04-08T12:00:00Z", this::allIsVested);
    for (int n = 0; n < CITATIONS.length; n++) {
      YearMonth month = FIRST.plusMonths(n);
      long price = PRICES[n];
      LocalDate first = month.atDay(1);
      at(first.minusDays(2), LocalTime.MIDNIGHT, () -> offer(price));
      at(first, LocalTime.of(0, 5), () -> monthBegins(month));
      for (int day : new int[] {8, 15, 22}) {
        at(month.atDay(day), LocalTime.NOON, () -> cited(month));
      }
    }
    YearMonth last = FIRST.plusMonths(CITATIONS.length);
    at(last.atDay(1), LocalTime.of(0, 5), () -> monthBegins(last));
    at("2027-07-02T09:00:00Z", this::withdraw);
    at("2027-07-04T09:00:00Z", this::stillHeld);
    at("2027-07-05T09:00:00Z", this::send);
    at("2027-07-07T09:00:00Z", this::arrive);
    at("2027-07-16T09:00:00Z", this::end);
    steps.sort(Comparator.comparing(Step::at));
  }

  private void at(String when, Runnable act) {
    steps.add(new Step(Instant.parse(when), act));
  }

  private void at(LocalDate day, LocalTime time, Runnable act) {
    steps.add(new Step(day.atTime(time).toInstant(ZoneOffset.UTC), act));
  }

  private EconomyServices services() {
    return parts.services();
  }

  private Ledger ledger() {
    return services().ledger();
  }

  private static AccountId available(Currency currency) {
    return Chart.available(ADA, currency);
  }

  /** How Ada stands now. */
  public Standing standing() {
    Ledger ledger = ledger();
    return new Standing(
        ledger.balance(available(Currency.CREDITS)).available(),
        ledger.balance(available(Currency.CHIP)).available(),
        ledger.balance(Chart.starter(ADA)).posted(),
        ledger.balance(Chart.staked(ADA)).posted(),
        ledger.balance(Chart.unvested(ADA)).posted(),
        ledger.balance(Chart.held(ADA, Currency.CHIP)).posted(),
        ledger.balance(Chart.citations(ADA)).creditsPending(),
        ledger.balance(available(Currency.USDC)).available());
  }

  // What is told.

  private void tell(String what) {
    story.accept(String.format(Locale.ROOT, "%6s  %s", DAY.format(parts.clock().instant()), what));
  }

  private void receipt(String words) {
    story.accept("          = " + words);
  }

  private void receipt(AccountId account, String reason) {
    receipt(Receipts.why(ledger(), account, reason));
  }

  private void table(String when) {
    Standing now = standing();
    story.accept(
        String.format(
            Locale.ROOT,
            "          %-12s %7s %9s %8s %8s %9s %10s",
            "",
            "credits",
            "CHIP",
            "starter",
            "staked",
            "unvested",
            "dollars"));
    story.accept(
        String.format(
            Locale.ROOT,
            "          %-12s %7d %9s %8s %8s %9s %10s",
            when,
            now.credits(),
            Receipts.chipShort(now.chip() + now.held()),
            Receipts.chipShort(now.starter()),
            Receipts.chipShort(now.staked()),
            Receipts.chipShort(now.unvested()),
            Receipts.dollars(now.usdc())));
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw ChoirException.fatal("year_off_course", "the year expected that " + what, "report it");
    }
  }

  // What happens by itself.

  private void round() {
    EconomyServices services = services();
    EconomyRounds rounds =
        new EconomyRounds(
            services,
            this::citations,
            run -> RunCharges.RunEnd.RUNNING,
            month -> AVERAGE,
            parts.clock());
    Map<String, String> failed = rounds.run();
    if (!failed.isEmpty()) {
      throw ChoirException.retryable(
          "round_failed", "the round could not do everything: " + failed, "try again", null);
    }
  }

  /** Every citation so far: spread over each month's first three weeks, each by another reader. */
  private List<Cited> citations() {
    List<Cited> all = new ArrayList<>();
    for (int n = 0; n < CITATIONS.length; n++) {
      Instant first = FIRST.plusMonths(n).atDay(1).atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC);
      for (int i = 0; i < CITATIONS[n]; i++) {
        Instant at = first.plusSeconds(20 * 86_400L * (i + 1) / CITATIONS[n]);
        String id = "cited-" + FIRST.plusMonths(n) + "-" + (i + 1);
        all.add(new Cited(id, ARTICLE, ADA, "reader-" + (i + 1), ADA.value(), at, ""));
      }
    }
    all.removeIf(cited -> cited.at().isAfter(parts.clock().instant()));
    return all;
  }

  // The steps. Each may be repeated.

  private void prepare() {
    EconomyServices services = services();
    long more = STARTER + (buysChip ? BOUGHT : 0) + TREASURY - Genesis.TREASURY;
    Explanation why =
        Explanation.of("given for this year: with genesis, what is left after Ada is 10 million");
    services
        .ledger()
        .require(
            Transfer.move(
                Transfer.id("economy-year", "treasury"),
                Chart.unissuedChip(),
                Chart.treasury(Currency.CHIP),
                more,
                "genesis",
                why));
    services.treasury().paidIn(STRIPE, YearParts.LENT_CENTS * 10_000, "economy-year");
    services.sales().offer(FIRST_PRICE, "operator");
    round();
    Ledger ledger = services.ledger();
    long chip = ledger.balance(Chart.treasury(Currency.CHIP)).posted();
    tell(
        "the treasury holds "
            + Receipts.chip(chip)
            + " and offers them at "
            + Receipts.dollars(FIRST_PRICE)
            + "; its lender has paid in "
            + Receipts.dollars(YearParts.LENT_CENTS * 10_000));
    receipt(Chart.treasury(Currency.CHIP), "genesis");
    tell("given, not counted: everybody else is cited " + AVERAGE + " times a month");
  }

  private static final String STRIPE = "stripe";

  private void signUp() {
    services().signUps().grant(ADA, new SignUps.Proof("card", Digest.of("the card of ada")));
    Standing now = standing();
    tell(
        "Ada signs up: +"
            + now.credits()
            + " credits and +"
            + Receipts.chip(now.starter())
            + " that can only be staked");
    receipt(Chart.starter(ADA), "starter");
  }

  private void buyChip() {
    Purchase page = parts.desk().purchases().buyChip(ADA, "first-chip", BOUGHT, BACK);
    if (page.state() == Purchase.State.OPEN) {
      tell("Ada opens a page to pay for " + Receipts.chip(BOUGHT) + ": " + dollarsOf(page));
      parts.sandbox().pay(page.checkout().orElseThrow());
    }
    parts.bringWebhooks();
    Purchase paid = parts.desk().purchases().find(page.id()).orElseThrow();
    require(paid.state() == Purchase.State.PAID, "the purchase is paid, not " + paid.state());
    tell(
        "Stripe's webhook says paid: +"
            + Receipts.chip(standing().held())
            + " for "
            + dollarsOf(paid)
            + ", held for 72 hours");
    receipt(Chart.treasury(Currency.USDC), "chip_sold");
    round();
  }

  private static String dollarsOf(Purchase purchase) {
    return Receipts.dollars(Math.multiplyExact(purchase.cents(), 10_000));
  }

  private void holdEnds() {
    round();
    tell("what was bought is free: " + Receipts.chip(standing().chip()) + " to spend or stake");
  }

  private void research() {
    RunCharges runs = services().runs();
    runs.reserve("run-1", ADA, RunClass.STANDARD);
    runs.charge("run-1");
    tell("Ada lets one standard run do research: -50 credits, " + standing().credits() + " left");
    receipt(available(Currency.CREDITS), "run");
    round();
  }

  private void publish() {
    EconomyServices services = services();
    services.stakes().take(ADA, ARTICLE, STAKE);
    Stake stake = services.stakes().bind(ARTICLE, ARTICLE);
    tell(
        "Ada publishes and stakes "
            + Receipts.chip(stake.amount())
            + ": "
            + Receipts.chip(stake.starter())
            + " of her start, "
            + Receipts.chip(stake.available())
            + " of her own, "
            + Receipts.chip(stake.amount() - stake.starter() - stake.available())
            + " of the article's own reward");
    receipt(Chart.staked(ADA), "stake_taken");
    Reward reward =
        services
            .rewards()
            .claim(
                new Rewards.Work(
                    ARTICLE,
                    ADA,
                    ADA.value(),
                    new RewardRule.Findings(72, 10, 10, 1_000_000),
                    false));
    tell(
        "its score of 72 is worth "
            + Receipts.chip(reward.made())
            + "; hers at once "
            + Receipts.chip(reward.vested())
            + ", the rest day by day for 90 days");
    receipt(Receipts.words(reward.why()));
    round();
    table("published");
  }

  private void stakeIsFree() {
    round();
    Stake stake = services().stakes().of(ARTICLE).orElseThrow();
    require(stake.state() == Stake.State.RETURNED, "the stake is free, not " + stake.state());
    tell("30 days without a finding: the stake of " + Receipts.chip(stake.amount()) + " is free");
    receipt(newestOf("stake_returned"));
  }

  private String newestOf(String reason) {
    return Receipts.why(ledger(), Chart.staked(ADA), reason);
  }

  private void allIsVested() {
    round();
    Reward reward = services().rewards().of(ARTICLE).orElseThrow();
    require(reward.state() == Reward.State.VESTED, "all is vested, not " + reward.state());
    tell("90 days: all of the reward is Ada's, " + Receipts.chip(reward.vested()));
    receipt(Chart.unvested(ADA), "reward_vested");
  }

  private void offer(long price) {
    services().sales().offer(price, "operator");
    round();
    tell("the treasury offers CHIP at " + Receipts.dollars(price));
  }

  /** What is over is settled, and the next budget fixed. */
  private void monthBegins(YearMonth month) {
    round();
    YearMonth before = month.minusMonths(1);
    if (!before.isBefore(FIRST)) {
      monthEnded(before);
    }
    if (month.isBefore(FIRST.plusMonths(CITATIONS.length))) {
      BudgetRule.Budget budget = services().treasury().budgets().budget(month).orElseThrow();
      tell(name(month) + " may pay " + Receipts.dollars(budget.amount()) + " for citations");
      receipt(Receipts.words(budget.explanation()));
    }
  }

  private static String name(YearMonth month) {
    return month.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
  }

  private void monthEnded(YearMonth month) {
    CitationMonth closed = services().citations().month(month).orElseThrow();
    require(closed.state() == CitationMonth.State.CLOSED, name(month) + " is closed");
    tell(
        name(month)
            + " is settled: "
            + closed.eligible()
            + " citations at "
            + Receipts.dollars(closed.rate(0))
            + " are +"
            + Receipts.dollars(closed.paid()));
    receipt(available(Currency.USDC), "citation_earned");
    Receipts.newest(ledger(), available(Currency.CREDITS), "citation_bonus")
        .ifPresent(newest -> receipt("+100 " + Receipts.words(newest.transfer().explanation())));
    tell(
        "the rest, "
            + Receipts.dollars(closed.terms().budget() - closed.paid())
            + ", goes back to the treasury and from there to its lender");
    table("end of " + month.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
  }

  private void cited(YearMonth month) {
    round();
    long soFar =
        citations().stream()
            .filter(c -> YearMonth.from(c.at().atZone(ZoneOffset.UTC)).equals(month))
            .count();
    tell(
        soFar
            + (soFar == 1 ? " citation" : " citations")
            + " so far in "
            + name(month)
            + ": "
            + Receipts.dollars(standing().pending())
            + " pending");
    if (soFar > 0) {
      receipt(Chart.citations(ADA), "citation_pending");
    }
  }

  private void withdraw() {
    URI papers = parts.desk().payers().onboard(ADA, BACK);
    String path = papers.getPath();
    parts.sandbox().onboarded(path.substring(path.lastIndexOf('/') + 1), true);
    parts.bringWebhooks();
    Withdrawal asked = parts.desk().withdrawals().request(ADA, "first-withdrawal", WITHDRAWN);
    tell(
        "Ada gives her papers to Stripe and asks for "
            + Receipts.dollars(WITHDRAWN)
            + ": "
            + word(asked)
            + ", as every first withdrawal, for 72 hours");
    receipt(available(Currency.USDC), "withdrawal");
    round();
  }

  private Withdrawal withdrawal() {
    return parts.desk().withdrawals().list(ADA, 1).getFirst();
  }

  private static String word(Withdrawal withdrawal) {
    return withdrawal.state().name().toLowerCase(Locale.ROOT);
  }

  private void stillHeld() {
    round();
    require(withdrawal().state() == Withdrawal.State.HELD, "the withdrawal is held");
    tell("it is still held: nothing has been sent");
  }

  private void send() {
    round();
    require(withdrawal().state() == Withdrawal.State.PAYOUT, "the payout is on its way");
    tell("the hold is over: transfer to Ada's account at Stripe, payout from there to her bank");
  }

  private void arrive() {
    parts.sandbox().arrive(withdrawal().payout().orElseThrow());
    parts.bringWebhooks();
    require(withdrawal().state() == Withdrawal.State.PAID, "the bank has it");
    tell("Stripe's webhook says that the bank has it: -" + Receipts.dollars(WITHDRAWN));
    receipt(available(Currency.USDC), "withdrawal");
    round();
  }

  private void end() {
    round();
    Standing now = standing();
    table("the end");
    tell(
        "Ada has "
            + now.credits()
            + " credits (500 - 50 + 1,700), "
            + Receipts.chip(now.allChip())
            + (buysChip ? " (50 + 100 + 196)" : " (50 + 196)")
            + ", all vested and none at stake, and "
            + Receipts.dollars(now.usdc()));
  }
}
