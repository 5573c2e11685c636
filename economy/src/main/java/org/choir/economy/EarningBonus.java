package org.choir.economy;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;

/**
 * Credits for those who are cited: so many for each whole $10 that citations ever earned a user.
 * What they earned is what the ledger says came into their account of citations, so a remainder is
 * never lost and nothing is given twice. Thread-safe.
 */
public final class EarningBonus {
  /** $10, in millionths of USDC. */
  public static final long STEP = 10_000_000;

  private static final int ORDERS_MAX = 500;

  private final Ledger ledger;
  private final Purses purses;
  private final Supplier<Parameters> parameters;

  public EarningBonus(Ledger ledger, Supplier<Parameters> parameters) {
    this.ledger = ledger;
    this.purses = new Purses(ledger);
    this.parameters = parameters;
  }

  /** Gives what is due and was not given before; how many credits. */
  public long give(TenantId user) {
    long each = parameters.get().of(Parameter.CREDIT_BONUS);
    if (each == 0) {
      return 0;
    }
    purses.open(user);
    long earned = ledger.balance(Chart.citations(user)).creditsPosted();
    long given = given(user, earned / STEP);
    List<Transfer> orders = new ArrayList<>();
    long steps = earned / STEP;
    for (long step = given + 1; step <= steps && orders.size() < ORDERS_MAX; step++) {
      orders.add(
          Transfer.move(
              id(user, step),
              Chart.compute(),
              Chart.available(user, Currency.CREDITS),
              each,
              "citation_bonus",
              Explanation.of(
                  "credits for each whole $10 that citations earned",
                  "earned",
                  new Money(earned, Currency.USDC),
                  "ten dollars",
                  step)));
    }
    if (orders.isEmpty()) {
      return 0;
    }
    ledger.require(orders);
    return each * orders.size() + (orders.size() == ORDERS_MAX ? give(user) : 0);
  }

  /** How many steps were given: they are given in order, so the last one is found by halving. */
  private long given(TenantId user, long steps) {
    long low = 0;
    long high = steps;
    while (low < high) {
      long middle = low + (high - low + 1) / 2;
      if (ledger.find(id(user, middle)).isPresent()) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private static UUID id(TenantId user, long step) {
    return Transfer.id("citation-bonus", user.value(), Long.toString(step));
  }
}
