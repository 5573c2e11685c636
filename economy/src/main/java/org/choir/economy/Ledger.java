package org.choir.economy;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.choir.core.Currency;

/**
 * Double entry in whole units: accounts, and transfers between them that never change once
 * accepted. Orders are judged one after the other, each on what the ones before it left. An answer
 * means that what it tells is durable. Thread-safe.
 */
public interface Ledger {
  /**
   * Makes sure that the account exists with this limit.
   *
   * @throws org.choir.core.ChoirException {@code account_limit} if it exists with another
   */
  void open(AccountId account, Limit limit);

  /**
   * Orders these, in their order, none of another's between them. Waits until they are durable.
   *
   * @return one outcome for each
   * @throws org.choir.core.ChoirException {@code ledger_busy}, {@code ledger_unavailable} (whether
   *     they were accepted is not known: order the same again), {@code ledger_fenced}
   */
  List<Outcome> submit(List<Transfer> orders);

  /** How an account stands; zero for one that does not exist. */
  Balance balance(AccountId account);

  /** How an account stood when the ledger had accepted so many orders. */
  Balance balanceAt(AccountId account, long seq);

  /** How many orders were accepted so far. */
  long seq();

  /** Every account of this purse and currency, in the order of their owners. */
  List<AccountId> accounts(String purse, Currency currency);

  /** An accepted order, if there is one with this id. */
  Optional<LedgerEntry> find(UUID id);

  /**
   * What touched an account, newest first.
   *
   * @param before only entries with a smaller sequence number; {@link Long#MAX_VALUE} begins
   * @param limit at most 1,000
   */
  List<LedgerEntry> statement(AccountId account, long before, int limit);

  /**
   * Orders these and expects each to stand.
   *
   * @throws LedgerException with the first outcome that says why not
   */
  default void require(List<Transfer> orders) {
    List<Outcome> outcomes = submit(orders);
    for (int i = 0; i < outcomes.size(); i++) {
      Outcome outcome = outcomes.get(i);
      if (!outcome.done() && outcome != Outcome.LINKED_EVENT_FAILED) {
        throw LedgerException.refused(orders.get(i), outcome);
      }
    }
    for (int i = 0; i < outcomes.size(); i++) {
      if (!outcomes.get(i).done()) {
        throw LedgerException.refused(orders.get(i), outcomes.get(i));
      }
    }
  }

  /** Orders one and expects it to stand, as {@link #require(List)}. */
  default void require(Transfer order) {
    require(List.of(order));
  }
}
