package org.choir.economy;

import java.util.Locale;
import java.util.Optional;
import org.choir.core.Text;

/**
 * A number of the economy that governance may change within its bounds. Amounts are in the
 * currency's smallest unit, shares in parts per million, times in seconds, counts are whole.
 */
public enum Parameter {
  CREDITS_AT_SIGN_UP(Unit.CREDITS, 500, 0, 1_000),
  CREDIT_BONUS(Unit.CREDITS, 100, 0, 200),
  RUN_QUICK(Unit.CREDITS, 20, 1, 1_000),
  RUN_STANDARD(Unit.CREDITS, 50, 1, 1_000),
  RUN_DEEP(Unit.CREDITS, 150, 1, 1_000),
  /** A gift out of the treasury's holdings that can only be staked. */
  STARTER_CHIP(Unit.CHIP, 50_000_000, 0, 1_000_000_000),
  PUBLISH_STAKE(Unit.CHIP, 100_000_000, 10_000_000, 1_000_000_000),
  STAKE_TIME(Unit.SECONDS, 30 * 86_400L, 7 * 86_400L, 180 * 86_400L),
  SLASH_SHARE_MAX(Unit.PPM, 1_000_000, 0, 1_000_000),
  /** How long the author of an accused article may appeal. */
  APPEAL_TIME(Unit.SECONDS, 7 * 86_400L, 86_400L, 30 * 86_400L),
  REVISION_FEE(Unit.CHIP, 50_000_000, 1_000_000, 500_000_000),
  BOOST_FEE(Unit.CHIP, 25_000_000, 1_000_000, 500_000_000),
  QUALITY_FLOOR(Unit.PPM, 800_000, 500_000, 1_000_000),
  VESTED_AT_ONCE(Unit.PPM, 200_000, 0, 1_000_000),
  VESTING_DAYS(Unit.COUNT, 90, 1, 90),
  /** Bounded by the change a vote may make alone. */
  EPOCH_EMISSION(Unit.CHIP, 100_000_000_000L, 1_000_000, 100_000_000_000_000L),
  /** A month with fewer citations is paid as if it had so many. */
  CITATION_FLOOR(Unit.COUNT, 100, 1, 1_000_000),
  /** How many citations of one owner by one other are paid in a month. */
  CITATION_PAIR_MAX(Unit.COUNT, 20, 1, 1_000),
  LOAN_TO_VALUE(Unit.PPM, 300_000, 100_000, 500_000),
  MONTHLY_SHARE(Unit.PPM, 10_000, 1_000, 30_000),
  /** The most that the citations of any month may have, whatever CHIP is worth. */
  BUDGET_CAP(Unit.USDC, 1_000_000_000_000L, 1_000_000_000L, 10_000_000_000_000L),
  USER_LOAN_TO_VALUE(Unit.PPM, 300_000, 100_000, 400_000),
  LOAN_LIQUIDATION(Unit.PPM, 500_000, 450_000, 700_000),
  LOAN_CAP_USER(Unit.USDC, 5_000_000_000L, 100_000_000L, 50_000_000_000L),
  LOAN_CAP_TOTAL(Unit.USDC, 100_000_000_000L, 1_000_000_000L, 5_000_000_000_000L),
  /** A year's. */
  LOAN_INTEREST(Unit.PPM, 80_000, 10_000, 300_000),
  DEPOSIT_LOCKUP(Unit.SECONDS, 30 * 86_400L, 7 * 86_400L, 180 * 86_400L),
  PROPOSAL_BOND(Unit.CHIP, 100_000_000, 10_000_000, 10_000_000_000L),
  VOTE_QUORUM(Unit.PPM, 50_000, 20_000, 300_000),
  VOTE_TIME(Unit.SECONDS, 7 * 86_400L, 3 * 86_400L, 30 * 86_400L),
  VOTE_TIMELOCK(Unit.SECONDS, 72 * 3_600L, 24 * 3_600L, 30 * 86_400L),
  /** Of what the treasury holds in a currency, by one vote. */
  ALLOCATION_SHARE(Unit.PPM, 50_000, 10_000, 200_000);

  /** What a value counts. */
  public enum Unit {
    CREDITS,
    CHIP,
    USDC,
    PPM,
    SECONDS,
    COUNT
  }

  private final Unit unit;
  private final long standard;
  private final long least;
  private final long most;

  Parameter(Unit unit, long standard, long least, long most) {
    this.unit = unit;
    this.standard = standard;
    this.least = least;
    this.most = most;
  }

  /** What a value counts. */
  public Unit unit() {
    return unit;
  }

  /** Its value before any vote. */
  public long standard() {
    return standard;
  }

  /** The smallest value a vote may set. */
  public long least() {
    return least;
  }

  /** The largest value a vote may set. */
  public long most() {
    return most;
  }

  /** As people write it, for example {@code publish-stake}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The parameter of this word. */
  public static Optional<Parameter> of(String word) {
    for (Parameter parameter : values()) {
      if (parameter.word().equals(Text.visible(word, 60))) {
        return Optional.of(parameter);
      }
    }
    return Optional.empty();
  }
}
