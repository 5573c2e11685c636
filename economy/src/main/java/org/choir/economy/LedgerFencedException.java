package org.choir.economy;

import org.choir.core.ChoirException;
import org.choir.core.ExitStatus;
import org.choir.core.Failure;

/** Another writer has taken over; what this one still has is not written. */
final class LedgerFencedException extends ChoirException {
  LedgerFencedException(LedgerBatch.Place place) {
    super(
        new Failure(
            "ledger_fenced",
            "the ledger is written by another server; this one's batch after "
                + place.batch()
                + " is refused",
            "end one of the two servers",
            ExitStatus.FAILED,
            false),
        null);
  }
}
