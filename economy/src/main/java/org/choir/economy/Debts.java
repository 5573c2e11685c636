package org.choir.economy;

import java.util.Optional;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;

/**
 * What users owe after a payment was taken back. While there is a debt nothing is bought, staked or
 * withdrawn. It is repaid from what the user earns, as soon as there is something, or by card.
 * Thread-safe.
 */
public final class Debts {
  private final Ledger ledger;

  public Debts(Ledger ledger) {
    this.ledger = ledger;
  }

  /** That this user owes something, in words; empty if nothing. */
  public Optional<String> open(TenantId user) {
    long owed = owed(user);
    return owed == 0
        ? Optional.empty()
        : Optional.of("a debt of " + new Money(owed, Currency.USDC) + " is open");
  }

  /** What a user owes, in millionths of a dollar. */
  public long owed(TenantId user) {
    return -ledger.balance(Chart.debt(user)).posted();
  }

  /**
   * Refuses a user who owes.
   *
   * @throws ChoirException {@code debt_open}
   */
  public void requireNone(TenantId user) {
    long owed = owed(user);
    if (owed > 0) {
      throw ChoirException.fatal(
          "debt_open",
          "the user "
              + user
              + " owes "
              + new Money(owed, Currency.USDC)
              + " for payments that were taken back",
          "pay it: choir buy debt, or wait until earnings have paid it");
    }
  }

  /** Repays from the wallet what can be repaid; the answer is what is still owed. */
  public long collect(TenantId user) {
    Balance debt = ledger.balance(Chart.debt(user));
    long owed = -debt.posted() - debt.creditsPending();
    AccountId wallet = Chart.available(user, Currency.USDC);
    long amount = Math.min(owed, ledger.balance(wallet).available());
    if (amount > 0) {
      // The id follows from what was repaid so far: two at once are one, and a lost answer does no
      // harm, because the next time is reckoned from what is then owed.
      ledger.require(
          Transfer.move(
              Transfer.id(
                  "debt", user.value(), "" + debt.debitsPosted(), "" + debt.creditsPosted()),
              wallet,
              Chart.debt(user),
              amount,
              "debt_repaid",
              Explanation.of(
                  "what is owed, as far as the wallet has it",
                  "owed",
                  new Money(owed, Currency.USDC),
                  "paid",
                  new Money(amount, Currency.USDC))));
    }
    return owed(user);
  }
}
