package org.choir.economy;

import java.util.function.Supplier;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;

/**
 * What authors pay the treasury in CHIP: for a revision and for a boost. Nothing is burned, and
 * neither is a factor of any reward. Thread-safe.
 */
public final class Fees {
  private final Ledger ledger;
  private final Supplier<Parameters> parameters;

  public Fees(Ledger ledger, Supplier<Parameters> parameters) {
    this.ledger = ledger;
    this.parameters = parameters;
  }

  /**
   * Takes the fee of a revision, once for each key.
   *
   * @return what was taken, in the smallest unit
   * @throws LedgerException if it is not there
   */
  public long revision(TenantId user, String article, String key) {
    long fee = parameters.get().of(Parameter.REVISION_FEE);
    return take(user, fee, "revision", article, key);
  }

  /**
   * Takes what a boost costs, once for each key.
   *
   * @param amount 1 to 500 CHIP, in the smallest unit
   * @throws ChoirException {@code bad_boost}; {@link LedgerException} if it is not there
   */
  public long boost(TenantId user, String article, long amount, String key) {
    if (amount < Parameter.BOOST_FEE.least() || amount > Parameter.BOOST_FEE.most()) {
      throw ChoirException.usage(
          "bad_boost",
          new Money(amount, Currency.CHIP) + " is no boost",
          "choose between 1 and 500 CHIP; the usual is "
              + new Money(parameters.get().of(Parameter.BOOST_FEE), Currency.CHIP));
    }
    return take(user, amount, "boost", article, key);
  }

  private long take(TenantId user, long amount, String what, String article, String key) {
    Purses.open(ledger, user);
    var id = Transfer.id("fee", what, user.value(), article, key);
    var before = ledger.find(id);
    if (before.isPresent()) {
      return before.get().moved();
    }
    ledger.require(
        Transfer.move(
            id,
            Chart.available(user, Currency.CHIP),
            Chart.treasury(Currency.CHIP),
            amount,
            what + "_fee",
            Explanation.of("the fee of a " + what + ", to the treasury", "article", article)));
    return amount;
  }
}
