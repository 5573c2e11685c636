package org.choir.economy;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.choir.core.TenantId;

/**
 * What the citations of a month are paid: the month's budget divided by the largest of the average
 * of three months, a floor, and the number of this month's citations. So no citation is paid more
 * than in an ordinary month, and all of them together never more than the budget.
 */
public final class CitationRule {
  private CitationRule() {}

  /**
   * What a month's citations are paid by.
   *
   * @param budget in millionths of USDC
   * @param average citations a month over the last three
   * @param floor at least so many are assumed
   * @param pairMax how many citations of one owner by one other are paid
   */
  public record Terms(long budget, long average, long floor, long pairMax) {
    public Terms {
      if (budget < 0 || average < 0 || floor < 1 || pairMax < 1) {
        throw new IllegalArgumentException(
            "a budget of " + budget + ", average " + average + ", floor " + floor);
      }
    }
  }

  /**
   * What one citation is paid.
   *
   * @param amount in millionths of USDC
   * @param reason why it is 0, else empty
   */
  public record Pay(long amount, String reason) {}

  /** By what the budget is divided if so many citations are paid. */
  public static long divisor(Terms terms, long eligible) {
    return Math.max(Math.max(terms.average(), terms.floor()), eligible);
  }

  /** The rate in millionths of USDC if so many citations are paid, rounded down. */
  public static long rate(Terms terms, long eligible) {
    return terms.budget() / divisor(terms, eligible);
  }

  /** What weighs 1 and is within the bound of its pair, in the order in which it was made. */
  private static Map<String, String> reasons(List<Cited> citations, long pairMax) {
    Map<String, String> reasons = new LinkedHashMap<>();
    Map<String, Long> pairs = new HashMap<>();
    citations.stream()
        .sorted(Comparator.comparing(Cited::at).thenComparing(Cited::citation))
        .forEach(
            cited -> {
              String reason = cited.reason();
              String pair = cited.citingOwner() + "\n" + cited.citedOwner();
              if (reason.isEmpty() && pairs.merge(pair, 1L, Long::sum) > pairMax) {
                reason =
                    "pair_bound: "
                        + cited.citingOwner()
                        + " has cited "
                        + cited.citedOwner()
                        + " more than "
                        + pairMax
                        + " times this month";
              }
              reasons.put(cited.citation(), reason);
            });
    return reasons;
  }

  /** How many of these are paid. */
  public static long eligible(List<Cited> citations, long pairMax) {
    return reasons(citations, pairMax).values().stream().filter(String::isEmpty).count();
  }

  /**
   * What each citation of a month is paid, by its id. An author's sum is rounded down once, not
   * each citation, so that one more independent citation never pays an author less, and so that
   * nobody gains by many small amounts.
   */
  public static Map<String, Pay> settle(Terms terms, List<Cited> citations) {
    Map<String, String> reasons = reasons(citations, terms.pairMax());
    long divisor = divisor(terms, reasons.values().stream().filter(String::isEmpty).count());
    Map<String, Cited> byId = new HashMap<>();
    citations.forEach(cited -> byId.put(cited.citation(), cited));
    Map<TenantId, Long> counted = new HashMap<>();
    Map<String, Pay> pays = new LinkedHashMap<>();
    reasons.forEach(
        (id, reason) -> {
          Cited cited = byId.get(id);
          if (!reason.isEmpty() || cited == null) {
            pays.put(id, new Pay(0, reason));
            return;
          }
          long n = counted.merge(cited.author(), 1L, Long::sum);
          long amount =
              Shares.part(terms.budget(), n, divisor) - Shares.part(terms.budget(), n - 1, divisor);
          pays.put(id, new Pay(amount, amount == 0 ? "no_budget: nothing is left to pay" : ""));
        });
    return pays;
  }
}
