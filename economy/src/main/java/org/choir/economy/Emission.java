package org.choir.economy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * How the CHIP of an epoch are divided: everyone gets what their articles are worth, and beyond the
 * cap everyone the same share of it, so that a flood dilutes itself. What was made for someone
 * before the flood is taken back as far as it is not yet theirs; what has become theirs by then
 * (never more than 20 % and 30 of 90 days) stays, at the cost of what the others could get, and
 * never beyond the cap.
 */
public final class Emission {
  /** The length of an epoch; they are counted from 1 January 1970, 00:00 UTC. */
  public static final Duration EPOCH = Duration.ofDays(30);

  private Emission() {}

  /**
   * A reward of the epoch.
   *
   * @param worth what the rule gave, in the smallest unit, as are the others
   * @param made what was made for it so far
   * @param loose how much of that may still be taken back
   */
  public record Claim(String article, long worth, long made, long loose) {}

  /**
   * What is to be done for a reward.
   *
   * @param amount made if positive, taken back if negative
   */
  public record Change(String article, long amount) {}

  /** The number of the epoch. */
  public static int epoch(Instant now) {
    return Math.toIntExact(Math.floorDiv(now.getEpochSecond(), EPOCH.toSeconds()));
  }

  /** When the epoch is over. */
  public static Instant end(int epoch) {
    return Instant.ofEpochSecond(Math.multiplyExact(epoch + 1L, EPOCH.toSeconds()));
  }

  /** What one claim is entitled to if all together are worth so much; rounded down. */
  public static long share(long worth, long cap, long all) {
    return all <= cap ? worth : Shares.part(worth, cap, all);
  }

  /**
   * What brings everyone to their share: first what is taken back, then what is made. Done in this
   * order, what was made never exceeds the cap in between either.
   */
  public static List<Change> settle(long cap, List<Claim> claims) {
    long all = 0;
    for (Claim claim : claims) {
      all = Math.addExact(all, claim.worth());
    }
    List<Change> back = new ArrayList<>();
    long made = 0;
    long lacking = 0;
    List<Change> wanted = new ArrayList<>();
    for (Claim claim : claims) {
      long share = share(claim.worth(), cap, all);
      long taken = Math.min(Math.max(0, claim.made() - share), claim.loose());
      if (taken > 0) {
        back.add(new Change(claim.article(), -taken));
      }
      made = Math.addExact(made, claim.made() - taken);
      long more = share - claim.made();
      if (more > 0) {
        wanted.add(new Change(claim.article(), more));
        lacking = Math.addExact(lacking, more);
      }
    }
    long room = Math.max(0, cap - made);
    List<Change> changes = new ArrayList<>(back);
    for (Change change : wanted) {
      long amount = lacking <= room ? change.amount() : Shares.part(change.amount(), room, lacking);
      if (amount > 0) {
        changes.add(new Change(change.article(), amount));
      }
    }
    return changes;
  }
}
