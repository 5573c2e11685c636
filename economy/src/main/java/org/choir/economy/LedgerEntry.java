package org.choir.economy;

import java.time.Instant;

/**
 * An order that was accepted.
 *
 * @param transfer as ordered; its accounts are filled in for the end of a reservation
 * @param moved what was moved, reserved or given back, in the smallest unit
 * @param reserved for the end of a reservation all that it had reserved, else 0
 * @param batch the batch it was written with
 * @param seq its place among all that were accepted, from 1
 * @param at by the ledger's clock
 */
public record LedgerEntry(
    Transfer transfer, long moved, long reserved, long batch, long seq, Instant at) {

  /** The account that loses. */
  public AccountId debit() {
    return transfer.debit().orElseThrow();
  }

  /** The account that gains. */
  public AccountId credit() {
    return transfer.credit().orElseThrow();
  }
}
