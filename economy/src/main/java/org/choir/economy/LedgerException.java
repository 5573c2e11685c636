package org.choir.economy;

import java.util.Locale;
import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;
import org.choir.core.Money;

/** An order that the ledger refused; nothing of it happened. */
public final class LedgerException extends ChoirException {
  private final Outcome outcome;

  private LedgerException(Failure failure, Outcome outcome) {
    super(failure, null);
    this.outcome = outcome;
  }

  static LedgerException refused(Transfer order, Outcome outcome) {
    String amount =
        order
            .debit()
            .map(account -> new Money(order.amount(), account.currency()).toString())
            .orElse(Long.toString(order.amount()));
    String what =
        order.debit().map(AccountId::toString).orElse("a reservation")
            + order.credit().map(credit -> " to " + credit).orElse("");
    String why = outcome.name().toLowerCase(Locale.ROOT);
    return new LedgerException(
        new Failure(
            "ledger_" + why,
            "the ledger refuses " + amount + " from " + what + ": " + why.replace('_', ' '),
            outcome == Outcome.EXCEEDS_CREDITS ? "look at: choir wallet" : "",
            ExitStatus.FAILED,
            false),
        outcome);
  }

  /** Why. */
  public Outcome outcome() {
    return outcome;
  }
}
