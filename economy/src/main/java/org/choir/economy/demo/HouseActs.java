package org.choir.economy.demo;

import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.TextStyle;
import java.util.Locale;
import org.choir.core.Currency;
import org.choir.economy.AccountId;
import org.choir.economy.BudgetRule;
import org.choir.economy.Chart;
import org.choir.economy.CitationMonth;
import org.choir.economy.EconomyServices;
import org.choir.economy.Explanation;
import org.choir.economy.Genesis;
import org.choir.economy.Ledger;
import org.choir.economy.Transfer;

/** What operators and months bring. Each may be repeated. */
final class HouseActs {
  private static final long CHIP = 1_000_000;
  private static final long FIRST_PRICE = 2_500_000;
  private static final long STARTER = 50 * CHIP;

  /** What the treasury holds at the start of each month. */
  private static final long TREASURY = 10_000_000 * CHIP;

  private static final String STRIPE = "stripe";

  private final YearParts parts;
  private final YearRounds rounds;
  private final Telling telling;
  private final boolean buysChip;

  HouseActs(YearParts parts, YearRounds rounds, Telling telling, boolean buysChip) {
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

  void prepare() {
    EconomyServices services = services();
    long more = STARTER + (buysChip ? UserActs.BOUGHT : 0) + TREASURY - Genesis.TREASURY;
    Explanation why =
        Explanation.of("given for this year: genesis and this are 10 million, once Ada has hers");
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
    rounds.run();
    Ledger ledger = services.ledger();
    long chip = ledger.balance(Chart.treasury(Currency.CHIP)).posted();
    telling.tell(
        "the treasury holds "
            + Receipts.chip(chip)
            + " and offers them at "
            + Receipts.dollars(FIRST_PRICE)
            + "; its lender has paid in "
            + Receipts.dollars(YearParts.LENT_CENTS * 10_000));
    telling.receipt(Chart.treasury(Currency.CHIP), "genesis");
    telling.tell(
        "given, not counted: everybody else is cited "
            + String.format(Locale.ENGLISH, "%,d", YearRounds.AVERAGE)
            + " times a month");
  }

  void offer(long price) {
    services().sales().offer(price, "operator");
    rounds.run();
    telling.tell("the treasury offers CHIP at " + Receipts.dollars(price));
  }

  /** What is over is settled, and the next budget fixed. */
  void monthBegins(YearMonth month) {
    rounds.run();
    YearMonth before = month.minusMonths(1);
    if (!before.isBefore(EconomyYear.FIRST)) {
      monthEnded(before);
    }
    if (month.isBefore(EconomyYear.FIRST.plusMonths(EconomyYear.CITATIONS.size()))) {
      BudgetRule.Budget budget = services().treasury().budgets().budget(month).orElseThrow();
      telling.tell(
          Telling.name(month) + " may pay " + Receipts.dollars(budget.amount()) + " for citations");
      telling.receipt(Receipts.words(budget.explanation()));
    }
  }

  private void monthEnded(YearMonth month) {
    CitationMonth closed = services().citations().month(month).orElseThrow();
    Telling.require(
        closed.state() == CitationMonth.State.CLOSED, Telling.name(month) + " is closed");
    telling.tell(
        Telling.name(month)
            + " is settled: "
            + closed.eligible()
            + " citations at "
            + Receipts.dollars(closed.rate(0))
            + " are +"
            + Receipts.dollars(closed.paid()));
    telling.receipt(available(Currency.USDC), "citation_earned");
    Receipts.newest(ledger(), available(Currency.CREDITS), "citation_bonus")
        .ifPresent(
            newest -> telling.receipt("+100 " + Receipts.words(newest.transfer().explanation())));
    telling.tell(
        "the rest, "
            + Receipts.dollars(closed.terms().budget() - closed.paid())
            + ", goes back to the treasury and from there to its lender");
    telling.table("end of " + month.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
  }

  void cited(YearMonth month) {
    rounds.run();
    long soFar =
        rounds.citations().stream()
            .filter(c -> YearMonth.from(c.at().atZone(ZoneOffset.UTC)).equals(month))
            .count();
    telling.tell(
        soFar
            + (soFar == 1 ? " citation" : " citations")
            + " so far in "
            + Telling.name(month)
            + ": "
            + Receipts.dollars(EconomyYear.Standing.of(ledger()).pending())
            + " pending");
    if (soFar > 0) {
      telling.receipt(Chart.citations(EconomyYear.ADA), "citation_pending");
    }
  }
}
