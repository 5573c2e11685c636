package org.choir.economy;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.choir.core.ChoirException;
import org.choir.core.Currency;
import org.choir.core.Money;
import org.choir.core.TenantId;

/** USDC that a user sends to another user of this server. Thread-safe. */
public final class UserTransfers {
  /** More than this is sent in parts, so that one slip costs no more. */
  public static final long MOST = 5_000_000_000L;

  /** An order whose fate is not known is repeated so often; it is the same order each time. */
  private static final int ATTEMPTS = 3;

  private final Ledger ledger;
  private final Function<TenantId, Optional<String>> blocked;

  /**
   * @param blocked why a user may send nothing now, for example a debt or a hold; empty if they may
   */
  public UserTransfers(Ledger ledger, Function<TenantId, Optional<String>> blocked) {
    this.ledger = ledger;
    this.blocked = blocked;
  }

  /**
   * Sends an amount, once for each key.
   *
   * @param amount in the smallest unit, 1 to {@link #MOST}
   * @param note the sender's words, part of the receipt
   * @param key the same over the repetitions of one act, unique among the sender's
   * @return the receipt's id
   * @throws ChoirException {@code bad_amount}, {@code same_user}, {@code transfers_blocked}, {@code
   *     no_such_user}, {@code too_little_usdc}, {@code transfer_key_used}: nothing was sent; {@code
   *     ledger_unavailable}: whether it was is not known
   */
  public UUID send(TenantId from, TenantId to, long amount, String note, String key) {
    UUID id = Transfer.id("user-transfer", from.value(), key);
    check(from, to, amount);
    if (ledger.find(id).isEmpty()) {
      Optional<String> why = blocked.apply(from);
      if (why.isPresent()) {
        throw ChoirException.usage(
            "transfers_blocked", from + " may send nothing now: " + why.get(), "settle that first");
      }
    }
    Transfer order =
        Transfer.move(
            id,
            Chart.available(from, Currency.USDC),
            Chart.available(to, Currency.USDC),
            amount,
            "user_transfer",
            Explanation.of(
                "sent by one user to another",
                "from",
                from,
                "to",
                to,
                "amount",
                new Money(amount, Currency.USDC),
                "note",
                note,
                "act",
                key));
    Outcome outcome = submit(order);
    if (!outcome.done()) {
      throw refused(from, to, amount, order, outcome);
    }
    return id;
  }

  private static void check(TenantId from, TenantId to, long amount) {
    if (amount <= 0 || amount > MOST) {
      throw ChoirException.usage(
          "bad_amount",
          new Money(amount, Currency.USDC) + " cannot be sent",
          "send more than 0 and at most " + new Money(MOST, Currency.USDC));
    }
    if (from.equals(to)) {
      throw ChoirException.usage(
          "same_user", to + " would send to themselves", "name another user of this server");
    }
  }

  private Outcome submit(Transfer order) {
    for (int attempt = 1; ; attempt++) {
      try {
        return ledger.submit(List.of(order)).getFirst();
      } catch (ChoirException e) {
        if (!e.failure().retryable() || attempt == ATTEMPTS) {
          throw e;
        } // the same again: if it was accepted, the ledger says so
      }
    }
  }

  private static ChoirException refused(
      TenantId from, TenantId to, long amount, Transfer order, Outcome outcome) {
    return switch (outcome) {
      case CREDIT_ACCOUNT_NOT_FOUND ->
          ChoirException.usage(
              "no_such_user",
              "there is no user " + to + " with a wallet on this server",
              "ask for the exact name");
      case DEBIT_ACCOUNT_NOT_FOUND, EXCEEDS_CREDITS ->
          ChoirException.usage(
              "too_little_usdc",
              from + " has less than " + new Money(amount, Currency.USDC) + " available",
              "look at: choir wallet");
      case EXISTS_WITH_DIFFERENT_AMOUNT, EXISTS_WITH_DIFFERENT_ACCOUNTS ->
          ChoirException.usage(
              "transfer_key_used",
              "this act has sent something else already",
              "make it another act");
      default -> LedgerException.refused(order, outcome);
    };
  }
}
