package org.choir.economy;

/** How a stake is put together and what a slash takes of it. */
public final class StakeRule {
  private StakeRule() {}

  /**
   * Where an amount comes from, in the smallest unit.
   *
   * @param missing what neither has
   */
  public record Parts(long starter, long available, long missing) {}

  /**
   * Starter CHIP first, because nothing else can be done with them; then what is available.
   *
   * @param starter how much the user has of it, as with {@code available}
   */
  public static Parts parts(long amount, long starter, long available) {
    long first = Math.min(amount, Math.max(0, starter));
    long second = Math.min(amount - first, Math.max(0, available));
    return new Parts(first, second, amount - first - second);
  }

  /**
   * What remains of the parts of a stake.
   *
   * @param taken what goes to the treasury
   */
  public record Rest(long starter, long available, long reward, long taken) {}

  /**
   * A share of the stake, rounded down: first what the article itself earned, then the gift, then
   * what its author paid.
   *
   * @param share in parts per million
   */
  public static Rest slash(long starter, long available, long reward, long share) {
    long taken = Shares.part(starter + available + reward, share, Shares.WHOLE);
    long ofReward = Math.min(reward, taken);
    long ofStarter = Math.min(starter, taken - ofReward);
    long ofAvailable = taken - ofReward - ofStarter;
    return new Rest(starter - ofStarter, available - ofAvailable, reward - ofReward, taken);
  }
}
