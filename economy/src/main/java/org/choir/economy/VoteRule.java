package org.choir.economy;

/** How votes weigh and when a proposal passes. */
public final class VoteRule {
  /** How far one vote may move a number, in parts per million of what it was. */
  static final long CHANGE = 200_000;

  private VoteRule() {}

  /**
   * What a voter had when the proposal was made.
   *
   * @param available CHIP
   * @param staked CHIP
   * @param starterOut CHIP that left their starter purse and did not come back
   * @param owed dollars on loans against CHIP
   * @param price micro-dollars for a whole CHIP then; 0 if there was none
   */
  public record Snapshot(long available, long staked, long starterOut, long owed, long price) {
    /** How the weight came about. */
    Explanation explanation() {
      return Explanation.of(
          "available + staked - starter CHIP in use - CHIP that the loans would buy, at the"
              + " snapshot; unvested, pledged and starter CHIP does not vote",
          "available",
          available,
          "staked",
          staked,
          "starter_in_use",
          starterOut,
          "owed_on_loans",
          owed,
          "price_micros",
          price);
    }
  }

  /**
   * The CHIP that votes: one's own and free of debt. Whoever borrows loses the vote of the pledge
   * and of as much CHIP as the loan would buy; and as a loan is always worth less than its pledge,
   * no CHIP bought with it, by whomever, makes up for that.
   */
  public static long weight(Snapshot had) {
    long borrowed = 0;
    if (had.owed() > 0) {
      borrowed =
          had.price() == 0 ? Long.MAX_VALUE : Shares.partUp(had.owed(), 1_000_000, had.price());
    }
    long own = Math.subtractExact(Math.addExact(had.available(), had.staked()), had.starterOut());
    return own <= borrowed ? 0 : own - borrowed;
  }

  /**
   * What became of a vote.
   *
   * @param needed votes for the quorum, rounded up
   */
  public record Decision(boolean passed, long yes, long no, long needed, String reason) {}

  /** Decides: enough CHIP has voted, and more of it for than against. */
  public static Decision decide(long yes, long no, long circulating, long quorum) {
    long cast = Math.addExact(yes, no);
    long needed = Shares.partUp(circulating, quorum, Shares.WHOLE);
    if (cast < needed) {
      return new Decision(
          false, yes, no, needed, "quorum missed: " + cast + " of " + needed + " votes");
    }
    boolean passed = yes > no;
    return new Decision(
        passed, yes, no, needed, (passed ? "passed" : "rejected") + ": " + yes + " to " + no);
  }

  /**
   * Whether one vote may move a number so far: within its bounds, and by at most 20 % of what it is
   * (of the standard value if it is 0), but always by one unit.
   */
  public static boolean within(Parameter parameter, long now, long value) {
    long base = now == 0 ? parameter.standard() : now;
    long step = Math.max(1, Shares.ppm(base, CHANGE));
    return value >= parameter.least()
        && value <= parameter.most()
        && Math.abs(Math.subtractExact(value, now)) <= step;
  }
}
