package org.choir.core;

/** A unit of account and its number of decimals: amounts are integers in the smallest unit. */
public enum Currency {
  /** Compute credits, whole. */
  CREDITS(0),
  /** Paid for novelty. */
  CHIP(6),
  /** Paid for citations. */
  USDC(6),
  /** What a model's provider charges; micro-dollars, because one call costs less than a cent. */
  USD(6);

  private final int decimals;

  Currency(int decimals) {
    this.decimals = decimals;
  }

  /** Digits after the decimal point. */
  public int decimals() {
    return decimals;
  }
}
