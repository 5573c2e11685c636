package org.choir.knowledge;

import java.util.List;

/**
 * Says whether evidence supports a claim. It sees the claim and the evidence, nothing else, and
 * knows that both are untrusted. Implementations are thread-safe.
 */
public interface Judge {

  /** Who judges; a change of its rules changes the version. */
  Id id();

  /**
   * Judges one claim.
   *
   * @param evidence at least one, all of them cited by the claim
   */
  Judgement judge(Claim claim, List<Evidence> evidence);

  /**
   * Names a judge in a record.
   *
   * @param kind {@code lexical}, {@code trained} or {@code model}
   */
  record Id(String kind, String id, String version) {}

  /**
   * What a judge says.
   *
   * @param score the probability that the claim is supported, 0 to 1
   * @param reason a stable code, a colon and what it means here; empty if fully supported
   * @param quotes the words that carry the claim; never empty if the verdict stands
   * @param firm whether rules decided that no other judge may overrule: a number, a name, a
   *     quotation or a denial disagrees, or the claim stands in the source literally
   */
  record Judgement(
      ClaimVerdict verdict, double score, String reason, List<Quote> quotes, boolean firm) {
    public Judgement {
      quotes = List.copyOf(quotes);
      if (verdict.stands() && quotes.isEmpty()) {
        throw new IllegalArgumentException("a claim cannot be " + verdict.word() + " by nothing");
      }
    }

    /** A verdict against the claim. */
    static Judgement against(ClaimVerdict verdict, double score, String reason, boolean firm) {
      return new Judgement(verdict, score, reason, List.of(), firm);
    }
  }
}
