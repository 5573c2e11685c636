package org.choir.economy;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Runs a {@link Scenario} hour by hour through the very rules by which the treasury, loans and
 * citations work, without a ledger or a clock: {@link PriceRule}, {@link BudgetRule}, {@link
 * CitationRule}, {@link LoanRule} and {@link InterestRule}.
 */
public final class Simulation {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final int DAY = 24;
  private static final int MONTH = 30 * DAY;

  /** What the lender of the simulation takes a year. */
  private static final long LENDER_PPM = 50_000;

  private final Scenario scenario;
  private final Parameters parameters;
  private final LoanRule.Terms terms;
  private final List<PricePoint> counted = new ArrayList<>();
  private final List<Pledge> pledges = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private Optional<Instant> paused = Optional.empty();
  private long chip;
  private long debt;
  private long interest;
  private long realised;
  private long lending;
  private long budget;
  private long rate;
  private long taken;
  private long cleared;
  private long stood;
  private boolean open;

  private static final class Pledge {
    private long collateral;
    private long principal;
    private long interest;

    private Pledge(long collateral, long principal) {
      this.collateral = collateral;
      this.principal = principal;
    }

    private long owed() {
      return Math.addExact(principal, interest);
    }

    private void clear(long amount) {
      long first = Math.min(amount, interest);
      interest -= first;
      principal -= amount - first;
    }
  }

  /**
   * How things stand at one moment.
   *
   * @param hour since the start
   * @param told what the market told
   * @param average by which everything is decided
   * @param paused whether the breaker is open
   * @param capacity the most that the treasury may owe
   * @param debt that it owes, with interest
   * @param budget of the month that runs
   * @param rate what a citation of this month is paid
   * @param owed by users on their loans
   * @param uncovered of that, without collateral
   * @param taken CHIP that the treasury took from loans so far
   * @param loss dollars of debt that this CHIP cleared and that it is not worth at the told price
   * @param lending dollars that may still be lent
   */
  public record Row(
      int hour,
      long told,
      long average,
      boolean paused,
      long capacity,
      long debt,
      long budget,
      long rate,
      long owed,
      long uncovered,
      long taken,
      long loss,
      long lending) {}

  /** The moments at which something changed. */
  public record Result(String scenario, List<Row> rows) {
    /** A table for people; money in dollars. */
    public String table() {
      StringBuilder out = new StringBuilder(scenario).append('\n');
      out.append(
          String.format(
              Locale.ROOT,
              "%6s %8s %8s %-6s %14s %12s %11s %9s %11s %10s %12s %11s%n",
              "day",
              "price",
              "average",
              "",
              "capacity",
              "debt",
              "budget",
              "citation",
              "loans",
              "uncovered",
              "CHIP taken",
              "loss"));
      for (Row row : rows) {
        out.append(
            String.format(
                Locale.ROOT,
                "%6s %8s %8s %-6s %14s %12s %11s %9s %11s %10s %12s %11s%n",
                String.format(Locale.ROOT, "%d/%02d", row.hour() / DAY, row.hour() % DAY),
                money(row.told()),
                money(row.average()),
                row.paused() ? "paused" : "",
                money(row.capacity()),
                money(row.debt()),
                money(row.budget()),
                money(row.rate()),
                money(row.owed()),
                money(row.uncovered()),
                money(row.taken()),
                money(row.loss())));
      }
      return out.toString();
    }

    private static String money(long micros) {
      return String.format(
          Locale.ROOT, "%,d.%02d", micros / 1_000_000, micros % 1_000_000 / 10_000);
    }
  }

  private Simulation(Scenario scenario, Parameters parameters) {
    this.scenario = scenario;
    this.parameters = parameters;
    this.terms = LoanRule.Terms.of(parameters);
    this.chip = scenario.chip();
    this.realised = scenario.realised();
    this.lending = scenario.lending();
  }

  /** Runs it with these numbers in force. */
  public static Result run(Scenario scenario, Parameters parameters) {
    Simulation run = new Simulation(scenario, parameters);
    int hour = 0;
    for (Scenario.Phase phase : scenario.path()) {
      for (int i = 0; i < phase.hours(); i++) {
        run.hour(hour++, phase.price());
      }
    }
    return new Result(scenario.name(), List.copyOf(run.rows));
  }

