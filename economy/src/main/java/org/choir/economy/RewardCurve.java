package org.choir.economy;

/**
 * The published curve from a novelty score to whole CHIP, before vesting and the other factors.
 * Whole numbers throughout; the formula is the contract, fixed points follow from it: 25 gives 25,
 * 65 gives 150, 72 gives 196, 85 gives 500, 95 gives 1,000.
 */
public final class RewardCurve {
  private RewardCurve() {}

  /**
   * The reward in whole CHIP.
   *
   * @param score 0 to 100
   */
  public static long chip(int score) {
    if (score < 0 || score > 100) {
      throw new IllegalArgumentException("a novelty score of " + score);
    }
    if (score < 20) {
      return 0;
    }
    if (score < 50) {
      return score;
    }
    return score < 80 ? 50 + 200L * (score - 50) / 30 : 250 + 50L * (score - 80);
  }
}
