package org.choir.economy;

import java.math.BigInteger;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.choir.core.TenantId;

/**
 * How a surplus is shared among depositors: by principal times days of the period, each part
 * rounded down; what remains stays where it was.
 */
public final class SurplusRule {
  private SurplusRule() {}

  /**
   * A deposit.
   *
   * @param from the first day it was kept
   * @param to the day it left, which does not count; empty if it is still there
   */
  public record Kept(
      String deposit, TenantId owner, long principal, LocalDate from, Optional<LocalDate> to) {
    /** Days within a period whose last day does not count. */
    long days(LocalDate since, LocalDate until) {
      LocalDate begin = from.isAfter(since) ? from : since;
      LocalDate end = to.filter(day -> day.isBefore(until)).orElse(until);
      return Math.max(0, ChronoUnit.DAYS.between(begin, end));
    }
  }

  /** What one deposit gets. */
  public record Part(Kept kept, long days, long amount, Explanation explanation) {}

  /** The parts of those that were there; together at most the amount. */
  public static List<Part> parts(
      long amount, List<Kept> deposits, LocalDate since, LocalDate until) {
    BigInteger all = BigInteger.ZERO;
    for (Kept kept : deposits) {
      all = all.add(weight(kept, since, until));
    }
    List<Part> parts = new ArrayList<>();
    for (Kept kept : deposits) {
      BigInteger weight = weight(kept, since, until);
      if (weight.signum() > 0) {
        long share = BigInteger.valueOf(amount).multiply(weight).divide(all).longValueExact();
        parts.add(
            new Part(
                kept,
                kept.days(since, until),
                share,
                Explanation.of(
                    "surplus x principal x days / sum of principal x days, rounded down",
                    "surplus",
                    amount,
                    "deposit",
                    kept.deposit(),
                    "principal",
                    kept.principal(),
                    "days",
                    kept.days(since, until),
                    "sum",
                    all)));
      }
    }
    return parts;
  }

  private static BigInteger weight(Kept kept, LocalDate since, LocalDate until) {
    return BigInteger.valueOf(kept.principal())
        .multiply(BigInteger.valueOf(kept.days(since, until)));
  }
}
