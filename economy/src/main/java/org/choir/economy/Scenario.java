package org.choir.economy;

import java.util.List;
import java.util.Optional;

/**
 * A story of the market and the treasury to run through the rules: what is there at the start, and
 * CHIP's price as it goes on.
 *
 * @param chip of the treasury, in its smallest unit
 * @param citations in each month; the average of the months before is the same
 * @param realised dollars of the lender
 * @param lending dollars set aside to lend to users
 * @param loans users who each pledge so much CHIP and borrow all that it bears, after the first day
 * @param depth of the market
 * @param path what the market tells, one phase after the other
 */
public record Scenario(
    String name,
    long chip,
    long citations,
    long realised,
    long lending,
    List<Long> loans,
    long depth,
    List<Phase> path) {
  private static final long CHIP = 1_000_000;
  private static final long MILLION = 1_000_000 * CHIP;
  private static final int MONTH = 30 * 24;

  /**
   * A price that stands.
   *
   * @param hours for so long, told every hour
   * @param price micro-dollars for a whole CHIP
   */
  public record Phase(int hours, long price) {
    public Phase {
      if (hours <= 0 || hours > 24 * 3_660) {
        throw new IllegalArgumentException("a phase of " + hours + " hours");
      }
    }
  }

  public Scenario {
    loans = List.copyOf(loans);
    path = List.copyOf(path);
  }

  /** 5 M CHIP at $0.50, 1,500 citations a month. */
  public static Scenario launch() {
    return steady("launch", 5, 500_000, 1_500);
  }

  /** 10 M CHIP at $2.50, 15,000 citations a month. */
  public static Scenario growth() {
    return steady("growth", 10, 2_500_000, 15_000);
  }

  /** 25 M CHIP at $10, 150,000 citations a month. */
  public static Scenario maturity() {
    return steady("maturity", 25, 10_000_000, 150_000);
  }

  /** 10 M CHIP at $5, 15,000 citations a month. */
  public static Scenario fiveDollars() {
    return steady("five-dollars", 10, 5_000_000, 15_000);
  }

  private static Scenario steady(String name, long millions, long price, long citations) {
    return new Scenario(
        name,
        millions * MILLION,
        citations,
        10 * MILLION,
        0,
        List.of(),
        MILLION,
        List.of(new Phase(24 + MONTH, price)));
  }

  /**
   * 10 M CHIP at $5 and twenty loans; after three weeks the price falls by 90 % within a day and
   * stays there.
   */
  public static Scenario crash() {
    List<Long> loans = java.util.Collections.nCopies(20, 3_000 * CHIP);
    return new Scenario(
        "crash",
        10 * MILLION,
        15_000,
        10 * MILLION,
        100_000 * CHIP,
        loans,
        MILLION,
        List.of(
            new Phase(20 * 24, 5_000_000),
            new Phase(6, 4_000_000),
            new Phase(6, 2_500_000),
            new Phase(6, 1_000_000),
            new Phase(2 * MONTH, 500_000)));
  }

  /** All of them, in their order. */
  public static List<Scenario> all() {
    return List.of(launch(), growth(), maturity(), fiveDollars(), crash());
  }

  /** The one of this name. */
  public static Optional<Scenario> of(String name) {
    return all().stream().filter(scenario -> scenario.name().equals(name)).findFirst();
  }
}
