package org.choir.economy;

import java.time.Instant;
import org.choir.core.TenantId;

/**
 * A citation as those who pay see it.
 *
 * @param citation its id
 * @param article the id of the cited article
 * @param author whom it pays
 * @param citingOwner the person behind the account that cites
 * @param citedOwner the person behind the account that is cited
 * @param reason why it weighs nothing, empty for weight 1
 */
public record Cited(
    String citation,
    String article,
    TenantId author,
    String citingOwner,
    String citedOwner,
    Instant at,
    String reason) {

  /** Whether its weight is 1. */
  public boolean payable() {
    return reason.isEmpty();
  }
}
