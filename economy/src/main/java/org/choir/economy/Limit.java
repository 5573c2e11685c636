package org.choir.economy;

/**
 * What an account's balance may never do; judged when an amount is reserved, not when it is posted.
 */
public enum Limit {
  /** Nothing is forbidden: the other side of the world, a bank or the not yet minted. */
  NONE,
  /** What left and what is reserved to leave never exceeds what came in: everybody's money. */
  NO_OVERDRAFT,
  /** What came in and what is reserved to come never exceeds what left: a debt is repaid once. */
  NO_OVERPAYMENT
}
