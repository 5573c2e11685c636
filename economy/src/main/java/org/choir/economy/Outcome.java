package org.choir.economy;

/**
 * What became of an order. {@link #OK} and {@link #EXISTS} are success; every other is one cause of
 * failure, judged in the order in which they stand here. Named after TigerBeetle's result list.
 */
public enum Outcome {
  OK,
  /** The same order was accepted before. */
  EXISTS,
  /** Another member of its chain failed. */
  LINKED_EVENT_FAILED,
  /** The last order of a list says that another follows. */
  LINKED_EVENT_CHAIN_OPEN,
  /** An id that was used for something else. */
  EXISTS_WITH_DIFFERENT_KIND,
  EXISTS_WITH_DIFFERENT_ACCOUNTS,
  EXISTS_WITH_DIFFERENT_AMOUNT,
  EXISTS_WITH_DIFFERENT_PENDING,
  EXISTS_WITH_DIFFERENT_TIMEOUT,
  EXISTS_WITH_DIFFERENT_REASON,
  AMOUNT_NOT_POSITIVE,
  TIMEOUT_NOT_ALLOWED,
  DEBIT_ACCOUNT_NOT_FOUND,
  CREDIT_ACCOUNT_NOT_FOUND,
  ACCOUNTS_ARE_THE_SAME,
  ACCOUNTS_HAVE_DIFFERENT_CURRENCIES,
  PENDING_TRANSFER_NOT_FOUND,
  PENDING_TRANSFER_NOT_PENDING,
  PENDING_TRANSFER_ALREADY_POSTED,
  PENDING_TRANSFER_ALREADY_RELEASED,
  PENDING_TRANSFER_EXPIRED,
  EXCEEDS_PENDING_AMOUNT,
  /** A sum would not fit into 63 bits. */
  OVERFLOW,
  /** {@link Limit#NO_OVERDRAFT}. */
  EXCEEDS_CREDITS,
  /** {@link Limit#NO_OVERPAYMENT}. */
  EXCEEDS_DEBITS;

  /** Whether the order stands. */
  public boolean done() {
    return this == OK || this == EXISTS;
  }
}
