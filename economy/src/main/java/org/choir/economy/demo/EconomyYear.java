package org.choir.economy.demo;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.choir.core.Currency;
import org.choir.core.TenantId;
import org.choir.economy.Chart;
import org.choir.economy.Ledger;

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

  /** How often the article is cited, month by month. */
  static final List<Integer> CITATIONS = List.of(3, 8, 12, 7, 5);

  /** What a CHIP costs in these months, in millionths of a dollar. */
  private static final List<Long> PRICES =
      List.of(2_250_000L, 2_375_000L, 2_500_000L, 2_550_000L, 2_625_000L);

  private final YearParts parts;
  private final UserActs user;
  private final HouseActs house;
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
    /** As the ledger has it. */
    static Standing of(Ledger ledger) {
      return new Standing(
          ledger.balance(Chart.available(ADA, Currency.CREDITS)).available(),
          ledger.balance(Chart.available(ADA, Currency.CHIP)).available(),
          ledger.balance(Chart.starter(ADA)).posted(),
          ledger.balance(Chart.staked(ADA)).posted(),
          ledger.balance(Chart.unvested(ADA)).posted(),
          ledger.balance(Chart.held(ADA, Currency.CHIP)).posted(),
          ledger.balance(Chart.citations(ADA)).creditsPending(),
          ledger.balance(Chart.available(ADA, Currency.USDC)).available());
    }

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
    YearRounds rounds = new YearRounds(parts);
    Telling telling = new Telling(parts, story);
    this.user = new UserActs(parts, rounds, telling, buysChip);
    this.house = new HouseActs(parts, rounds, telling, buysChip);
    plan(buysChip);
  }

  /** Lives what is left of the year; how Ada stands at its end. */
  public Standing run() {
    for (; done < steps.size(); done++) {
      Step step = steps.get(done);
      parts.clock().reach(step.at());
      step.act().run();
    }
    return Standing.of(parts.services().ledger());
  }

  private void plan(boolean buysChip) {
    at("2027-01-01T00:00:00Z", house::prepare);
    at("2027-01-04T09:00:00Z", user::signUp);
    if (buysChip) {
      at("2027-01-04T09:30:00Z", user::buyChip);
      at("2027-01-07T09:30:00Z", user::holdEnds);
    }
    at("2027-01-05T10:00:00Z", user::research);
    at("2027-01-08T12:00:00Z", user::publish);
    at("2027-02-07T12:00:00Z", user::stakeIsFree);
    at("2027-04-08T12:00:00Z", user::allIsVested);
    for (int n = 0; n < CITATIONS.size(); n++) {
      YearMonth month = FIRST.plusMonths(n);
      long price = PRICES.get(n);
      LocalDate first = month.atDay(1);
      at(first.minusDays(2), LocalTime.MIDNIGHT, () -> house.offer(price));
      at(first, LocalTime.of(0, 5), () -> house.monthBegins(month));
      for (int day : new int[] {8, 15, 22}) {
        at(month.atDay(day), LocalTime.NOON, () -> house.cited(month));
      }
    }
    YearMonth last = FIRST.plusMonths(CITATIONS.size());
    at(last.atDay(1), LocalTime.of(0, 5), () -> house.monthBegins(last));
    at("2027-07-02T09:00:00Z", user::withdraw);
    at("2027-07-04T09:00:00Z", user::stillHeld);
    at("2027-07-05T09:00:00Z", user::send);
    at("2027-07-07T09:00:00Z", user::arrive);
    at("2027-07-16T09:00:00Z", user::end);
    steps.sort(Comparator.comparing(Step::at));
  }

  private void at(String when, Runnable act) {
    steps.add(new Step(Instant.parse(when), act));
  }

  private void at(LocalDate day, LocalTime time, Runnable act) {
    steps.add(new Step(day.atTime(time).toInstant(ZoneOffset.UTC), act));
  }
}