  private void hour(int hour, long price) {
    Instant now = START.plusSeconds(3_600L * hour);
    PriceRule.Judged judged =
        PriceRule.judge(counted, paused, new PricePoint(now, price, scenario.depth()));
    paused = judged.pausedUntil();
    if (judged.verdict() != PriceRule.Verdict.IGNORED) {
      counted.add(judged.counted());
      counted.removeIf(p -> p.at().isBefore(now.minus(PriceRule.WINDOW.multipliedBy(2))));
    }
    PriceRule.Average average = PriceRule.average(counted, now).orElseThrow();
    if (hour % DAY == 0 && hour > 0) {
      day();
    }
    if (hour == DAY) {
      borrow(average);
    }
    long before = taken;
    liquidate(average.micros());
    boolean month = hour >= DAY && (hour - DAY) % MONTH == 0;
    if (month) {
      month(now, average.micros());
    }
    boolean moved = taken != before || Math.abs(average.micros() - stood) * 100 > stood;
    boolean turned = paused.isPresent() != open;
    if (month || turned || (hour % DAY == 0 && hour >= DAY && moved)) {
      stood = average.micros();
      open = paused.isPresent();
      rows.add(row(hour, price, average.micros()));
    }
  }

  private void day() {
    interest += InterestRule.owedByTreasury(debt, LENDER_PPM, 1);
    for (Pledge pledge : pledges) {
      pledge.interest +=
          InterestRule.owedToTreasury(pledge.principal, parameters.of(Parameter.LOAN_INTEREST), 1);
    }
  }

  private void borrow(PriceRule.Average average) {
    long others = 0;
    long owed = 0;
    for (long collateral : scenario.loans()) {
      long most =
          LoanRule.most(collateral, others, average.micros(), average.depth(), terms.loanToValue());
      long amount =
          Math.min(Math.min(most, terms.userCap()), Math.min(lending, terms.totalCap() - owed));
      others = Math.addExact(others, collateral);
      if (amount > 0) {
        pledges.add(new Pledge(collateral, amount));
        lending -= amount;
        owed += amount;
      }
    }
  }

  private void liquidate(long price) {
    for (Pledge pledge : pledges) {
      LoanRule.liquidation(pledge.collateral, pledge.owed(), price, terms)
          .ifPresent(
              liquidation -> {
                pledge.collateral -= liquidation.seized();
                pledge.clear(liquidation.cleared());
                chip += liquidation.seized();
                taken += liquidation.seized();
                cleared += liquidation.cleared();
              });
    }
  }

  private void month(Instant now, long price) {
    rate = 0;
    budget = 0;
    if (paused.isPresent()) {
      return;
    }
    YearMonth month = YearMonth.from(now.atZone(ZoneOffset.UTC));
    BudgetRule.Budget fixed =
        BudgetRule.of(
            new BudgetRule.Inputs(
                month,
                chip,
                price,
                parameters.of(Parameter.LOAN_TO_VALUE),
                parameters.of(Parameter.MONTHLY_SHARE),
                Math.addExact(debt, interest),
                parameters.of(Parameter.BUDGET_CAP),
                realised));
    budget = fixed.amount();
    realised -= budget;
    debt += budget;
    rate =
        CitationRule.rate(
            new CitationRule.Terms(
                budget,
                scenario.citations(),
                parameters.of(Parameter.CITATION_FLOOR),
                parameters.of(Parameter.CITATION_PAIR_MAX)),
            scenario.citations());
  }

  private Row row(int hour, long told, long average) {
    long owed = 0;
    long uncovered = 0;
    for (Pledge pledge : pledges) {
      owed += pledge.owed();
      uncovered += pledge.collateral == 0 ? pledge.owed() : 0;
    }
    return new Row(
        hour,
        told,
        average,
        paused.isPresent(),
        BudgetRule.capacity(chip, average, parameters.of(Parameter.LOAN_TO_VALUE)),
        Math.addExact(debt, interest),
        budget,
        rate,
        owed,
        uncovered,
        taken,
        Math.max(0, cleared - BudgetRule.worth(taken, told)),
        lending);
  }
}
