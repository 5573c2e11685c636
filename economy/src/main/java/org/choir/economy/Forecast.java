package org.choir.economy;

import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * What a run will do to its user's credits, told before it starts.
 *
 * @param cost what the run costs, in credits
 * @param available what the user has now
 * @param bought how many credits autopurchase would buy because of it
 * @param remaining what remains after the run and such a purchase
 * @param more how many further runs of the same class that pays for
 * @param affordable whether the run may start
 */
public record Forecast(
    long cost, long available, long bought, long remaining, long more, boolean affordable) {

  /**
   * The terms of autopurchase that a user agreed to.
   *
   * @param below it buys when the balance falls below this, in credits
   * @param credits one purchase, in credits
   * @param dollars the price of one, in the smallest unit of USD
   * @param leftToday how many more it may buy today
   */
  public record Autopurchase(long below, long credits, Money dollars, int leftToday) {
    /** No consent: nothing is bought. */
    public static final Autopurchase NONE = new Autopurchase(0, 0, Money.zero(Currency.USD), 0);
  }

  /** The rule; one purchase a run at most. */
  static Forecast of(long available, long cost, Autopurchase autopurchase) {
    boolean low = available - cost < autopurchase.below();
    long bought = low && autopurchase.leftToday() > 0 ? autopurchase.credits() : 0;
    long remaining = Math.addExact(available - cost, bought);
    return new Forecast(
        cost, available, bought, remaining, Math.max(0, remaining) / cost, remaining >= 0);
  }
}
