package org.choir.economy;

import org.choir.core.Currency;
import org.choir.core.Money;

/**
 * What an article is worth: the curve of its calibrated novelty times the share of its claims that
 * were verified, times 1 or 0 for its quality, halved for each article that its owner was rewarded
 * for before in the same epoch. Any factor of 0 makes it 0.
 */
public final class RewardRule {
  private static final String FORMULA =
      "curve(novelty) × supported / claims × quality (1 from the floor on, else 0)"
          + " × 1/2 for each earlier reward of its owner in this epoch, rounded down";

  private RewardRule() {}

  /**
   * What was found out about an article by the platform itself.
   *
   * @param score calibrated novelty against everything before it, 0 to 100
   * @param supported claims that their sources were found to support
   * @param claims all claims that the article makes
   * @param quality in parts per million
   */
  public record Findings(int score, long supported, long claims, long quality) {
    public Findings {
      if (score < 0 || score > 100) {
        throw new IllegalArgumentException("a novelty score of " + score);
      }
      if (claims < 0 || supported < 0 || supported > claims) {
        throw new IllegalArgumentException(supported + " of " + claims + " claims supported");
      }
      if (quality < 0 || quality > Shares.WHOLE) {
        throw new IllegalArgumentException("a quality of " + quality + " millionths");
      }
    }
  }

  /**
   * The worth of an article.
   *
   * @param micro in millionths of CHIP
   */
  public record Worth(long micro, Explanation why) {}

  /**
   * What an article is worth before the epoch's cap and vesting.
   *
   * @param earlier how many articles of its owner were rewarded before it in the same epoch
   */
  public static Worth worth(Findings findings, int earlier, Parameters parameters) {
    long curve = RewardCurve.chip(findings.score());
    long floor = parameters.of(Parameter.QUALITY_FLOOR);
    long micro = 0;
    if (findings.claims() > 0 && findings.quality() >= floor && earlier < Long.SIZE - 1) {
      micro = Shares.part(curve * Shares.WHOLE, findings.supported(), findings.claims()) >> earlier;
    }
    return new Worth(
        micro,
        Explanation.of(
            FORMULA,
            "novelty",
            findings.score(),
            "curve",
            curve + " CHIP",
            "supported",
            findings.supported(),
            "claims",
            findings.claims(),
            "quality",
            findings.quality() + " ppm",
            "floor",
            floor + " ppm",
            "earlier",
            earlier,
            "worth",
            new Money(micro, Currency.CHIP)));
  }
}
