package org.choir.economy;

import java.util.UUID;
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
  private final Purses purses;
  private final Supplier<Parameters> parameters;

  public Fees(Ledger ledger, Supplier<Parameters> parameters) {
    this.ledger = ledger;
    this.purses = new Purses(ledger);
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
    // A repetition after a change of the fee takes nothing more.
    return ledger
        .find(id(user, "revision", article, key))
        .map(LedgerEntry::moved)
        .orElseGet(() -> take(user, fee, "revision", article, key));
  }

  /** Gives the fee of a revision back that was refused; nothing if none was taken. */
  public void giveBackRevision(TenantId user, String article, String key) {
    ledger
        .find(id(user, "revision", article, key))
        .ifPresent(
            fee ->
                ledger.require(
                    Transfer.move(
                        id(user, "revision-back", article, key),
                        Chart.treasury(Currency.CHIP),
                        Chart.available(user, Currency.CHIP),
                        fee.moved(),
                        "revision_fee_back",
                        Explanation.of("the revision was refused", "article", article))));
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
    purses.open(user);
    ledger.require(
        Transfer.move(
            id(user, what, article, key),
            Chart.available(user, Currency.CHIP),
            Chart.treasury(Currency.CHIP),
            amount,
            what + "_fee",
            Explanation.of("the fee of a " + what + ", to the treasury", "article", article)));
    return amount;
  }

  private static UUID id(TenantId user, String what, String article, String key) {
    return Transfer.id("fee", what, user.value(), article, key);
  }
}
