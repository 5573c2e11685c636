package org.choir.knowledge;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which citations count when authors are paid: weight 1, or 0 with the reason. A pure function of
 * all citations and of the frozen groups, so that a citation given back later also takes the weight
 * of the first.
 */
public final class CitationWeights {
  /** Two authors who cite each other within this time do each other a favour. */
  static final Duration RECIPROCAL = Duration.ofDays(30);

  private CitationWeights() {}

  /**
   * A citation with its weight.
   *
   * @param weight 0 or 1
   * @param reason a stable code and what it means here; empty for weight 1
   */
  public record Weighed(CitationRow citation, int weight, String reason) {}

  /**
   * Weighs all citations.
   *
   * @param frozen groups of authors whose citations among each other wait for a person's decision,
   *     by the ring's id
   */
  public static List<Weighed> of(List<CitationRow> citations, Map<String, Set<String>> frozen) {
    Map<String, List<CitationRow>> byOwners = new HashMap<>();
    for (CitationRow c : citations) {
      if (c.withdrawn().isEmpty()) {
        byOwners
            .computeIfAbsent(c.citingOwner() + "\n" + c.citedOwner(), k -> new ArrayList<>())
            .add(c);
      }
    }
    List<Weighed> weighed = new ArrayList<>();
    for (CitationRow c : citations) {
      String reason = reason(c, byOwners, frozen);
      weighed.add(new Weighed(c, reason.isEmpty() ? 1 : 0, reason));
    }
    return weighed;
  }

  private static String reason(
      CitationRow c, Map<String, List<CitationRow>> byOwners, Map<String, Set<String>> frozen) {
    if (c.withdrawn().isPresent()) {
      return "withdrawn: on " + c.withdrawn().get();
    }
    if (!c.standing()) {
      return "not_standing: one of the two articles is not published";
    }
    if (c.citingAuthor().equals(c.citedAuthor())) {
      return "self: " + c.citingAuthor() + " wrote both articles";
    }
    if (c.citingOwner().equals(c.citedOwner())) {
      return "same_owner: both accounts belong to " + c.citingOwner();
    }
    if (!c.supported()) {
      return "not_supported: " + c.why();
    }
    if (c.paidReview()) {
      return "under_review: the citing article has not passed its review";
    }
    for (CitationRow back :
        byOwners.getOrDefault(c.citedOwner() + "\n" + c.citingOwner(), List.of())) {
      if (Duration.between(back.at(), c.at()).abs().compareTo(RECIPROCAL) <= 0) {
        return "reciprocal: "
            + back.citing()
            + " cites "
            + back.cited()
            + " within "
            + RECIPROCAL.toDays()
            + " days";
      }
    }
    for (Map.Entry<String, Set<String>> ring : frozen.entrySet()) {
      if (ring.getValue().contains(c.citingAuthor()) && ring.getValue().contains(c.citedAuthor())) {
        return "frozen: both authors are in " + ring.getKey() + ", which a person must look at";
      }
    }
    return "";
  }
}
