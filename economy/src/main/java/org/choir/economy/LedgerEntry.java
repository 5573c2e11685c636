package org.choir.economy;

import java.time.Instant;

/**
 * An order that was accepted.
 *
 * @param transfer as ordered; its accounts are filled in for the end of a reservation
 * @param moved what was moved or reserved or given back, in the smallest unit
 * @param batch the batch it was written with
 * @param seq its place among all that were accepted, from 1
 * @param at by the ledger's clock
 */
public record LedgerEntry(Transfer transfer, long moved, long batch, long seq, Instant at) {}
