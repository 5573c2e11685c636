package org.choir.economy;

/**
 * An account as it stands after a batch, in the currency's smallest unit.
 *
 * @param batch the last batch that is in it
 */
public record Balance(
    long debitsPosted, long creditsPosted, long debitsPending, long creditsPending, long batch) {
  /** Nothing ever happened. */
  public static final Balance ZERO = new Balance(0, 0, 0, 0, 0);

  /** What came in less what left. */
  public long posted() {
    return creditsPosted - debitsPosted;
  }

  /** What could leave now: posted, less what is reserved to leave. */
  public long available() {
    return creditsPosted - debitsPosted - debitsPending;
  }
}
